"""The file in which a node keeps its state.

SQLite through the standard library: a node is one process with one writer, and nobody queries its
state from outside, so a second database would be one more thing to run and to secure. Erased rows
are overwritten (`secure_delete`), which a purge relies on.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from stillwatch.core.errors import ConfigError, ExternalError

_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE object (
    object_id TEXT PRIMARY KEY, version TEXT NOT NULL, kind TEXT NOT NULL,
    received_us INTEGER NOT NULL, retain_until TEXT NOT NULL, body BLOB NOT NULL)
    STRICT;
CREATE INDEX object_expiry ON object (retain_until);
CREATE TABLE withdrawal (
    object_id TEXT PRIMARY KEY, at_us INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE TABLE commitment (
    commitment_id INTEGER PRIMARY KEY, cluster TEXT NOT NULL, null_id TEXT NOT NULL,
    detector_version TEXT NOT NULL, calibration_id TEXT NOT NULL, basis TEXT NOT NULL,
    committed_us INTEGER NOT NULL, leaf INTEGER NOT NULL,
    salt BLOB NOT NULL) STRICT;
CREATE TABLE evidence (
    commitment_id INTEGER NOT NULL REFERENCES commitment, first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL, log_e REAL NOT NULL,
    PRIMARY KEY (commitment_id, first_us)) STRICT;
CREATE TABLE decision (
    decision_id TEXT PRIMARY KEY, at_us INTEGER NOT NULL, cluster TEXT NOT NULL,
    step TEXT NOT NULL, reason TEXT NOT NULL, own_e REAL NOT NULL, total_e REAL NOT NULL,
    undone_us INTEGER) STRICT;
CREATE TABLE derived (
    child TEXT NOT NULL, parent TEXT NOT NULL, PRIMARY KEY (parent, child)) STRICT, WITHOUT ROWID;
CREATE INDEX derived_child ON derived (child);
CREATE TABLE review (
    review_id INTEGER PRIMARY KEY, decision_id TEXT NOT NULL REFERENCES decision,
    cause TEXT NOT NULL, opened_us INTEGER NOT NULL, due TEXT NOT NULL,
    outcome TEXT, closed_us INTEGER, UNIQUE (decision_id, cause)) STRICT;
CREATE TABLE appeal (
    appeal_id TEXT PRIMARY KEY, object_id TEXT NOT NULL, opened TEXT NOT NULL, due TEXT NOT NULL,
    state TEXT NOT NULL) STRICT;
CREATE TABLE barred (tag BLOB PRIMARY KEY, why TEXT NOT NULL, since_us INTEGER NOT NULL) STRICT;
CREATE TABLE hit (tag BLOB NOT NULL, at_us INTEGER NOT NULL) STRICT;
CREATE INDEX hit_tag ON hit (tag, at_us);
CREATE TABLE matched (
    tag BLOB NOT NULL, account TEXT NOT NULL, PRIMARY KEY (tag, account)) STRICT, WITHOUT ROWID;
CREATE TABLE purge (purge_id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, count_band TEXT NOT NULL,
    leaf INTEGER) STRICT;
"""


class NodeState:
    """The open state of one node: transactions over one SQLite file that only its owner reads."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Args:
            path: The file; its folder exists.

        Raises:
            ConfigError: The file is no state of a node, or of a later version.
            ExternalError: The disk failed.
        """
        self.path = path
        with _failures(path):
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("PRAGMA secure_delete=ON")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={_VERSION}; COMMIT;"
            )
        elif version != _VERSION:
            raise ConfigError(
                f"{self.path}: state of version {version}, and this is version {_VERSION}",
                "use the release that wrote it",
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection; everything inside is kept, or nothing.

        Raises:
            ExternalError: The disk failed; nothing was kept.
        """
        with _failures(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def erase_history(self) -> None:
        """Empty the write-ahead log, which holds copies of rows that are gone.

        Raises:
            ExternalError: The disk failed, or somebody else is reading the file.
        """
        with _failures(self.path):
            busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise ExternalError(
                f"{self.path}: somebody reads the file, so erased rows stay in its log",
                "close other readers and purge again",
            )

    def close(self) -> None:
        """Close the file; a closed state is of no further use."""
        self._connection.close()


@contextmanager
def _failures(path: Path) -> Iterator[None]:
    """Turn what the database or the system says into an error to act on, without any row's data."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise ExternalError(
            f"{path}: {error}", "free some space, or see who else has the file open; then try again"
        ) from error
    except sqlite3.DatabaseError as error:
        raise ConfigError(
            f"{path}: not a usable state of a node", "restore it from a backup"
        ) from error
    except OSError as error:
        raise ExternalError(
            f"{path}: {error.strerror or error}", "choose a folder that you may write to"
        ) from error
