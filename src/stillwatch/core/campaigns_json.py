"""The campaigns file: results as plain data in the shape of `schemas/campaigns.json`."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Final

from stillwatch.core.errors import UnitError
from stillwatch.core.results import Campaign, InputSummary, Member, Results

SCHEMA_ID: Final = "stillwatch/campaigns/1"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Json = dict[str, object]


def results_to_json(results: Results, generated_at: datetime) -> Json:
    """Return the contents of `campaigns.json`; keys and lists are in a fixed order.

    What only the report draws (spokes, time lines) is left out.

    Args:
        results: What the scan concluded.
        generated_at: When, with a time zone; the one value that differs between equal runs.

    Raises:
        UnitError: A number is not finite: somebody failed to abstain.
    """
    content: Json = {
        "schema": SCHEMA_ID,
        "generated_at": generated_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "engine": results.engine,
        "inputs": _inputs(results.inputs),
        "fdr": results.fdr,
        "fdr_rule": results.fdr_rule,
        "selection": results.selection,
        "calibration": results.calibration,
        "candidates_tested": results.candidates_tested,
        "partial": list(results.partial),
        "abstained": [asdict(item) for item in results.abstained],
        "campaigns": [_campaign(campaign) for campaign in results.campaigns],
    }
    _refuse_non_finite(content, "campaigns.json")
    return content


def iso_time(micros: int | None) -> str | None:
    """Return UTC microseconds since 1970 as ISO 8601 with microseconds and `Z`."""
    if micros is None:
        return None
    return (_EPOCH + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _inputs(inputs: InputSummary) -> Json:
    return {
        "exchanges": inputs.exchanges,
        "accounts": inputs.accounts,
        "from": iso_time(inputs.from_us),
        "to": iso_time(inputs.to_us),
        "rejected": inputs.rejected,
        "duplicates": inputs.duplicates,
    }


def _campaign(campaign: Campaign) -> Json:
    return {
        "campaign_id": campaign.campaign_id,
        "level": campaign.level,
        "q_value": campaign.q_value,
        "p_coordinated": campaign.p_coordinated,
        "p_extracting": campaign.p_extracting,
        "e_value": campaign.e_value,
        "families": list(campaign.families),
        "tactics": list(campaign.tactics),
        "members": [_member(member) for member in campaign.members],
        "exchanges": campaign.exchanges,
        "output_tokens": campaign.output_tokens,
        "models": list(campaign.models),
        "first_seen": iso_time(campaign.first_us),
        "last_seen": iso_time(campaign.last_us),
        "explanations_considered": [asdict(item) for item in campaign.explanations],
        "templates": [
            {name: value for name, value in asdict(item).items() if value is not None}
            for item in campaign.templates
        ],
        "tests": [asdict(test) for test in campaign.tests],
        "harvest": [asdict(measure) for measure in campaign.harvest],
        "reference_groups": campaign.reference_groups,
        **_detection(campaign),
    }


def _member(member: Member) -> Json:
    return {
        "account_id": member.account_id,
        "level": member.level,
        "p_value": member.p_value,
        "evidence": [asdict(item) for item in member.evidence],
        "exchanges": member.exchanges,
        "output_tokens": member.output_tokens,
        "first_seen": iso_time(member.first_us),
        "last_seen": iso_time(member.last_us),
        **_detection(member),
    }


def _detection(found: Campaign | Member) -> Json:
    """What only a replay knows."""
    if found.detected_us is None:
        return {}
    return {
        "detected_at": iso_time(found.detected_us),
        "exchanges_before_detection": found.exchanges_before_detection,
    }


def _refuse_non_finite(value: object, where: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise UnitError(
            f"{where} is {value}", "report this: a unit gave a number where it had to abstain"
        )
    if isinstance(value, dict):
        for key, item in value.items():
            _refuse_non_finite(item, f"{where}: {key}")
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_non_finite(item, where)
