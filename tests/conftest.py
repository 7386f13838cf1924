"""What tests of several folders share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

from stillwatch.core.results import (
    Abstention,
    Campaign,
    Evidence,
    Explanation,
    FamilyTest,
    HarvestMeasure,
    InputSummary,
    Member,
    Results,
    Template,
)

START_US = 1_772_409_600_000_000  # 2 March 2026, 00:00 UTC
DAY_US = 86_400_000_000

# The same examples in every run. `make test-slow` takes `fuzz`; `explore` is for a person who looks
# for what nobody has thought of: pytest -m slow --hypothesis-profile explore
_QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("quick", max_examples=60, derandomize=True, **_QUIET)
settings.register_profile("fuzz", max_examples=300, derandomize=True, **_QUIET)
settings.register_profile("explore", max_examples=5000, print_blob=True, **_QUIET)
settings.load_profile("quick")

ResultsMaker = Callable[..., Results]


@pytest.fixture(scope="session")
def make_results() -> ResultsMaker:
    """Return a function that makes results of one campaign of two members."""
    return _results


def _results(replayed: bool = False, seed: int = 0) -> Results:
    detection = (
        {"detected_us": START_US + DAY_US, "exchanges_before_detection": 7} if replayed else {}
    )
    members = tuple(
        Member(
            account_id=f"acct-{seed}-{index}",
            level="act",
            p_value=0.001,
            evidence=(
                Evidence("template", "content", 0.001, "shares 3 rare fingerprints with 1 other"),
                Evidence("rubric_grading", None, 0.002, "9 of 10 prompts grade a text"),
            ),
            exchanges=10,
            output_tokens=1000,
            first_us=START_US,
            last_us=START_US + DAY_US,
            **detection,  # type: ignore[arg-type]
        )
        for index in range(2)
    )
    campaign = Campaign(
        campaign_id=f"c-{seed}",
        level="act",
        q_value=0.004,
        p_coordinated=0.0001,
        p_extracting=0.002,
        e_value=20.0,
        families=("content", "network"),
        tactics=("A1", "A13"),
        members=members,
        exchanges=20,
        output_tokens=2000,
        models=("large-1",),
        first_us=START_US,
        last_us=START_US + DAY_US,
        explanations=(
            Explanation("B10", "does_not_explain", "the template is used by nobody else"),
            Explanation("B6", "cannot_tell", "no organisation is known"),
        ),
        templates=(Template("9f3c2a", 2, 0.0),),
        tests=(
            FamilyTest("content", "found", 12.0, 1.0, None, None, 0),
            FamilyTest("network", "tested", 9.0, 1.0, 0.0001, 50.0, 9999),
        ),
        harvest=(HarvestMeasure("rubric_grading", 0.9, 0.01, 0.2, 0.002),),
        reference_groups=499,
        **detection,  # type: ignore[arg-type]
    )
    return Results(
        engine="stillwatch 0.1.0, duckdb 1.4",
        fdr=0.01,
        fdr_rule="Bogomolov and Heller 2013",
        selection="split by family",
        calibration="the scanned traffic itself",
        inputs=InputSummary(100, 12, START_US, START_US + DAY_US, 2, 1),
        abstained=(Abstention("payment", "payment_id is missing"),),
        campaigns=(campaign,),
        candidates_tested=3,
    )
