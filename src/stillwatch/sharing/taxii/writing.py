"""Writing: one transaction a batch, sequence numbers assigned in it, leaves logged before it ends.

Nothing here is thread-safe: the board calls it from its one writer thread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

import orjson
from sqlalchemy import Connection, Row, and_, delete, func, insert, select, text, update

from stillwatch.sharing.contracts import LeafKind, LeafLog
from stillwatch.sharing.stix.extensions import Extension
from stillwatch.sharing.taxii.ingest import Held, Known, Taken, pseudonym_of
from stillwatch.sharing.taxii.tables import (
    approvals,
    audience_members,
    audiences,
    counter,
    objects,
    tombstones,
)

_HELD = (
    objects.c.id, objects.c.author, objects.c.collection, objects.c.version, objects.c.scope,
    objects.c.level, objects.c.root, objects.c.digest, objects.c.revoked, objects.c.retain_day,
)  # fmt: skip
_LOOKUP = 500
_LOCK = 0x73_74_69_6C


def lock(connection: Connection) -> None:
    """Keep other writers out until the transaction ends.

    On SQLite a transaction that starts by reading could find its lock taken when it writes.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    else:
        connection.execute(update(counter).values(one=1))


def look_up(
    connection: Connection, ids: Iterable[str], member: str, collection: str,
    digests: Sequence[bytes],
) -> Known:  # fmt: skip
    """Return what judging a batch has to know, in a few queries."""
    names = sorted(ids)
    held: dict[str, list[Held]] = {}
    deleted: set[tuple[str, int]] = set()
    for start in range(0, len(names), _LOOKUP):
        part = names[start : start + _LOOKUP]
        for row in connection.execute(select(*_HELD).where(objects.c.id.in_(part))):
            held.setdefault(row.id, []).append(_held(row))
        gone = select(tombstones.c.id, tombstones.c.version).where(
            tombstones.c.id.in_(part),
            tombstones.c.author == member,
            tombstones.c.collection == collection,
        )
        deleted.update((row.id, row.version) for row in connection.execute(gone))
    belongs = (
        select(audiences.c.audience, audiences.c.scope)
        .join(audience_members, audience_members.c.scope == audiences.c.scope)
        .where(audience_members.c.member == member)
    )
    scopes = {row.audience: row.scope for row in connection.execute(belongs)}
    return Known(held, frozenset(deleted), scopes, _approved(connection, digests))


def write(connection: Connection, log: LeafLog, taken: Sequence[Taken], now: int) -> None:
    """Write versions and log them; whichever fails, nothing stays.

    Args:
        connection: In a transaction that holds the lock.
        log: Where each share leaves a leaf.
        taken: In the order of their sequence numbers.
        now: Microseconds since 1970.
    """
    if not taken:
        return
    seq, added = connection.execute(select(counter.c.seq, counter.c.date_added)).one()
    added = max(added, now - 1)
    places = {(one.held.id, one.held.author, one.held.collection) for one in taken}
    former = _former(connection, places)
    rows = [_row(one, seq + number, added + number) for number, one in enumerate(taken, 1)]
    connection.execute(insert(objects), rows)
    repeated = former | _repeated(taken)
    for place in sorted(repeated):
        flag(connection, *place)
    connection.execute(update(counter).values(seq=seq + len(taken), date_added=added + len(taken)))
    events: defaultdict[tuple[LeafKind, bytes], list[list[object]]] = defaultdict(list)
    for one in taken:
        events[one.kind, one.pseudonym].append([one.held.id, one.held.version])
    for (kind, pseudonym), versions in events.items():
        log.append(kind, pseudonym, {"versions": versions})


def flag(connection: Connection, id_: str, author: str, collection: str) -> None:
    """Mark the first and the last version of an object; no former one outlives the last one."""
    place = and_(
        objects.c.id == id_, objects.c.author == author, objects.c.collection == collection
    )
    query = select(objects.c.version, objects.c.retain_day).where(place)
    every = sorted(tuple(row) for row in connection.execute(query))
    if not every:
        return
    first, last, until = every[0][0], every[-1][0], every[-1][1]
    connection.execute(
        update(objects)
        .where(place)
        .values(is_first=objects.c.version == first, is_last=objects.c.version == last)
    )
    connection.execute(
        update(objects).where(place, objects.c.retain_day > until).values(retain_day=until)
    )


