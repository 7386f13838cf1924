"""A rich set of results, built by hand, with every record that the report shows."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from stillwatch.core.results import (
    Abstention,
    Bin,
    Campaign,
    Evidence,
    Explanation,
    FamilyTest,
    HarvestMeasure,
    InputSummary,
    Member,
    Results,
    Spoke,
    Template,
)

START = 1_770_076_800_000_000  # 2026-02-03 00:00 UTC
HOUR = 3_600_000_000


def member(index: int, name: str = "acct") -> Member:
    return Member(
        account_id=f"{name}-{index:05d}",
        level="act" if index % 9 else "review",
        p_value=0.00003 * (index + 1),
        evidence=(
            Evidence("template", "content", 0.00004, "Uses a template that 4 others share."),
            Evidence("payment", "identity", 0.0021, "Pays with an instrument of 11 accounts."),
            Evidence(
                "reasoning_elicitation", None, 0.013, "Asks for reasoning in 96 % of prompts."
            ),
        ),
        exchanges=117 + index,
        output_tokens=91_234 + index,
        first_us=START + index * 60_000_000,
        last_us=START + 6 * 24 * HOUR + index * 60_000_000,
    )


def campaign(size: int = 200, **changes: object) -> Campaign:
    values: dict[str, object] = {
        "campaign_id": "c-7f3a91d2",
        "level": "act",
        "q_value": 0.0031,
        "p_coordinated": 0.00002,
        "p_extracting": 0.0043,
        "e_value": 118.4,
        "families": ("identity", "network"),
        "tactics": ("A1", "A4", "A5"),
        "members": tuple(member(index) for index in range(size)),
        "exchanges": 23_456,
        "output_tokens": 18_765_432,
        "models": ("aster-2", "aster-2-mini"),
        "first_us": START,
        "last_us": START + 6 * 24 * HOUR,
        "explanations": (
            Explanation(
                "B10", "does_not_explain", "The template occurs in 0.02 % of other accounts."
            ),
            Explanation("B6", "does_not_explain", "The accounts pay with 18 instruments."),
            Explanation("B11", "cannot_tell", "The input has no sign-up times."),
        ),
        "templates": (
            Template("9c41e0aa12f7b3d5", 198, 0.0002),
            Template("77b0c2de90114aa8", 61, 0.0113),
        ),
        "tests": (
            FamilyTest("content", "found", 412.5, 3.75, None, None, 0),
            FamilyTest("identity", "tested", 88.25, 1.5, 0.00001, 158.1, 99_999),
            FamilyTest("network", "tested", 14.5, 2.25, 0.0019, 11.5, 9_999),
            FamilyTest("timing", "abstained", 0.0, 0.0, None, None, 0),
        ),
        "harvest": (
            HarvestMeasure("reasoning_elicitation", 0.93, 0.04, 0.31, 0.0043),
            HarvestMeasure("coverage_growth", 0.71, 0.35, 0.66, 0.021),
            HarvestMeasure("steady_load", 1.8, 0.9, 2.6, 0.19),
            HarvestMeasure("output_echo", 0.0, 0.0, 0.012, 1.0),
        ),
        "spokes": tuple(
            Spoke(
                linker, family, f"{linker}-{index % width:03x}", f"acct-{index:05d}", 3 + index % 7
            )
            for linker, family, width in (
                ("template", "content", 3),
                ("payment", "identity", 11),
                ("address", "network", 7),
            )
            for index in range(size)
        ),
        "timeline": tuple(
            Bin(START + step * 6 * HOUR, 600 + 90 * (step * 7 % 5), 120 + step * 13 % 60)
            for step in range(24)
        ),
        "reference_groups": 1_284,
        "detected_us": START + 31 * HOUR,
        "exchanges_before_detection": 2_917,
    }
    return Campaign(**{**values, **changes})  # type: ignore[arg-type]


def results(*campaigns: Campaign, **changes: object) -> Results:
    values: dict[str, object] = {
        "engine": "duckdb",
        "fdr": 0.01,
        "fdr_rule": "two-stage procedure of Bogomolov and Heller (2013)",
        "selection": "split by family",
        "calibration": "on the scanned traffic itself; contamination makes it conservative",
        "inputs": InputSummary(214_321, 6_012, START, START + 7 * 24 * HOUR, 37, 12),
        "abstained": (Abstention("failover", "no column `status` in the input"),),
        "campaigns": campaigns,
        "candidates_tested": 43,
        "timeline": tuple(
            Bin(START + step * 6 * HOUR, 7_000 + 900 * (step % 4), 2_000 + 111 * (step % 4))
            for step in range(28)
        ),
    }
    return Results(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def build_campaign() -> Callable[..., Campaign]:
    return campaign


@pytest.fixture
def build_results() -> Callable[..., Results]:
    return results


@pytest.fixture
def rich() -> Results:
    return results(
        campaign(),
        campaign(23, campaign_id="c-0b88e51c", level="review", q_value=0.037, detected_us=None),
        partial=("The linker `near_duplicate` failed on 2 of 31 tables.",),
    )


@pytest.fixture
def accounts() -> pa.Table:
    findings = [{"detector": "steady_load", "p_value": 0.002, "effect": 1.5, "why": "Even pace."}]
    return pa.table(
        {
            "account_id": ["alone-1", "alone-2", "acct-00001", "quiet", "mute"],
            "level": ["review", "review", "act", "none", "review"],
            "p_value": [0.004, 0.002, 0.0001, 0.6, None],
            "exchanges": [4_321, 8_765, 118, 5, 9],
            "findings": [findings, findings, findings, [], None],
            "campaign_id": [None, None, "c-7f3a91d2", None, None],
        }
    )
