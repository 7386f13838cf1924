"""Innocent explanations: each can hold, none holds of a plain campaign, ignorance is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stillwatch.campaigns.explanations import Group, consider

CAMPAIGN = Group(
    parties=100,
    families=frozenset({"content", "network", "identity"}),
    exchanges=5000.0,
    repeated=0.1,
    elicitation=0.7,
    grading=0.0,
    echo=0.0,
    end_users=0.0,
    worded=20.0,
    short_lived=0.1,
    median_exchanges=50.0,
    prefixes=20.0,
    one_payer=0.1,
    one_place=0.1,
    template_users=100,
    corroborated=0.8,
    blocked=3.0,
    failed=1.0,
)


def verdicts(group: Group) -> dict[str, str]:
    return {answer.id: answer.verdict for answer in consider(group)}


def test_nothing_explains_a_plain_campaign() -> None:
    assert "explains" not in verdicts(CAMPAIGN).values()
    assert all(answer.why for answer in consider(CAMPAIGN))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("B1", {"repeated": 0.9}),
        ("B5", {"grading": 0.8, "elicitation": 0.0}),
        ("B6", {"one_payer": 0.95}),
        ("B8", {"end_users": 0.9}),
        ("B9", {"one_place": 0.95}),
        ("B9", {"families": frozenset({"network", "timing"})}),
        ("B10", {"corroborated": 0.05}),
        ("B11", {"short_lived": 0.9, "median_exchanges": 12.0, "prefixes": 1.0}),
        ("B12", {"elicitation": 0.1, "worded": 0.0}),
        ("B15", {"families": frozenset({"content", "timing"}), "failed": 200.0}),
    ],
)
def test_each_holds_where_it_should(name: str, changes: dict[str, object]) -> None:
    assert verdicts(replace(CAMPAIGN, **changes))[name] == "explains"  # type: ignore[arg-type]


def test_ordinary_failures_explain_nothing() -> None:
    few = replace(CAMPAIGN, families=frozenset({"content", "timing"}), failed=9.0)
    assert few.failed > few.blocked
    assert verdicts(few)["B15"] == "does_not_explain"


def test_what_the_logs_do_not_say_is_left_open() -> None:
    unknown = replace(CAMPAIGN, one_payer=float("nan"), one_place=float("nan"))
    found = verdicts(unknown)
    assert found["B6"] == "cannot_tell"
    assert found["B9"] == "does_not_explain"
    assert {found[name] for name in ("B3", "B4", "B16")} == {"cannot_tell"}
