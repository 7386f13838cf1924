"""Who sees what: one predicate, in every query that reads objects.

An object gets a scope at ingest, from its TLP marking and its audience: everyone, all members, or
the members of one audience. A viewer holds scopes. Each scope has an index of its own in order of
sequence, so neither a count nor the time that a page takes depends on what the viewer cannot see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, select, union_all

from stillwatch.sharing.taxii.tables import objects

SCOPE_CLEAR: Final = 0
SCOPE_GREEN: Final = 1
FIRST_AUDIENCE: Final = 2


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, and what it may read and write.

    Attributes:
        member: Its id.
        scopes: What it sees.
        readable: Collections it may read.
        writable: Collections it may post to.
        root: The API root it came by; statuses and cursors of one do not serve at the other.
    """

    member: str
    scopes: tuple[int, ...]
    readable: frozenset[str]
    writable: frozenset[str]
    root: str


def visible(
    viewer: Viewer,
    collection: str,
    today: int,
    conditions: tuple[ColumnElement[bool], ...],
    limit: int,
) -> Select[tuple[int]]:
    """Return the query for sequence numbers of what a viewer sees, at most `limit` of each scope.

    Args:
        viewer: Who asks.
        collection: Id of the collection.
        today: Ordinal of the day; what had to go before is not seen any more, purged or not.
        conditions: What else must hold.
        limit: The outer query wants no more rows than this, in order of sequence.
    """
    if collection not in viewer.readable:
        conditions = (*conditions, objects.c.seq < 0)
    arms = [
        select(objects.c.seq)
        .where(
            objects.c.collection == collection,
            objects.c.scope == scope,
            objects.c.retain_day >= today,
            *conditions,
        )
        .order_by(objects.c.seq)
        .limit(limit)
        .subquery()
        for scope in viewer.scopes
    ]
    return select(union_all(*(select(arm.c.seq) for arm in arms)).subquery().c.seq)
