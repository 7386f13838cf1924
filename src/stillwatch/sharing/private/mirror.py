"""Finding matches at home, so that the board learns nothing of what a node looks for.

A full mirror pulls every row of an epoch in the order of `seq` and matches them here. A light one
holds the tags only, 16 bytes a row, and fetches the records of hits in pages of 256 rows, always
eight at a time: pages without a hit are drawn at random to make up the number.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from stillwatch.core.errors import ExternalError, InputError
from stillwatch.sharing.private.id_types import Epoch, end_of_week
from stillwatch.sharing.private.records import TAG_BYTES, Record, TagKey, open_sealed
from stillwatch.sharing.private.row_files import RowFile, disk_errors
from stillwatch.sharing.private.rows import (
    Row,
    RowFlag,
    Rows,
    TagIndex,
    read_rows,
    read_tags,
)

PAGE_ROWS: Final = 256
PAGES_AT_ONCE: Final = 8


class RowSource(Protocol):
    """The board's store of rows."""

    async def rows(self, epoch: Epoch, after_seq: int) -> bytes:
        """Return the next rows of an epoch with a larger `seq`, in its order; none at the end.

        Raises:
            ExternalError: The board cannot be reached.
        """
        ...

    async def tags(self, epoch: Epoch, first_place: int) -> bytes:
        """Return the next tags of an epoch's rows from a place on; none at the end.

        Raises:
            ExternalError: The board cannot be reached.
        """
        ...

    async def page(self, epoch: Epoch, number: int) -> bytes:
        """Return the rows of one page: those of the places 256 * number and on.

        Raises:
            ExternalError: The board cannot be reached.
        """
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that opened.

    Attributes:
        query: Which of the keys asked for opened it, from 0.
        row: The row.
        record: What it says.
    """

    query: int
    row: Row
    record: Record


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought.

    Attributes:
        hits: Records that count now.
        unopened: `seq` of rows with an equal tag that did not open: forged, or damaged.
    """

    hits: tuple[Hit, ...]
    unopened: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mirror:
    """A full mirror: one file an epoch, which only grows.

    Attributes:
        folder: Where the files are; made if missing.
    """

    folder: Path

    async def pull(self, source: RowSource, epoch: Epoch) -> int:
        """Fetch the rows that are new, and return how many they are.

        Raises:
            ExternalError: The board or the disk failed, or the board sent rows of another epoch or
                out of order; what came before stays.
        """
        file, pulled = RowFile(self.folder, epoch), 0
        with disk_errors("the mirror"):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.keep(len(file.rows()))
            after = file.last_seq()
        while data := await source.rows(epoch, after):
            rows = _checked(data, epoch)
            sequence = rows["seq"].astype(np.uint64)
            if int(sequence[0]) <= after or (sequence[1:] <= sequence[:-1]).any():
                raise ExternalError("the board sent rows out of order", "report it")
            with disk_errors("the mirror"):
                file.append(data)
            after, pulled = int(sequence[-1]), pulled + len(rows)
        return pulled

    def rows(self, epoch: Epoch) -> Rows:
        """Return the mirrored rows; the file is mapped, not read.

        Raises:
            ExternalError: The disk failed.
        """
        with disk_errors("the mirror"):
            return RowFile(self.folder, epoch).rows()

    def search(self, epoch: Epoch, keys: Sequence[TagKey], now: float) -> Found:
        """Find and open the records of identifiers.

        Args:
            epoch: Whose rows.
            keys: Of the identifiers, in that epoch.
            now: Seconds since 1 January 1970; expired rows do not count.

        Raises:
            ExternalError: The disk failed.
        """
        rows = self.rows(epoch)
        places = TagIndex(rows["tag"]).find([key.tag for key in keys])
        return opened(keys, [[rows[at].tobytes() for at in found] for found in places], now)

    def purge(self, now: float) -> list[Epoch]:
        """Delete the rows of epochs whose key is destroyed, and return those epochs.

        Raises:
            ExternalError: The disk failed.
        """
        with disk_errors("the mirror"):
            files = RowFile.all_in(self.folder)
            over = [file for file in files if now >= file.epoch.destroyed_from]
            for file in over:
                file.path.unlink()
        return [file.epoch for file in over]


async def pull_index(source: RowSource, epoch: Epoch) -> TagIndex:
    """Fetch the index of an epoch for a light mirror.

    Raises:
        ExternalError: The board failed, or sent what are no tags.
    """
    data = bytearray()
    while part := await source.tags(epoch, len(data) // TAG_BYTES):
        if len(part) % TAG_BYTES:
            raise ExternalError("the board sent no tags", "report it")
        data += part
    return TagIndex(read_tags(bytes(data)))


async def light_search(
    source: RowSource, index: TagIndex, keys: Sequence[TagKey], epoch: Epoch, now: float
) -> Found:
    """Find identifiers in an index, and open the records of hits.

    Pages are fetched eight at a time, in random order, with decoys; without a hit too, so that the
    board cannot tell whether there was one. Where hits need more than eight pages, eight more.

    Raises:
        ExternalError: The board failed.
    """
    places = index.find([key.tag for key in keys])
    wanted = {at // PAGE_ROWS for found in places for at in found}
    pages = {}
    for number in _with_decoys(wanted, -(-len(index) // PAGE_ROWS)):
        pages[number] = _checked(await source.page(epoch, number), epoch)
    rows = []
    for found in places:
        held = [(pages[at // PAGE_ROWS], at % PAGE_ROWS) for at in found]
        rows.append([page[at].tobytes() for page, at in held if at < len(page)])
    return opened(keys, rows, now)


def opened(keys: Sequence[TagKey], rows: Sequence[Sequence[bytes]], now: float) -> Found:
    """Open the rows of each key, leaving out those withdrawn or expired.

    Args:
        keys: Of the identifiers asked for.
        rows: For each key, all rows of its tag.
        now: Seconds since 1 January 1970.
    """
    hits, unopened = [], []
    for query, (key, found) in enumerate(zip(keys, rows, strict=True)):
        decoded = [Row.decode(data) for data in found]
        withdrawn = {
            (row.record.rid, row.record.pseudonym)
            for row in decoded
            if row.flags & RowFlag.WITHDRAWN
        }
        for row in decoded:
            gone = (row.record.rid, row.record.pseudonym) in withdrawn
            if gone or row.tag != key.tag or end_of_week(row.expiry_week) <= now:
                continue
            try:
                hits.append(Hit(query, row, open_sealed(key, row.record)))
            except InputError:
                unopened.append(row.seq)
    return Found(tuple(hits), tuple(unopened))


def _with_decoys(wanted: set[int], count: int) -> list[int]:
    """Return page numbers in random order, a multiple of eight of them unless there are fewer."""
    rounds = max(1, -(-len(wanted) // PAGES_AT_ONCE))
    others = sorted(set(range(count)) - wanted)
    draw = secrets.SystemRandom()
    decoys = draw.sample(others, min(len(others), rounds * PAGES_AT_ONCE - len(wanted)))
    return draw.sample([*wanted, *decoys], len(wanted) + len(decoys))


def _checked(data: bytes, epoch: Epoch) -> Rows:
    try:
        rows = read_rows(data)
    except InputError as error:
        raise ExternalError(f"the board sent no rows: {error.message}", "report it") from None
    if (rows["type"] != epoch.id_type.code).any() or (rows["epoch"] != epoch.number).any():
        raise ExternalError("the board sent rows of another epoch", "report it")
    return rows
