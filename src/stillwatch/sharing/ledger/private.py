"""What the log keeps to itself: leaves not yet in tiles, and what the leaves commit to.

Salts and events can be erased; the leaves then still prove that something was logged, when, by
whom and of which kind, and nothing more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from stillwatch.core.errors import ExternalError
from stillwatch.sharing.ledger.leaves import Opening

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS journal (leaf INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS openings (
    leaf INTEGER PRIMARY KEY, salt BLOB NOT NULL, event BLOB NOT NULL
) STRICT;
"""


class PrivateStore:
    """An SQLite file: a write is durable when the call returns, or did not happen."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._errors():
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            path.chmod(0o600)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                self._database.execute(f"PRAGMA {pragma}")
            self._database.executescript(_SCHEMA)

    def add(self, first: int, entries: Sequence[bytes], openings: Sequence[Opening]) -> None:
        """Store leaves from an index on, and what opens them.

        Raises:
            ExternalError: The disk is full or failed; nothing was stored.
        """
        numbered = range(first, first + len(entries))
        with self._transaction() as database:
            database.executemany(
                "INSERT INTO journal VALUES (?, ?)", zip(numbered, entries, strict=True)
            )
            database.executemany(
                "INSERT INTO openings VALUES (?, ?, ?)",
                ((leaf, o.salt, o.event) for leaf, o in zip(numbered, openings, strict=True)),
            )

    def journal(self, first: int) -> list[bytes]:
        """Return the entries from an index on that are not known to be in tiles.

        Raises:
            ExternalError: They do not follow the index without a gap, or the disk failed.
        """
        with self._errors():
            rows = self._database.execute(
                "SELECT leaf, entry FROM journal WHERE leaf >= ? ORDER BY leaf", (first,)
            ).fetchall()
        if any(leaf != first + at for at, (leaf, _) in enumerate(rows)):
            hint = "restore tiles and private store from one moment"
            raise ExternalError(f"{self._path}: does not go on from leaf {first:,}", hint)
        return [entry for _, entry in rows]

    def trim(self, before: int) -> None:
        """Drop the entries below an index, once they are in tiles.

        Raises:
            ExternalError: The disk failed.
        """
        with self._transaction() as database:
            database.execute("DELETE FROM journal WHERE leaf < ?", (before,))

    def opening(self, leaf: int) -> Opening | None:
        """Return what opens a leaf; None once it is erased.

        Raises:
            ExternalError: The disk failed.
        """
        with self._errors():
            row = self._database.execute(
                "SELECT salt, event FROM openings WHERE leaf = ?", (leaf,)
            ).fetchone()
        return Opening(*row) if row else None

    def erase(self, leaves: Sequence[int]) -> None:
        """Overwrite what opens these leaves, in the file and in its write-ahead log.

        Raises:
            ExternalError: The disk failed, or another process reads the file.
        """
        with self._transaction() as database:
            database.executemany("DELETE FROM openings WHERE leaf = ?", ((n,) for n in leaves))
        with self._errors():
            busy, *_ = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise ExternalError(f"{self._path}: in use, so erased rows remain", "try again")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._errors():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as fault:
            hint = "free some space or repair the disk; nothing was changed"
            raise ExternalError(f"{self._path}: {fault}", hint) from None
