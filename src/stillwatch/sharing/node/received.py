"""Objects that a node received, kept only as long as their sender and their kind allow."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from stillwatch.sharing.node.days import day_of, end_of_week, months_after
from stillwatch.sharing.node.policy import Reason
from stillwatch.sharing.node.reviews import open_missing
from stillwatch.sharing.node.state import NodeState

UNANSWERED: Final = "expired-unanswered"
"""State of an appeal whose due date passed; what it contests leaves the view."""


@dataclass(frozen=True, slots=True)
class Received:
    """One shared object as a node keeps it.

    Attributes:
        object_id: Its STIX id.
        version: Its `modified`, else `created`; text that sorts by time.
        kind: Its STIX type.
        refers_to: Ids of the objects it is about or rests on.
        retain_until: Last day on which its sender lets it be kept.
        body: The object as it was received.
        last_week: ISO week in which a campaign was last seen.
    """

    object_id: str
    version: str
    kind: str
    refers_to: tuple[str, ...]
    retain_until: date
    body: bytes
    last_week: str | None = None


def kept_until(item: Received, received_us: int) -> date:
    """Return the last day on which an object is kept: what its sender allows, or its kind if less.

    A campaign is kept for 12 months after the week in which it was last seen, evidence for 24
    months. What only speaks of another object goes with that one.

    Raises:
        InputError: `last_week` is no ISO week.
    """
    longest = item.retain_until
    if item.kind == "campaign" and item.last_week is not None:
        longest = min(longest, months_after(end_of_week(item.last_week), 12))
    if item.kind == "sighting":
        longest = min(longest, months_after(day_of(received_us), 24))
    return longest


def receive(
    state: NodeState,
    items: Iterable[Received],
    at_us: int,
    holidays: Collection[date] = (),
) -> int:
    """Keep objects and what they refer to; return how many were new or newer.

    The same objects in any order, any number of times, give the same state. An older version
    never replaces a newer one, and what was withdrawn stays withdrawn.

    Args:
        state: Of the node.
        items: Objects whose signatures and schemas were checked.
        at_us: When, UTC microseconds.
        holidays: Days that are no business days here: a new reference can open reviews.

    Raises:
        InputError: `last_week` of a campaign is no ISO week; nothing was kept.
    """
    fresh = 0
    with state.transaction() as rows:
        for item in items:
            changed = rows.execute(
                "INSERT INTO object VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (object_id) "
                "DO UPDATE SET version=excluded.version, kind=excluded.kind, body=excluded.body, "
                "retain_until=excluded.retain_until WHERE excluded.version > object.version",
                (
                    item.object_id,
                    item.version,
                    item.kind,
                    at_us,
                    kept_until(item, at_us).isoformat(),
                    item.body,
                ),
            ).rowcount
            if changed:
                fresh += 1
                rows.executemany(
                    "INSERT OR IGNORE INTO derived VALUES (?, ?)",
                    [(item.object_id, parent) for parent in item.refers_to],
                )
        open_missing(rows, at_us, holidays)
    return fresh


def why_gone(state: NodeState, object_id: str, at_us: int) -> Reason | None:
    """Say why nothing may rest on an object any more; None while it stands.

    An object that this node never received, or whose last day has passed, is expired to it.
    """
    with state.transaction() as rows:
        if rows.execute("SELECT 1 FROM withdrawal WHERE object_id=?", (object_id,)).fetchone():
            return Reason.WITHDRAWN
        stands = rows.execute(
            "SELECT 1 FROM object WHERE object_id=? AND retain_until >= ? "
            "AND object_id NOT IN (SELECT object_id FROM appeal WHERE state=?)",
            (object_id, day_of(at_us).isoformat(), UNANSWERED),
        ).fetchone()
    return None if stands else Reason.EXPIRED


def in_view(state: NodeState, kind: str, at_us: int) -> tuple[bytes, ...]:
    """Return the objects of a kind that still stand, oldest first.

    Withdrawn ones, expired ones and those with an appeal that nobody answered do not.
    """
    with state.transaction() as rows:
        found = rows.execute(
            "SELECT body FROM object WHERE kind=? AND retain_until >= ? "
            "AND object_id NOT IN (SELECT object_id FROM withdrawal) "
            "AND object_id NOT IN (SELECT object_id FROM appeal WHERE state=?) "
            "ORDER BY received_us, object_id",
            (kind, day_of(at_us).isoformat(), UNANSWERED),
        ).fetchall()
    return tuple(row["body"] for row in found)
