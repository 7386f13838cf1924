"""What has run out is erased: rows, what hangs on them, and the copies that a database keeps.

The log keeps commitments. Salts go with the records, so that a leaf no longer says of what it was
one; and the purge itself is a leaf.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from stillwatch.core.errors import UnitError
from stillwatch.sharing.contracts import LeafKind, LeafLog
from stillwatch.sharing.node.bands import account_band
from stillwatch.sharing.node.days import DAY_US, day_of, iso_week, months_after
from stillwatch.sharing.node.state import NodeState

EVIDENCE_MONTHS: Final = 24
MATCH_DAYS: Final = 180
"""Longest epoch of a tag: what matched it says nothing after that."""

_FOLLOWERS: Final = (
    "SELECT object_id FROM object JOIN derived ON child=object_id AND parent=? "
    "WHERE kind IN ('opinion', 'note', 'relationship') AND NOT EXISTS "
    "(SELECT 1 FROM derived AS other JOIN object AS held ON held.object_id=other.parent "
    "WHERE other.child=object.object_id)"
)
"""What only speaks of an object that is gone, and of no other that is held."""

_UNUSED: Final = (
    "WITH RECURSIVE used(id) AS (SELECT decision_id FROM decision UNION "
    "SELECT parent FROM derived JOIN used ON child = id) "
    "DELETE FROM derived WHERE child NOT IN (SELECT id FROM used) "
    "AND child NOT IN (SELECT object_id FROM object)"
)
"""A correction has to reach decisions through objects that are gone: those edges stay."""


def purge(state: NodeState, at_us: int) -> int:
    """Erase everything whose last day has passed, and check that it is gone.

    Decisions stay, with the ids that they were derived from: they are the member's own, and an
    appeal may come late. An id says nothing of the content.

    Args:
        state: Of the node.
        at_us: Now.

    Returns:
        Number of objects and commitments erased. The purge waits for its log leaf: `log_purges`.

    Raises:
        ExternalError: The disk failed, or a reader holds copies; purge again.
        UnitError: Something that had run out is still there.
    """
    with state.transaction() as rows:
        erased = _erase(rows, at_us)
        if left := _left(rows, at_us):
            raise UnitError(f"a purge left {left} rows that had run out", "report this")
        if erased:
            rows.execute(
                "INSERT INTO purge VALUES (NULL, ?, ?, NULL)", (at_us, account_band(erased))
            )
    state.erase_history()
    return erased


def log_purges(state: NodeState, log: LeafLog, pseudonym: bytes) -> int:
    """Log the purges that have no leaf yet; return how many there were.

    Apart from the purge, so that a log that is down delays the proof and never the erasure.

    Raises:
        ExternalError: The log failed; those that are left wait.
    """
    with state.transaction() as rows:
        waiting = rows.execute(
            "SELECT * FROM purge WHERE leaf IS NULL ORDER BY purge_id"
        ).fetchall()
    for row in waiting:
        event = {"week": iso_week(day_of(row["at_us"])), "count_band": row["count_band"]}
        leaf = log.append(LeafKind.PURGE, pseudonym, event)
        with state.transaction() as rows:
            rows.execute("UPDATE purge SET leaf=? WHERE purge_id=?", (leaf, row["purge_id"]))
    return len(waiting)


def _erase(rows: sqlite3.Connection, at_us: int) -> int:
    today = day_of(at_us)
    expired = rows.execute(
        "DELETE FROM object WHERE retain_until < ? RETURNING object_id", (today.isoformat(),)
    )
    gone = [row["object_id"] for row in expired.fetchall()]
    for parent in gone:  # grows while it is walked: an opinion may be about a note
        followers = [row["object_id"] for row in rows.execute(_FOLLOWERS, (parent,)).fetchall()]
        rows.executemany("DELETE FROM object WHERE object_id=?", [(one,) for one in followers])
        gone += followers
    rows.execute(_UNUSED)
    old = [
        row["commitment_id"]
        for row in rows.execute("SELECT commitment_id, committed_us FROM commitment")
        if months_after(day_of(row["committed_us"]), EVIDENCE_MONTHS) < today
    ]
    for number in old:
        rows.execute("DELETE FROM evidence WHERE commitment_id=?", (number,))
        rows.execute("DELETE FROM commitment WHERE commitment_id=?", (number,))
    rows.execute("DELETE FROM hit WHERE at_us < ?", (at_us - MATCH_DAYS * DAY_US,))
    rows.execute("DELETE FROM matched WHERE tag NOT IN (SELECT tag FROM hit)")
    rows.execute(
        "DELETE FROM appeal WHERE state != 'open' "
        "AND object_id NOT IN (SELECT object_id FROM object)"
    )
    return len(gone) + len(old)


def _left(rows: sqlite3.Connection, at_us: int) -> int:
    """Count what had run out, by another query than the one that erased it."""
    today = day_of(at_us).isoformat()
    objects = rows.execute("SELECT object_id, retain_until FROM object").fetchall()
    started = rows.execute("SELECT MIN(committed_us) FROM commitment").fetchone()[0]
    overdue = sum(row["retain_until"] < today for row in objects)
    if started is not None:
        overdue += months_after(day_of(started), EVIDENCE_MONTHS).isoformat() < today
    return int(overdue)
