"""What a node remembers of its lookups, in SQLite.

Outputs stay until they may no longer be kept, batches until their audit is over. Who reads this
file can test guesses against the outputs: it is as sensitive as the traffic log that the
identifiers come from. What is deleted is overwritten (SQLite's `secure_delete`).
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from stillwatch.core.errors import ExternalError, InputError
from stillwatch.sharing.private.commit_open import CommittedBatch
from stillwatch.sharing.private.id_types import Epoch
from stillwatch.sharing.private.voprf import Blinded

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS outputs (
    type INTEGER, epoch INTEGER, x BLOB, y BLOB NOT NULL, retain_until INTEGER NOT NULL,
    PRIMARY KEY (type, epoch, x)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outputs_retain ON outputs (retain_until);
CREATE TABLE IF NOT EXISTS batches (
    root BLOB PRIMARY KEY, leaf INTEGER, content BLOB NOT NULL, retain_until INTEGER NOT NULL
);
"""
_ENTRY: Final = struct.Struct(">32s32s16sH")


class NodeStore:
    """Outputs and batches.

    Args:
        path: SQLite file; made if missing, for the owner alone.

    Raises:
        ExternalError: It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        with _store_errors():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path)
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
                self._db.execute(f"PRAGMA {pragma}")
            self._db.executescript(_TABLES)

    def outputs(self, epoch: Epoch, inputs: Sequence[bytes]) -> list[bytes | None]:
        """Return the known output of each input, None where there is none.

        Raises:
            ExternalError: The file cannot be read.
        """
        query = "SELECT y FROM outputs WHERE type = ? AND epoch = ? AND x = ?"
        key = epoch.id_type.code, epoch.number
        with _store_errors():
            found = [self._db.execute(query, (*key, _digest(x))).fetchone() for x in inputs]
        return [row[0] if row else None for row in found]

    def keep_outputs(
        self, epoch: Epoch, inputs: Sequence[bytes], outputs: Sequence[bytes], retain_until: int
    ) -> None:
        """Remember outputs up to a day, counted from 1 January 1970.

        Raises:
            ExternalError: The file cannot be written.
        """
        rows = [
            (epoch.id_type.code, epoch.number, _digest(x), y, retain_until)
            for x, y in zip(inputs, outputs, strict=True)
        ]
        with _store_errors(), self._db:
            self._db.executemany("INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, ?)", rows)

    def keep_batch(self, batch: CommittedBatch, retain_until: int) -> None:
        """Remember a batch before it is sent, so that it can be opened whatever happens then.

        Raises:
            ExternalError: The file cannot be written.
        """
        content = b"".join(
            _ENTRY.pack(one.blind, one.element, salt, len(one.x)) + one.x
            for one, salt in zip(batch.blinded, batch.salts, strict=True)
        )
        with _store_errors(), self._db:
            self._db.execute(
                "INSERT INTO batches VALUES (?, NULL, ?, ?)", (batch.root, content, retain_until)
            )

    def logged(self, root: bytes, leaf: int) -> None:
        """Remember which leaf of the key holder's log a batch is in.

        Raises:
            ExternalError: The file cannot be written.
        """
        with _store_errors(), self._db:
            self._db.execute("UPDATE batches SET leaf = ? WHERE root = ?", (leaf, root))

    def batch(self, root: bytes) -> tuple[CommittedBatch, int | None]:
        """Return the batch of a root, and its leaf if the key holder's answer came.

        Raises:
            InputError: No such batch is remembered.
            ExternalError: The file cannot be read.
        """
        with _store_errors():
            row = self._db.execute(
                "SELECT content, leaf FROM batches WHERE root = ?", (root,)
            ).fetchone()
        if row is None:
            raise InputError("no batch of that root is remembered")
        content, at = row[0], 0
        blinded, salts = [], []
        while at < len(content):
            blind, element, salt, length = _ENTRY.unpack_from(content, at)
            at += _ENTRY.size + length
            blinded.append(Blinded(content[at - length : at], blind, element))
            salts.append(salt)
        return CommittedBatch(tuple(blinded), tuple(salts), root), row[1]

    def purge(self, today: int) -> None:
        """Forget what may be kept only up to a day before today, counted from 1 January 1970.

        Raises:
            ExternalError: The file cannot be written.
        """
        with _store_errors():
            with self._db:
                self._db.execute("DELETE FROM outputs WHERE retain_until < ?", (today,))
                self._db.execute("DELETE FROM batches WHERE retain_until < ?", (today,))
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _digest(x: bytes) -> bytes:
    return hashlib.sha256(x).digest()


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise ExternalError(f"the node's store: {error}", "free the disk, then retry") from None
    except OSError as error:
        raise ExternalError(f"the node's store: {error.strerror}", "mend it, then retry") from None
