"""How much each member may look up a day, in SQLite: a restart resets nothing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from stillwatch.core.errors import ExternalError, SharingRefused
from stillwatch.sharing.private.id_types import DAY_SECONDS, IdType
from stillwatch.sharing.private.refused import QuotaSpent

DEFAULT_DAILY: Final = 200_000
DAILY: Final[Mapping[IdType, int]] = {
    known: 400_000 if known is IdType.TEMPLATE_BAND else DEFAULT_DAILY for known in IdType
}
"""Elements a member and day, padding included. At 200,000 a walk through IPv4 takes 59 years."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS used (
    day INTEGER, member TEXT, type INTEGER, count INTEGER NOT NULL, PRIMARY KEY (day, member, type)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS suspended (member TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_TAKE: Final = """
INSERT INTO used (day, member, type, count) VALUES (:day, :member, :type, :count)
ON CONFLICT DO UPDATE SET count = count + :count WHERE count + :count <= :most
"""


class Quotas:
    """Counts of the day, and who is suspended.

    Args:
        path: SQLite file; made if missing.
        clock: Seconds since 1 January 1970, UTC.
        daily: Elements a member, type and day.

    Raises:
        ExternalError: The file cannot be opened.
    """

    def __init__(
        self, path: Path, clock: Callable[[], float], daily: Mapping[IdType, int] = DAILY
    ) -> None:
        self._clock, self._daily = clock, daily
        self._lock = threading.Lock()
        with _sqlite_errors():
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_TABLES)

    def take(self, member: str, id_type: IdType, count: int) -> int:
        """Use part of the day's quota, wholly or not at all, and return the day for `give_back`.

        Raises:
            QuotaSpent: It does not reach.
            SharingRefused: The member is suspended until it opens what the auditor drew.
            ExternalError: The count could not be made durable.
        """
        now = self._clock()
        day = int(now // DAY_SECONDS)
        most = self._daily[id_type]
        values = {"day": day, "member": member, "type": id_type.code, "count": count, "most": most}
        with self._lock, _sqlite_errors(), self._transaction():
            if self._db.execute("SELECT 1 FROM suspended WHERE member = ?", (member,)).fetchone():
                raise SharingRefused(
                    "the member's quota is suspended",
                    "open the elements that the auditor drew",
                    "sw.quota.suspended",
                )
            self._db.execute("DELETE FROM used WHERE day < ?", (day - 1,))
            taken = self._db.execute(_TAKE, values).rowcount if count <= most else 0
        if not taken:
            raise QuotaSpent(int((day + 1) * DAY_SECONDS - now) + 1)
        return day

    def give_back(self, member: str, id_type: IdType, count: int, day: int) -> None:
        """Return what `take` used, as nothing was evaluated.

        Raises:
            ExternalError: The count could not be made durable.
        """
        with self._lock, _sqlite_errors():
            self._db.execute(
                "UPDATE used SET count = count - ? WHERE day = ? AND member = ? AND type = ?",
                (count, day, member, id_type.code),
            )

    def suspend(self, member: str) -> None:
        """Let a member look up nothing until `resume`.

        Raises:
            ExternalError: It could not be made durable.
        """
        with self._lock, _sqlite_errors():
            self._db.execute("INSERT OR IGNORE INTO suspended VALUES (?)", (member,))

    def resume(self, member: str) -> None:
        """Take a suspension back.

        Raises:
            ExternalError: It could not be made durable.
        """
        with self._lock, _sqlite_errors():
            self._db.execute("DELETE FROM suspended WHERE member = ?", (member,))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


@contextmanager
def _sqlite_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise ExternalError(f"quotas: {error}", "free the disk or the lock, then retry") from None
