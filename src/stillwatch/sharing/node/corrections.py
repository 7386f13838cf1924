"""What is taken back reaches every decision that rested on it, and somebody looks at each.

A withdrawal or a granted appeal opens a review item for every decision in whose derived-from
closure the object lies.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from datetime import date
from typing import Literal

from stillwatch.core.errors import InputError
from stillwatch.sharing.node.days import business_days_after, day_of
from stillwatch.sharing.node.received import UNANSWERED
from stillwatch.sharing.node.reviews import BUSINESS_DAYS, Review, open_missing, reviews_of
from stillwatch.sharing.node.state import NodeState

Reason = Literal[
    "error", "appeal-granted", "expired", "legal", "duplicate", "poisoned", "key-compromise"
]


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
        return reviews_of(rows, object_id)


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
            return reviews_of(rows, found["object_id"])
        rows.execute(
            "UPDATE appeal SET state=? WHERE appeal_id=?",
            ("granted" if granted else "rejected", appeal_id),
        )
        if granted:
            _withdraw(rows, found["object_id"], "appeal-granted", at_us, holidays)
        return reviews_of(rows, found["object_id"])


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


def _withdraw(
    rows: sqlite3.Connection,
    object_id: str,
    reason: Reason,
    at_us: int,
    holidays: Collection[date],
) -> None:
    rows.execute("INSERT OR IGNORE INTO withdrawal VALUES (?, ?, ?)", (object_id, at_us, reason))
    open_missing(rows, at_us, holidays)
