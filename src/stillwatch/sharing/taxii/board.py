"""The board without HTTP: posts, pages, deletes, purges; one writer, many readers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeVar
from uuid import uuid4

from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from stillwatch.core.errors import ExternalError, SharingRefused
from stillwatch.sharing.contracts import LeafKind, LeafLog
from stillwatch.sharing.governance.gate import FieldGate, is_fixed
from stillwatch.sharing.stix.tlp import MARKING_IDS, Level
from stillwatch.sharing.taxii import reading, writing
from stillwatch.sharing.taxii.collections import COLLECTIONS
from stillwatch.sharing.taxii.cursor import Position
from stillwatch.sharing.taxii.errors import Answer, not_found
from stillwatch.sharing.taxii.filters import Filters
from stillwatch.sharing.taxii.ingest import Held, Judge, Taken, digest_of, ids_of
from stillwatch.sharing.taxii.status import Outcome, status_body
from stillwatch.sharing.taxii.tables import statuses
from stillwatch.sharing.taxii.times import micros_of
from stillwatch.sharing.taxii.visibility import Viewer

T = TypeVar("T")
BoardState = Literal["single-source", "corroborated", "disputed", "expired"]

STATUS_HOURS: Final = 48

_PURGED_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Posted:
    """What a post came to.

    Attributes:
        status: The serialised status resource.
        scopes: Whose bells are to ring.
    """

    status: bytes
    scopes: frozenset[int]


class Board:
    """The objects of a forum, over one database.

    Args:
        engine: Opened by `tables.open_engine`.
        gate: The field gate with the board's register.
        log: The transparency log.
        forum_key: 32 bytes; makes pseudonyms, and never leaves the board.
        clock: Returns the time, aware.
    """

    def __init__(
        self, engine: Engine, gate: FieldGate, log: LeafLog, forum_key: bytes,
        clock: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self.engine = engine
        self.gate = gate
        self.clock = clock
        self._log = log
        self._forum_key = forum_key
        self._writer = ThreadPoolExecutor(1, "board-writer")

    def close(self) -> None:
        """Finish what is being written and let the database go."""
        self._writer.shutdown()
        self.engine.dispose()

    def post(self, viewer: Viewer, collection: str, batch: Sequence[object]) -> Posted:
        """Judge and store a batch; one bad object fails alone.

        Raises:
            ExternalError: Disk, database or log failed; nothing of the batch was stored.
        """
        return self._write(lambda connection: self._post(connection, viewer, collection, batch))

    def page(
        self, viewer: Viewer, collection: str, filters: Filters, limit: int,
        position: Position | None, bodies: bool,
    ) -> reading.Page:  # fmt: skip
        """Read one page; see `reading.read_page`."""
        today = self.clock().astimezone(UTC).date().toordinal()
        return self._read(
            lambda connection: reading.read_page(
                connection, viewer, collection, today, filters, limit, position, bodies
            )
        )

    def holds(self, viewer: Viewer, collection: str, id_: str) -> bool:
        """Say whether a viewer sees any version of an object."""
        today = self.clock().astimezone(UTC).date().toordinal()
        return self._read(lambda con: reading.holds(con, viewer, collection, today, id_))

    def status(self, viewer: Viewer, id_: str) -> bytes:
        """Return a status resource to who posted.

        Raises:
            Answer: 404: none, or another member's.
        """
        query = select(statuses.c.body).where(
            statuses.c.id == id_, statuses.c.member == f"{viewer.root}/{viewer.member}"
        )
        body = self._read(lambda connection: connection.execute(query).scalar())
        if body is None:
            raise not_found()
        return bytes(body)

    def delete(self, viewer: Viewer, collection: str, id_: str, filters: Filters) -> None:
        """Delete an object's versions, by its author only.

        Raises:
            Answer: 404: not seen; 403: another's object.
            ExternalError: Disk, database or log failed; nothing was deleted.
        """
        self._write(lambda con: self._delete(con, viewer, collection, id_, filters))

    def set_state(self, campaign_id: str, state: BoardState) -> int:
        """Say how well a campaign stands; return how many of that id changed.

        Who decides (rule r of M, opinions, expiry) is not the store's matter.
        """
        now = micros_of(self.clock().astimezone(UTC))
        return self._write(lambda con: writing.restate(con, campaign_id, state, now))

    def sweep(self) -> int:
        """Purge what must not be kept any longer, and old statuses; return the versions purged."""
        purged = 0
        while (count := self._write(self._purge)) > 0:
            purged += count
        return purged

    def _post(
        self, connection: Connection, viewer: Viewer, collection: str, batch: Sequence[object]
    ) -> Posted:
        now = self.clock().astimezone(UTC)
        known = writing.look_up(
            connection, ids_of(batch), viewer.member, collection, _clear_digests(batch)
        )
        place = COLLECTIONS[collection]
        judge = Judge(self.gate, self._forum_key, viewer, place, now.date(), known)
        taken: list[Taken] = []
        outcomes = [_outcome(judge, stix, taken) for stix in batch]
        writing.write(connection, self._log, taken, micros_of(now))
        id_ = str(uuid4())
        body = status_body(id_, micros_of(now), outcomes)
        connection.execute(
            insert(statuses).values(
                id=id_,
                member=f"{viewer.root}/{viewer.member}",
                created=micros_of(now),
                body=body,
            )
        )
        return Posted(body, frozenset(one.held.scope for one in taken))

    def _delete(
        self, connection: Connection, viewer: Viewer, collection: str, id_: str, filters: Filters
    ) -> None:
        today = self.clock().astimezone(UTC).date().toordinal()
        if not reading.holds(connection, viewer, collection, today, id_):
            raise not_found()
        known = writing.look_up(connection, [id_], viewer.member, collection, ())
        own = sorted(
            (
                one
                for one in known.held.get(id_, [])
                if (one.author, one.collection) == (viewer.member, collection)
            ),
            key=lambda one: one.version,
        )
        if not own:
            raise Answer(403, "sw.author.not_yours", "only its author may delete an object")
        spec = filters.spec_versions
        gone = [one for one in own if _named(one, own, filters)]
        if spec is None or reading.SPEC_VERSION in spec:
            writing.remove(connection, self._log, self._forum_key, gone, LeafKind.WITHDRAWAL)

    def _purge(self, connection: Connection) -> int:
        now = self.clock().astimezone(UTC)
        gone = writing.expired(connection, now.date(), _PURGED_AT_ONCE)
        writing.remove(connection, self._log, self._forum_key, gone, LeafKind.PURGE)
        oldest = micros_of(now) - STATUS_HOURS * 3_600_000_000
        connection.execute(delete(statuses).where(statuses.c.created < oldest))
        return len(gone)

    def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            with self.engine.connect() as connection:
                return work(connection)
        except SQLAlchemyError as error:
            raise ExternalError("the board's database failed", "retry") from error

    def _write(self, work: Callable[[Connection], T]) -> T:
        def locked() -> T:
            with self.engine.begin() as connection:
                writing.lock(connection)
                return work(connection)

        try:
            return self._writer.submit(locked).result()
        except SQLAlchemyError as error:
            raise ExternalError("the board's database failed", "retry") from error


def _outcome(judge: Judge, stix: object, taken: list[Taken]) -> Outcome:
    try:
        if not isinstance(stix, dict):
            raise SharingRefused("not an object", "", "sw.schema.type")
        if not is_fixed(stix):
            found = judge.take(stix)
            taken.extend([] if found is None else [found])
    except SharingRefused as refused:
        return Outcome.of(stix, f"{refused.code}: {refused.message}")
    return Outcome.of(stix, None)


def _named(one: Held, own: list[Held], filters: Filters) -> bool:
    wanted = filters.versions
    return (
        "all" in wanted
        or one.version in wanted
        or ("first" in wanted and one is own[0])
        or ("last" in wanted and one is own[-1])
    )


def _clear_digests(batch: Sequence[object]) -> list[bytes]:
    found = []
    for stix in batch:
        if isinstance(stix, dict) and MARKING_IDS[Level.CLEAR] in str(
            stix.get("object_marking_refs")
        ):
            try:
                found.append(digest_of(stix))
            except SharingRefused:
                continue  # the gate says why
    return found
