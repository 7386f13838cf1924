"""Says how a scan or a replay ended, and which exit code that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from stillwatch.cli._output import count, print_json, print_table
from stillwatch.core.campaigns_json import iso_time
from stillwatch.outputs import CAMPAIGNS, REPORT

if TYPE_CHECKING:
    from stillwatch.core.config import Settings
    from stillwatch.core.results import Campaign
    from stillwatch.pipeline import ScanOutcome

_PARTIAL: Final = 1
_REJECTED: Final = 2


def finish(outcome: ScanOutcome, settings: Settings, as_json: bool) -> int:
    """Print a summary of a scan and return the exit code.

    Args:
        outcome: What the pipeline returned; its results are written already.
        settings: For the share of rows that may be rejected.
        as_json: Print an object instead of tables.
    """
    if as_json:
        print_json(summary(outcome))
    else:
        _print(outcome)
    for unit in outcome.results.partial:
        click.echo(f"warning: partial: {unit}", err=True)
    if code := too_many_rejected(outcome.rejected, outcome.rows, settings):
        return code
    return _PARTIAL if outcome.partial else 0


def too_many_rejected(rejected: int, rows: int, settings: Settings) -> int:
    """Return exit code 2, with a word on it, when more rows were rejected than is allowed."""
    if rejected <= settings.scan.max_rejected * rows:
        return 0
    click.echo(
        f"error: {rejected:,} of {count(rows, 'row')} rejected, more than "
        f"{settings.scan.max_rejected:.3%}\n"
        "  hint: rejected.jsonl says why; results are written; --max-rejected raises the limit",
        err=True,
    )
    return _REJECTED


def summary(outcome: ScanOutcome) -> dict[str, object]:
    """Return the outcome as plain data; the whole is in `campaigns.json`."""
    return {
        "out": str(outcome.out),
        "rows": outcome.rows,
        "exchanges": outcome.exchanges,
        "accounts": outcome.results.inputs.accounts,
        "rejected": outcome.rejected,
        "duplicates": outcome.duplicates,
        "partial": outcome.partial,
        "fdr": outcome.results.fdr,
        "calibration": outcome.results.calibration,
        "campaigns": [_described(campaign) for campaign in outcome.results.campaigns],
        "timings": outcome.timings,
    }


def campaign_table(campaigns: tuple[Campaign, ...]) -> None:
    """Print one line a campaign."""
    replayed = any(c.detected_us is not None for c in campaigns)
    print_table(
        ("campaign", "level", "q", "act", "review", "exchanges", "families", "tactics")
        + (("detected at", "before it") if replayed else ())
        + ("nearest innocent explanation",),
        [_row(campaign, replayed) for campaign in campaigns],
    )


def _row(campaign: Campaign, replayed: bool) -> tuple[object, ...]:
    return (
        campaign.campaign_id,
        campaign.level,
        campaign.q_value,
        _members(campaign, "act"),
        _members(campaign, "review"),
        campaign.exchanges,
        " ".join(campaign.families),
        " ".join(campaign.tactics),
        *(
            (iso_time(campaign.detected_us), campaign.exchanges_before_detection)
            if replayed
            else ()
        ),
        _nearest_explanation(campaign),
    )


def _print(outcome: ScanOutcome) -> None:
    inputs = outcome.results.inputs
    click.echo(
        f"{count(outcome.exchanges, 'exchange')} of {count(inputs.accounts, 'account')}"
        f" ({outcome.rejected:,} rejected, {outcome.duplicates:,} duplicates)"
        f" in {sum(outcome.timings.values()):.1f} s:"
        f" {count(len(outcome.results.campaigns), 'campaign')}"
        f" at a false-discovery rate of {outcome.results.fdr:g}"
    )
    if outcome.results.campaigns:
        click.echo()
        campaign_table(outcome.results.campaigns)
    click.echo()
    for abstention in outcome.results.abstained:
        click.echo(f"abstained: {abstention.unit}: {abstention.reason}")
    click.echo(f"calibration: {outcome.results.calibration}")
    click.echo(f"report: {outcome.out / REPORT}")
    click.echo(f"campaigns: {outcome.out / CAMPAIGNS}")


def _members(campaign: Campaign, level: str) -> int:
    return sum(member.level == level for member in campaign.members)


def _nearest_explanation(campaign: Campaign) -> str:
    order = {"explains": 0, "cannot_tell": 1, "does_not_explain": 2}
    ranked = sorted(campaign.explanations, key=lambda item: order[item.verdict])
    if not ranked:
        return "none considered"
    return f"{ranked[0].id} {ranked[0].verdict.replace('_', ' ')}: {ranked[0].why}"


def _described(campaign: Campaign) -> dict[str, object]:
    return {
        "campaign_id": campaign.campaign_id,
        "level": campaign.level,
        "q_value": campaign.q_value,
        "members": len(campaign.members),
        "members_act": _members(campaign, "act"),
        "exchanges": campaign.exchanges,
        "families": list(campaign.families),
        "tactics": list(campaign.tactics),
        "detected_at": iso_time(campaign.detected_us),
    }
