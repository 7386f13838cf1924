"""The default policy: every way through it, and what no input can make it do."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sharing.node.policy import Reason, Standing, Step, Verdict, carries, decide
from stillwatch.stats.forum import Support

FAMILIES = [
    "template", "payment", "registration", "timing", "network", "content-echo", "blob-replay",
    "failover", "canary", "something-new",
]  # fmt: skip
STANDINGS = st.builds(
    Standing,
    own_e=st.floats(0, 1e6),
    support=st.builds(Support, st.floats(0, 1024), st.floats(0, 1024)),
    link_family=st.sampled_from(FAMILIES),
    board_state=st.sampled_from(["single-source", "corroborated", "disputed", "expired"]),
    prevalence=st.sampled_from(["rare", "uncommon", "common", None]),
    barred=st.sampled_from([None, Reason.WARNING_LISTED, Reason.FLOOD_QUARANTINE]),
)


def standing(own: float = 0.0, v: float = 0.0, second: float = 0.0, **changed: object) -> Standing:
    given: dict[str, object] = {"link_family": "payment", "board_state": "single-source"}
    return Standing(own, Support(v, second), **given | changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("case", "step", "reason"),
    [
        (standing(1.6, 8), Step.INVESTIGATE, Reason.TOO_LITTLE),  # day 11 of the scenario
        (standing(2.5, 64), Step.REVERSIBLE, Reason.WITH_OTHERS),  # day 14, B
        (standing(0, 64), Step.REVERSIBLE, Reason.WITH_OTHERS),  # day 14, C
        (standing(26), Step.INVESTIGATE, Reason.TOO_LITTLE),
        (standing(40), Step.REVERSIBLE, Reason.OWN_EVIDENCE),
        (standing(100), Step.IRREVERSIBLE_AFTER_REVIEW, Reason.OWN_EVIDENCE),
        (standing(0, 1024), Step.REVERSIBLE, Reason.WITH_OTHERS),
        (standing(0, 200, 200), Step.REVERSIBLE, Reason.WITH_OTHERS),
        (
            standing(0, 200, 200, board_state="corroborated"),
            Step.IRREVERSIBLE_AFTER_REVIEW,
            Reason.CORROBORATED,
        ),
        (standing(0, 1024, 150, board_state="corroborated"), Step.REVERSIBLE, Reason.WITH_OTHERS),
        (standing(0, 200, 200, board_state="disputed"), Step.REVERSIBLE, Reason.WITH_OTHERS),
        (standing(0, 1024, 300, board_state="expired"), Step.IGNORE, Reason.EXPIRED),
        (standing(0, 1024, barred=Reason.WARNING_LISTED), Step.IGNORE, Reason.WARNING_LISTED),
        (standing(0, 1024, barred=Reason.FLOOD_QUARANTINE), Step.IGNORE, Reason.FLOOD_QUARANTINE),
        (standing(0, 1024, barred=Reason.WITHDRAWN), Step.IGNORE, Reason.WITHDRAWN),
        (standing(41, 1024, barred=Reason.WITHDRAWN), Step.REVERSIBLE, Reason.OWN_EVIDENCE),
        (
            standing(0, 1024, link_family="network"),
            Step.INVESTIGATE,
            Reason.LINK_CARRIES_INNOCENTS,
        ),
        (
            standing(0, 1024, link_family="template", prevalence="common"),
            Step.INVESTIGATE,
            Reason.LINK_CARRIES_INNOCENTS,
        ),
        (
            standing(0, 1024, link_family="template", prevalence="rare"),
            Step.REVERSIBLE,
            Reason.WITH_OTHERS,
        ),
    ],
)
def test_every_way_through(case: Standing, step: Step, reason: Reason) -> None:
    verdict = decide(case)
    assert (verdict.step, verdict.reason) == (step, reason)


@given(STANDINGS)
def test_others_alone_never_lead_to_what_cannot_be_undone(case: Standing) -> None:
    verdict = decide(case)
    if verdict.step is Step.IRREVERSIBLE_AFTER_REVIEW and case.own_e < 100:
        assert case.board_state == "corroborated"
        assert case.own_e / 2 + case.support.despite_liar / 2 >= 100
        assert case.barred is None


@given(STANDINGS)
def test_over_a_link_that_innocents_share_nothing_passes(case: Standing) -> None:
    """What the others say makes no difference then, nor where the campaign is barred."""
    if case.barred or not carries(case.link_family, case.prevalence):
        silent = Standing(
            case.own_e, Support(0.0, 0.0), case.link_family, case.board_state,
            case.prevalence, case.barred,
        )  # fmt: skip
        assert decide(case) == decide(silent)


def test_nothing_on_the_wire_asks_for_a_step() -> None:
    """A verdict is the node's own: no field of it is a field of what is stated or previewed."""
    from stillwatch.sharing.node import preview

    assert not {field.name for field in fields(Verdict)} & set(preview.ALLOWED)
    assert not {step.value for step in Step} & set(preview.ALLOWED)
