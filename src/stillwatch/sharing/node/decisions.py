"""The ledger of what a node decided, and of what each decision was derived from.

It never leaves the node: no receipt names a decision.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.node.policy import Verdict
from stillwatch.sharing.node.state import NodeState

# UNION, not UNION ALL: objects may refer to each other in a circle.
_RESTING_ON: Final = (
    "WITH RECURSIVE below(id) AS (SELECT ? UNION "
    "SELECT child FROM derived JOIN below ON parent = id) "
    "SELECT decision.* FROM decision JOIN below ON decision_id = id ORDER BY at_us, decision_id"
)

_SHAKEN: Final = (
    "WITH RECURSIVE above(id) AS (SELECT ? UNION "
    "SELECT parent FROM derived JOIN above ON child = id "
    "WHERE child NOT IN (SELECT decision_id FROM review WHERE outcome='upheld')) "
    "SELECT 1 FROM above WHERE id IN (SELECT object_id FROM withdrawal) "
    "OR id IN (SELECT decision_id FROM decision WHERE undone_us IS NOT NULL) "
    "OR id IN (SELECT decision_id FROM review WHERE outcome IS NULL)"
)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision of this node.

    Attributes:
        decision_id: Name of it at this node.
        at_us: When, UTC microseconds.
        cluster: Which cluster it is about.
        step: `policy.Step` that was taken.
        reason: `policy.Reason` for it.
        own_e: The member's own evidence at the time.
        total_e: T at the time.
        derived_from: Ids that it was directly derived from, in order.
        undone_us: When it was undone; None while it stands.
    """

    decision_id: str
    at_us: int
    cluster: str
    step: str
    reason: str
    own_e: float
    total_e: float
    derived_from: tuple[str, ...]
    undone_us: int | None


def record(
    state: NodeState,
    decision_id: str,
    cluster: str,
    verdict: Verdict,
    derived_from: Collection[str],
    at_us: int,
) -> None:
    """Keep a decision with everything that it was derived from.

    Args:
        state: Of the node.
        decision_id: A new name.
        cluster: Which cluster it is about.
        verdict: Step, reason and evidence.
        derived_from: Ids of received objects or of earlier decisions; may be empty.
        at_us: When.

    Raises:
        InputError: The name is taken, or a source is neither an object nor a decision of this
            node: a correction of it could never reach the decision.
        SharingRefused: A source, or what it rests on, was withdrawn or undone or is under
            review. A decision that was upheld stands by itself.
    """
    with state.transaction() as rows:
        for source in derived_from:
            _standing(rows, source)
        added = rows.execute(
            "INSERT OR IGNORE INTO decision VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                decision_id,
                at_us,
                cluster,
                verdict.step,
                verdict.reason,
                verdict.own_e,
                verdict.total_e,
            ),
        ).rowcount
        if not added:
            raise InputError("a decision of this name exists", "give each decision a new name")
        rows.executemany(
            "INSERT OR IGNORE INTO derived VALUES (?, ?)",
            [(decision_id, source) for source in derived_from],
        )


def resting_on(state: NodeState, source: str) -> tuple[Decided, ...]:
    """Return the decisions whose derived-from closure contains an id, oldest first."""
    with state.transaction() as rows:
        return tuple(_decided(rows, row) for row in _resting_on(rows, source))


def undo(state: NodeState, decision_id: str, at_us: int) -> None:
    """Mark a decision as undone; a second time changes nothing.

    Raises:
        InputError: No such decision.
    """
    with state.transaction() as rows:
        undone = rows.execute(
            "UPDATE decision SET undone_us=COALESCE(undone_us, ?) WHERE decision_id=?",
            (at_us, decision_id),
        )
        if not undone.rowcount:
            raise InputError("no such decision at this node")


def _resting_on(rows: sqlite3.Connection, source: str) -> list[sqlite3.Row]:
    return rows.execute(_RESTING_ON, (source,)).fetchall()


def _standing(rows: sqlite3.Connection, source: str) -> None:
    known = rows.execute(
        "SELECT 1 FROM object WHERE object_id=? UNION SELECT 1 FROM decision WHERE decision_id=?",
        (source, source),
    ).fetchone()
    if known is None:
        raise InputError(
            "a decision can only be derived from what this node received or decided",
            "receive the object first",
        )
    if rows.execute(_SHAKEN, (source,)).fetchone():
        raise SharingRefused(
            "what the decision would rest on was withdrawn, undone or is under review",
            "close the reviews first, and decide on what still stands",
            "sw.object.withdrawn",
        )


def _decided(rows: sqlite3.Connection, row: sqlite3.Row) -> Decided:
    parents = rows.execute(
        "SELECT parent FROM derived WHERE child=? ORDER BY parent", (row["decision_id"],)
    )
    return Decided(
        row["decision_id"],
        row["at_us"],
        row["cluster"],
        row["step"],
        row["reason"],
        row["own_e"],
        row["total_e"],
        tuple(parent["parent"] for parent in parents),
        row["undone_us"],
    )