def remove(
    connection: Connection, log: LeafLog, forum_key: bytes, gone: Sequence[Held], kind: LeafKind
) -> None:
    """Delete versions, leave tombstones and leaves."""
    if not gone:
        return
    for one in gone:
        connection.execute(
            delete(objects).where(
                objects.c.id == one.id,
                objects.c.author == one.author,
                objects.c.collection == one.collection,
                objects.c.version == one.version,
            )
        )
    keys = ("id", "author", "collection", "version")
    connection.execute(
        insert(tombstones), [{key: getattr(one, key) for key in keys} for one in gone]
    )
    for place in sorted({(one.id, one.author, one.collection) for one in gone}):
        flag(connection, *place)
    events: defaultdict[bytes, list[list[object]]] = defaultdict(list)
    for one in gone:
        pseudonym = pseudonym_of(forum_key, one.author, one.root)
        events[pseudonym].append([one.id, one.version])
    for pseudonym, versions in events.items():
        log.append(kind, pseudonym, {"versions": versions})


def restate(connection: Connection, campaign_id: str, state: str, now: int) -> int:
    """Put a `board_state` on the last version of a campaign, and return how many rows changed.

    The version is the same one; it is added anew, so that whoever pulls by date or cursor meets it.
    """
    place = and_(
        objects.c.id == campaign_id, objects.c.type == "campaign", objects.c.is_last.is_(True)
    )
    rows = connection.execute(select(objects.c.seq, objects.c.body).where(place)).all()
    for row in rows:
        seq, added = connection.execute(select(counter.c.seq, counter.c.date_added)).one()
        stix = orjson.loads(bytes(row.body))
        stix["extensions"][str(Extension.CAMPAIGN)]["board_state"] = state
        fresh = {"seq": seq + 1, "date_added": max(added + 1, now)}
        changed = {**fresh, "body": orjson.dumps(stix)}
        connection.execute(update(objects).where(objects.c.seq == row.seq).values(changed))
        connection.execute(update(counter).values(fresh))
    return len(rows)


def expired(connection: Connection, today: date, most: int) -> list[Held]:
    """Return versions whose last day has passed, at most so many."""
    query = select(*_HELD).where(objects.c.retain_day < today.toordinal()).limit(most)
    return [_held(row) for row in connection.execute(query)]


def _held(row: Row[*tuple[object, ...]]) -> Held:
    return Held(
        row.id, row.author, row.collection, row.version, row.scope,
        row.level, row.root, bytes(row.digest), row.revoked, row.retain_day,
    )  # fmt: skip


def _row(one: Taken, seq: int, added: int) -> dict[str, object]:
    held = one.held
    return {
        "seq": seq, "date_added": added, "collection": held.collection, "scope": held.scope,
        "id": held.id, "type": one.type, "version": held.version, "author": held.author,
        "root": held.root, "level": held.level, "is_first": True, "is_last": True,
        "revoked": held.revoked, "retain_day": held.retain_day, "digest": held.digest,
        "body": one.body,
    }  # fmt: skip


def _former(connection: Connection, places: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    found: set[tuple[str, str, str]] = set()
    ids = sorted({id_ for id_, _, _ in places})
    for start in range(0, len(ids), _LOOKUP):
        query = select(objects.c.id, objects.c.author, objects.c.collection).where(
            objects.c.id.in_(ids[start : start + _LOOKUP])
        )
        found.update((row.id, row.author, row.collection) for row in connection.execute(query))
    return found & places


def _repeated(taken: Sequence[Taken]) -> set[tuple[str, str, str]]:
    places = [(one.held.id, one.held.author, one.held.collection) for one in taken]
    seen: set[tuple[str, str, str]] = set()
    return {place for place in places if place in seen or seen.add(place)}  # type: ignore[func-returns-value]


def _approved(connection: Connection, digests: Sequence[bytes]) -> frozenset[bytes]:
    found: set[bytes] = set()
    for start in range(0, len(digests), _LOOKUP):
        query = (
            select(approvals.c.digest)
            .where(approvals.c.digest.in_(digests[start : start + _LOOKUP]))
            .group_by(approvals.c.digest)
            .having(func.count() >= 2)
        )
        found.update(bytes(row.digest) for row in connection.execute(query))
    return frozenset(found)
