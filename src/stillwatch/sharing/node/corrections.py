"""What is taken back reaches every decision that rested on it, and somebody looks at each.

A withdrawal or a granted appeal opens a review item for every decision in whose derived-from
closure the object lies. What others learn of it is one of three words.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from stillwatch.core.errors import InputError
from stillwatch.sharing.node.days import business_days_after, day_of
from stillwatch.sharing.node.decisions import mark_undone, standing_on
from stillwatch.sharing.node.received import UNANSWERED
from stillwatch.sharing.node.state import NodeState

Receipt = Literal["none", "some", "done"]
Outcome = Literal["upheld", "undone"]
Reason = Literal[
    "error", "appeal-granted", "expired", "legal", "duplicate", "poisoned", "key-compromise"
]

BUSINESS_DAYS: Final = 5


@dataclass(frozen=True, slots=True)
class Review:
    """A decision that somebody has to look at again.

    Attributes:
        review_id: Number at this node.
        decision_id: Which decision.
        cause: Id of the object that no longer stands.
        due: Last day to do so.
        outcome: `upheld` on other evidence, or `undone`; None while it is open.
    """

    review_id: int
    decision_id: str
    cause: str
    due: date
    outcome: str | None


def withdraw(
    state: NodeState,
    object_id: str,
    reason: Reason,
    at_us: int,
    holidays: Collection[date] = (),
) -> tuple[Review, ...]:
    """Note that an object was withdrawn and open reviews; return all reviews it caused.

    May come before the object itself, and any number of times.

    Args:
        state: Of the node.
        object_id: What was withdrawn.
        reason: X8 `reason`.
        at_us: When this node learned of it; reviews are due 5 business days later.
        holidays: Days that are no business days here, beside weekends.
    """
    with state.transaction() as rows:
        _withdraw(rows, object_id, reason, at_us, holidays)
        return _reviews(rows, object_id)


def appeal(
    state: NodeState,
    appeal_id: str,
    object_id: str,
    opened: date,
    due: date | None = None,
    holidays: Collection[date] = (),
) -> date:
    """Note an appeal against an object; return the day by which it has to be answered.

    An appeal that is known keeps its first dates.

    Args:
        state: Of the node.
        appeal_id: Id of the appeal.
        object_id: What it contests.
        opened: On which day.
        due: By when; 5 business days later by default.
        holidays: Days that are no business days, beside weekends.
    """
    due = due or business_days_after(opened, BUSINESS_DAYS, holidays)
    with state.transaction() as rows:
        rows.execute(
            "INSERT OR IGNORE INTO appeal VALUES (?, ?, ?, ?, 'open')",
            (appeal_id, object_id, opened.isoformat(), due.isoformat()),
        )
        found = rows.execute("SELECT due FROM appeal WHERE appeal_id=?", (appeal_id,)).fetchone()
    return date.fromisoformat(found["due"])


def answer(
    state: NodeState,
    appeal_id: str,
    granted: bool,
    at_us: int,
    holidays: Collection[date] = (),
) -> tuple[Review, ...]:
    """Note the answer to an appeal; one that is granted withdraws the object.

    A late answer is an answer too: a rejected appeal brings the object back into view.

    Args:
        state: Of the node.
        appeal_id: Id of the appeal.
        granted: Whether the object was wrong.
        at_us: When.
        holidays: Days that are no business days here, beside weekends.

    Returns:
        The reviews that it caused.

    Raises:
        InputError: No such appeal.
    """
    with state.transaction() as rows:
        found = rows.execute("SELECT * FROM appeal WHERE appeal_id=?", (appeal_id,)).fetchone()
        if found is None:
            raise InputError("no such appeal at this node", "note the appeal first")
        if found["state"] == "granted":
            return _reviews(rows, found["object_id"])
        rows.execute(
            "UPDATE appeal SET state=? WHERE appeal_id=?",
            ("granted" if granted else "rejected", appeal_id),
        )
        if granted:
            _withdraw(rows, found["object_id"], "appeal-granted", at_us, holidays)
        return _reviews(rows, found["object_id"])


def expire_appeals(state: NodeState, at_us: int) -> tuple[str, ...]:
    """Mark the appeals whose due day has passed; return the ids of those objects, in order.

    They leave the view: silence is not for the contributor to gain by.
    """
    with state.transaction() as rows:
        late = rows.execute(
            "UPDATE appeal SET state=? WHERE state='open' AND due < ? RETURNING object_id",
            (UNANSWERED, day_of(at_us).isoformat()),
        ).fetchall()
    return tuple(sorted({row["object_id"] for row in late}))


def close_review(state: NodeState, review_id: int, outcome: Outcome, at_us: int) -> None:
    """Note what the second look at a decision came to; the first outcome stays.

    Raises:
        InputError: No such review, or it has an outcome.
    """
    with state.transaction() as rows:
        closed = rows.execute(
            "UPDATE review SET outcome=?, closed_us=? WHERE review_id=? AND outcome IS NULL "
            "RETURNING decision_id",
            (outcome, at_us, review_id),
        ).fetchone()
        if closed is None:
            raise InputError("no open review of this number", "list the open reviews")
        if outcome == "undone":
            mark_undone(rows, closed["decision_id"], at_us)


def open_reviews(state: NodeState) -> tuple[Review, ...]:
    """Return what still has to be looked at, the most urgent first."""
    with state.transaction() as rows:
        return _reviews(rows)


def receipt(state: NodeState, object_id: str) -> Receipt:
    """Return what the forum is told about a correction, and nothing finer.

    `none`: no decision rested on the object. `some`: reviews are open. `done`: all are closed.
    """
    with state.transaction() as rows:
        found = _reviews(rows, object_id)
    if not found:
        return "none"
    return "some" if any(review.outcome is None for review in found) else "done"


def _withdraw(
    rows: sqlite3.Connection,
    object_id: str,
    reason: Reason,
    at_us: int,
    holidays: Collection[date],
) -> None:
    rows.execute("INSERT OR IGNORE INTO withdrawal VALUES (?, ?, ?)", (object_id, at_us, reason))
    due = business_days_after(day_of(at_us), BUSINESS_DAYS, holidays).isoformat()
    rows.executemany(
        "INSERT OR IGNORE INTO review VALUES (NULL, ?, ?, ?, ?, NULL, NULL)",
        [(decision, object_id, at_us, due) for decision in standing_on(rows, object_id)],
    )


def _reviews(rows: sqlite3.Connection, cause: str | None = None) -> tuple[Review, ...]:
    """Return the reviews with one cause, or all open ones."""
    found = rows.execute(
        "SELECT review_id, decision_id, cause, due, outcome FROM review "
        "WHERE CASE WHEN ?1 IS NULL THEN outcome IS NULL ELSE cause = ?1 END "
        "ORDER BY due, review_id",
        (cause,),
    ).fetchall()
    return tuple(
        Review(
            row["review_id"],
            row["decision_id"],
            row["cause"],
            date.fromisoformat(row["due"]),
            row["outcome"],
        )
        for row in found
    )
