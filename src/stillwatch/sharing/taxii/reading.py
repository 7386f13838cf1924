"""Reading pages: one query for one page, its cost the same at any depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, or_, select, true

from stillwatch.sharing.taxii.cursor import Position
from stillwatch.sharing.taxii.filters import Filters
from stillwatch.sharing.taxii.tables import counter, objects
from stillwatch.sharing.taxii.visibility import Viewer, visible

SPEC_VERSION: Final = "2.1"

_COLUMNS: Final = (objects.c.seq, objects.c.date_added, objects.c.id, objects.c.version)


@dataclass(frozen=True, slots=True)
class Item:
    """One version of an object; `body` is empty where it was not asked for."""

    seq: int
    date_added: int
    id: str
    version: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Items in order of sequence.

    Attributes:
        items: At most as many as asked for.
        more: Where the next page starts; None on the last one.
    """

    items: tuple[Item, ...]
    more: Position | None


def read_page(
    connection: Connection,
    viewer: Viewer,
    collection: str,
    today: int,
    filters: Filters,
    limit: int,
    position: Position | None,
    bodies: bool,
) -> Page:
    """Read one page.

    Args:
        connection: Its transaction sees committed objects only; their sequence has no gap that
            could fill later.
        viewer: Who asks.
        collection: Id of the collection.
        today: Ordinal of the day.
        filters: What is asked for.
        limit: Most items.
        position: Where the cursor stands; None starts a snapshot.
        bodies: Whether the serialised objects are wanted.
    """
    if filters.spec_versions is not None and SPEC_VERSION not in filters.spec_versions:
        return Page((), None)
    if position is None:
        high = connection.execute(select(counter.c.seq)).scalar_one()
        position = Position(_start(connection, filters.added_after), high)
    span = and_(objects.c.seq > position.last, objects.c.seq <= position.high)
    wanted = visible(viewer, collection, today, (span, *_conditions(filters)), limit + 1)
    columns = (*_COLUMNS, objects.c.body) if bodies else _COLUMNS
    query = (
        select(*columns).where(objects.c.seq.in_(wanted)).order_by(objects.c.seq).limit(limit + 1)
    )
    rows = connection.execute(query).all()
    items = tuple(
        Item(row.seq, row.date_added, row.id, row.version, bytes(row.body) if bodies else b"")
        for row in rows[:limit]
    )
    more = Position(items[-1].seq, position.high) if len(rows) > limit else None
    return Page(items, more)


def holds(connection: Connection, viewer: Viewer, collection: str, today: int, id_: str) -> bool:
    """Say whether a viewer sees any version of an object."""
    query = visible(viewer, collection, today, (objects.c.id == id_,), 1)
    return connection.execute(query).first() is not None


def _start(connection: Connection, added_after: int | None) -> int:
    """Return the sequence number of the last object added at or before a time.

    Times rise strictly with the sequence, so this is one look into an index.
    """
    if added_after is None:
        return 0
    query = (
        select(objects.c.seq)
        .where(objects.c.date_added <= added_after)
        .order_by(objects.c.date_added.desc())
        .limit(1)
    )
    return connection.execute(query).scalar() or 0


def _conditions(filters: Filters) -> tuple[ColumnElement[bool], ...]:
    found = [_versions(filters)]
    if filters.ids is not None:
        found.append(objects.c.id.in_(filters.ids))
    if filters.types is not None:
        found.append(objects.c.type.in_(filters.types))
    return tuple(found)


def _versions(filters: Filters) -> ColumnElement[bool]:
    if "all" in filters.versions:
        return true()
    either: list[ColumnElement[bool]] = []
    if "last" in filters.versions:
        either.append(objects.c.is_last)
    if "first" in filters.versions:
        either.append(objects.c.is_first)
    moments = [one for one in filters.versions if isinstance(one, int)]
    if moments:
        either.append(objects.c.version.in_(moments))
    return or_(*either)
