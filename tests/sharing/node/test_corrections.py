"""Corrections: a review for every decision, due dates, and three words for the forum."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from stillwatch.core.errors import InputError
from stillwatch.sharing.node.corrections import answer, appeal, expire_appeals, withdraw
from stillwatch.sharing.node.days import DAY_US
from stillwatch.sharing.node.decisions import record, resting_on, undo
from stillwatch.sharing.node.policy import Reason, Step, Verdict
from stillwatch.sharing.node.received import Received, in_view, receive
from stillwatch.sharing.node.reviews import close_review, open_reviews, receipt
from stillwatch.sharing.node.state import NodeState

Maker = Callable[..., Received]
VERDICT = Verdict(Step.REVERSIBLE, Reason.WITH_OTHERS, 2.0, 33.0)
FRIDAY = int(datetime(2026, 12, 18, 12, tzinfo=UTC).timestamp()) * 1_000_000
HOLIDAYS = {date(2026, 12, 25)}


@pytest.fixture
def decided(state: NodeState, item: Maker) -> NodeState:
    receive(state, [item("c"), item("s", "c", kind="sighting"), item("o")], FRIDAY)
    for name, source in (("d1", "c"), ("d2", "s"), ("d3", "o")):
        record(state, name, "k", VERDICT, [source], FRIDAY)
    return state


def test_a_withdrawal_opens_a_review_for_each_decision(decided: NodeState) -> None:
    reviews = withdraw(decided, "c", "error", FRIDAY, HOLIDAYS)
    assert [review.decision_id for review in reviews] == ["d1", "d2"]
    assert {review.due for review in reviews} == {date(2026, 12, 28)}
    assert withdraw(decided, "c", "poisoned", FRIDAY + DAY_US) == reviews
    assert open_reviews(decided) == reviews


def test_a_receipt_is_one_of_three_words(decided: NodeState) -> None:
    assert receipt(decided, "c") == "none"
    one, two = withdraw(decided, "c", "error", FRIDAY)
    assert receipt(decided, "c") == "some"
    close_review(decided, one.review_id, "undone", FRIDAY)
    assert receipt(decided, "c") == "some"
    close_review(decided, two.review_id, "upheld", FRIDAY)
    assert receipt(decided, "c") == "done"
    assert receipt(decided, "o") == "none"
    undone = {d.decision_id: d.undone_us is not None for d in resting_on(decided, "c")}
    assert undone == {"d1": True, "d2": False}
    with pytest.raises(InputError, match="no open review"):
        close_review(decided, one.review_id, "upheld", FRIDAY)


def test_what_was_undone_needs_no_review(decided: NodeState) -> None:
    undo(decided, "d1", FRIDAY)
    assert [r.decision_id for r in withdraw(decided, "c", "legal", FRIDAY)] == ["d2"]


def test_a_granted_appeal_is_a_withdrawal(decided: NodeState) -> None:
    due = appeal(decided, "note--1", "s", date(2026, 12, 18), holidays=HOLIDAYS)
    assert due == date(2026, 12, 28)
    assert appeal(decided, "note--1", "s", date(2027, 1, 1)) == due
    [review] = answer(decided, "note--1", granted=True, at_us=FRIDAY)
    assert (review.decision_id, review.cause) == ("d2", "s")
    assert answer(decided, "note--1", granted=False, at_us=FRIDAY) == (review,)
    assert in_view(decided, "sighting", FRIDAY) == ()


def test_silence_takes_the_object_out_of_view_and_a_late_no_brings_it_back(
    decided: NodeState,
) -> None:
    appeal(decided, "note--1", "s", date(2026, 12, 18))
    assert expire_appeals(decided, FRIDAY + 7 * DAY_US) == ()  # due today
    assert expire_appeals(decided, FRIDAY + 8 * DAY_US) == ("s",)
    assert expire_appeals(decided, FRIDAY + 9 * DAY_US) == ()
    assert in_view(decided, "sighting", FRIDAY) == ()
    assert answer(decided, "note--1", granted=False, at_us=FRIDAY + 9 * DAY_US) == ()
    assert len(in_view(decided, "sighting", FRIDAY)) == 1


def test_an_answer_needs_an_appeal(state: NodeState) -> None:
    with pytest.raises(InputError, match="no such appeal"):
        answer(state, "note--planted", granted=True, at_us=1)


def test_the_scenario_on_day_24(decided: NodeState) -> None:
    """One row is withdrawn; the list shows one decision; it is reviewed and undone."""
    [review] = withdraw(decided, "o", "appeal-granted", FRIDAY)
    close_review(decided, review.review_id, "undone", FRIDAY + DAY_US)
    assert receipt(decided, "o") == "done"
    assert open_reviews(decided) == ()
