"""The board's side of tags: takes sets of rows, numbers them, hands them out, forgets them.

Beside the rows of an epoch stands a file of sets: root 32, first `seq` u64, count u32 for each set
that was accepted. It is what commits: rows that no set covers are dropped at the next start. The
same set posted again is accepted again and stored once.
"""

from __future__ import annotations

import os
import struct
import threading
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.contracts import LeafKind, LeafLog
from stillwatch.sharing.private.epochs import HOLDER
from stillwatch.sharing.private.id_types import Epoch, week_of
from stillwatch.sharing.private.mirror import PAGE_ROWS
from stillwatch.sharing.private.refused import EpochOver
from stillwatch.sharing.private.row_files import RowFile, append_durably, disk_errors
from stillwatch.sharing.private.rows import ROW_BYTES, Row, Rows, tag_set

MOST_ROWS: Final = 10_000
"""Rows of one set."""
MOST_AT_ONCE: Final = 16_384
"""Rows of one answer."""
_SET: Final = struct.Struct(">32sQI")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A set that the board holds.

    Attributes:
        root: Its root, 32 bytes.
        first: `seq` of its first row.
        count: Its rows.
    """

    root: bytes
    first: int
    count: int


class TagStore:
    """Rows in a folder; one process writes it.

    Args:
        folder: Made if missing, for the owner alone.
        log: Where sets and purges are logged.
        clock: Seconds since 1 January 1970, UTC.

    Raises:
        ExternalError: The disk failed.
    """

    def __init__(self, folder: Path, log: LeafLog, clock: Callable[[], float]) -> None:
        self._folder, self._log, self._clock = folder, log, clock
        self._lock = threading.Lock()
        self._sets: dict[Epoch, dict[bytes, Accepted]] = {}
        self._counts: dict[Epoch, int] = {}  # of rows that readers may see
        with disk_errors("the tag store"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._seq = _purged_up_to(folder)
            for file in RowFile.all_in(folder):
                sets = _read_sets(_sets_path(file))
                self._sets[file.epoch] = sets
                self._counts[file.epoch] = sum(one.count for one in sets.values())
                file.keep(self._counts[file.epoch])
                self._seq = max(self._seq, file.last_seq())

    def add(self, pseudonym: bytes, data: bytes) -> Accepted:
        """Take a set of rows.

        Args:
            pseudonym: The contributor's, as the board derives it, 16 bytes.
            data: Joined rows with `seq` zero, at most 10,000.

        Raises:
            InputError: They are no rows.
            EpochOver: The epoch is past.
            SharingRefused: Too few rows, several epochs, another's pseudonym, a `seq` of their own,
                or weeks beyond the epoch.
            ExternalError: The disk or the log failed; nothing was stored.
        """
        if len(data) > MOST_ROWS * ROW_BYTES or len(data) % ROW_BYTES:
            raise InputError(f"a set has at most {MOST_ROWS} rows of {ROW_BYTES} bytes")
        rows = [Row.decode(data[at : at + ROW_BYTES]) for at in range(0, len(data), ROW_BYTES)]
        joined, root = tag_set(rows)
        epoch = rows[0].epoch
        self._check(epoch, rows, pseudonym)
        with self._lock:
            known = self._sets.setdefault(epoch, {})
            if root not in known:
                known[root] = self._store(epoch, pseudonym, joined, Accepted(root, 0, len(rows)))
            return known[root]

    async def rows(self, epoch: Epoch, after_seq: int) -> bytes:
        """Return rows with a larger `seq`, in its order; see `mirror.RowSource`."""
        held = self._held(epoch)
        start = bisect_right(held["seq"], after_seq)
        return held[start : start + MOST_AT_ONCE].tobytes()

    async def tags(self, epoch: Epoch, first_place: int) -> bytes:
        """Return tags from a place on; see `mirror.RowSource`."""
        return self._held(epoch)["tag"][first_place : first_place + MOST_AT_ONCE].tobytes()

    async def page(self, epoch: Epoch, number: int) -> bytes:
        """Return the rows of one page; see `mirror.RowSource`."""
        return self._held(epoch)[PAGE_ROWS * number : PAGE_ROWS * (number + 1)].tobytes()

    def purge(self) -> list[Epoch]:
        """Delete and log the epochs whose key is destroyed, and return them.

        Raises:
            ExternalError: The disk or the log failed; call again.
        """
        now, purged = self._clock(), []
        with self._lock, disk_errors("the tag store"):
            for file in RowFile.all_in(self._folder):
                epoch = file.epoch
                if now < epoch.destroyed_from:
                    continue
                append_durably(self._folder / "seq", self._seq.to_bytes(8, "big"))
                event = {"type": epoch.id_type.label, "epoch": epoch.number}
                self._log.append(LeafKind.PURGE, HOLDER, event)
                _sets_path(file).unlink(missing_ok=True)
                file.path.unlink()
                self._sets.pop(epoch, None)
                self._counts.pop(epoch, None)
                purged.append(epoch)
        return purged

    def _check(self, epoch: Epoch, rows: list[Row], pseudonym: bytes) -> None:
        now = self._clock()
        if now >= epoch.destroyed_from:
            raise EpochOver("the epoch is over", "tag again in the current one", "sw.epoch.over")
        if now < epoch.start:
            raise SharingRefused("the epoch has not begun", code="sw.epoch.not_begun")
        if any(row.seq for row in rows):
            raise SharingRefused("the board numbers rows, not their contributor", code="sw.row.seq")
        if any(row.record.pseudonym != pseudonym for row in rows):
            raise SharingRefused("rows of another contributor", code="sw.row.pseudonym")
        last_week = week_of(epoch.destroyed_from)
        if any(not week_of(now) <= row.expiry_week <= last_week for row in rows):
            raise SharingRefused(
                "a row expires before now or after its epoch", code="sw.row.expiry"
            )

    def _store(self, epoch: Epoch, pseudonym: bytes, joined: bytes, new: Accepted) -> Accepted:
        file = RowFile(self._folder, epoch)
        accepted = Accepted(new.root, self._seq + 1, new.count)
        numbered = bytearray(joined)
        for index in range(new.count):
            at = index * ROW_BYTES
            numbered[at : at + 8] = (accepted.first + index).to_bytes(8, "big")
        event = {
            "type": epoch.id_type.label,
            "epoch": epoch.number,
            "set_root": new.root.hex(),
            "row_first": accepted.first,
            "row_last": accepted.first + new.count - 1,
        }
        held, sets_path = self._counts.get(epoch, 0), _sets_path(file)
        with disk_errors("the tag store"):
            file.keep(held)  # what a set that failed half-way left behind
            if sets_path.exists():
                os.truncate(sets_path, len(self._sets[epoch]) * _SET.size)
            file.append(bytes(numbered))
            self._log.append(LeafKind.SHARE, pseudonym, event)
            append_durably(sets_path, _SET.pack(accepted.root, accepted.first, accepted.count))
        self._seq += new.count
        self._counts[epoch] = held + new.count
        return accepted

    def _held(self, epoch: Epoch) -> Rows:
        """Return the rows that accepted sets cover."""
        with disk_errors("the tag store"):
            return RowFile(self._folder, epoch).rows()[: self._counts.get(epoch, 0)]


def _sets_path(file: RowFile) -> Path:
    return file.path.with_suffix(".sets")


def _read_sets(path: Path) -> dict[bytes, Accepted]:
    data = path.read_bytes() if path.exists() else b""
    whole = len(data) - len(data) % _SET.size
    found = [Accepted(*fields) for fields in _SET.iter_unpack(data[:whole])]
    return {one.root: one for one in found}


def _purged_up_to(folder: Path) -> int:
    """Return the last `seq` that a purge noted, so that no number is given twice."""
    path = folder / "seq"
    data = path.read_bytes() if path.exists() else b""
    noted = struct.iter_unpack(">Q", data[: len(data) - len(data) % 8])
    return max((number for (number,) in noted), default=0)
