"""Second looks at decisions that rested on what no longer stands.

What others learn of them is one of three words.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from stillwatch.core.errors import InputError
from stillwatch.sharing.node.days import business_days_after, day_of
from stillwatch.sharing.node.state import NodeState

Receipt = Literal["none", "some", "done"]
Outcome = Literal["upheld", "undone"]

BUSINESS_DAYS: Final = 5

_OPEN: Final = (
    "WITH RECURSIVE below(cause, id) AS (SELECT object_id, object_id FROM withdrawal UNION "
    "SELECT below.cause, child FROM derived JOIN below ON parent = id WHERE NOT EXISTS "
    "(SELECT 1 FROM review WHERE decision_id = id AND review.cause = below.cause "
    "AND outcome = 'upheld')) "
    "INSERT OR IGNORE INTO review SELECT NULL, decision_id, cause, ?, ?, NULL, NULL "
    "FROM below JOIN decision ON decision_id = id WHERE undone_us IS NULL "
    "ORDER BY at_us, decision_id"
)


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


def open_missing(rows: sqlite3.Connection, at_us: int, holidays: Collection[date]) -> None:
    """Open a review for every standing decision that rests on something withdrawn.

    Each pair of decision and cause gets one review, ever, and what rests on a decision that was
    upheld against the cause needs none. To be called whenever a withdrawal or a
    reference between objects is new: either may come first.

    Args:
        rows: Of an open transaction.
        at_us: When this node learned of it; reviews are due 5 business days later.
        holidays: Days that are no business days here, beside weekends.
    """
    due = business_days_after(day_of(at_us), BUSINESS_DAYS, holidays)
    rows.execute(_OPEN, (at_us, due.isoformat()))


def reviews_of(rows: sqlite3.Connection, cause: str | None = None) -> tuple[Review, ...]:
    """Return the reviews with one cause, or all open ones, the most urgent first."""
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


def open_reviews(state: NodeState) -> tuple[Review, ...]:
    """Return what still has to be looked at, the most urgent first."""
    with state.transaction() as rows:
        return reviews_of(rows)


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
            rows.execute(
                "UPDATE decision SET undone_us=COALESCE(undone_us, ?) WHERE decision_id=?",
                (at_us, closed["decision_id"]),
            )


def receipt(state: NodeState, object_id: str) -> Receipt:
    """Return what the forum is told about a correction, and nothing finer.

    `none`: no decision rested on the object. `some`: reviews are open. `done`: all are closed.
    """
    with state.transaction() as rows:
        found = reviews_of(rows, object_id)
    if not found:
        return "none"
    return "some" if any(review.outcome is None for review in found) else "done"
