"""Verifies a whole log from its public files, and says which of them is wrong.

Trust flows down: the signed root vouches for the last tile of every level, a tile vouches for those
below it, a leaf tile for the entries. Where a tile does not match what is above it, it is made anew
from the entries, so that one damaged file hides no other.

Source: RFC 6962; C2SP tlog-tiles, tlog-checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Final

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.ledger import tree
from stillwatch.sharing.ledger.cosign import Quorum
from stillwatch.sharing.ledger.durable import disk_errors
from stillwatch.sharing.ledger.log import CHECKPOINT
from stillwatch.sharing.ledger.notes import Checkpoint, Note, VerifierKey, signed_by
from stillwatch.sharing.ledger.tiles import (
    HEIGHT,
    WIDTH,
    Tiles,
    levels_at,
    tile_path,
    tile_root,
    width_at,
)

MAX_FAULTS: Final = 1000

Row = list[bytes]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        where: A path below the log's folder, or a leaf by its index.
        what: What is wrong with it.
    """

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What a verification found.

    Attributes:
        checkpoint: What the log claims.
        witnesses: Names of those that cosigned; empty where none were asked for.
        faults: At most `MAX_FAULTS`; none where all is as the checkpoint says.
    """

    checkpoint: Checkpoint
    witnesses: tuple[str, ...]
    faults: tuple[Fault, ...]


def verify_log(folder: Path, log: VerifierKey, quorum: Quorum | None = None) -> Audit:
    """Recompute a log from its tiles alone.

    Args:
        folder: That holds `checkpoint` and `tile`.
        log: Key of the log.
        quorum: Witnesses, a majority of whom must have cosigned; None asks for none.

    Raises:
        InputError: There is no checkpoint, or it cannot be read.
        ExternalError: The disk failed.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        raise InputError(f"{path}: missing", "name the folder of a log")
    with disk_errors(path):
        note = Note.parse(path.read_bytes())
    checkpoint = Checkpoint.parse(note.body)
    if checkpoint.origin != log.name or not signed_by(note, log):
        return Audit(checkpoint, (), (Fault(CHECKPOINT, f"not signed by {log.text()}"),))
    faults: list[Fault] = []
    names: tuple[str, ...] = ()
    if quorum:
        try:
            names = quorum.check(note)
        except SharingRefused as refusal:
            faults.append(Fault(CHECKPOINT, refusal.message))
    walk = _Walk(Tiles(folder), checkpoint)
    faults.extend(islice(walk.faults(), MAX_FAULTS - len(faults)))
    return Audit(checkpoint, names, tuple(faults))


class _Walk:
    """One pass from the root down to the entries."""

    def __init__(self, tiles: Tiles, checkpoint: Checkpoint) -> None:
        self._tiles = tiles
        self._root = checkpoint.root
        self._size = checkpoint.size

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong, level by level at the right edge and below it."""
        edge = self._edge()
        if edge is None:
            yield Fault(CHECKPOINT, "neither tiles nor entries give its root")
            return
        for level in reversed(range(len(edge))):
            if edge[level]:
                yield from self._below(level, self._size >> HEIGHT * (level + 1), edge[level])

    def _edge(self) -> Sequence[Row] | None:
        """Return the last, partial tile of each level such that together they give the root."""
        places = [
            (level, self._size >> HEIGHT * (level + 1)) for level in range(levels_at(self._size))
        ]
        stored = [self._stored(*place) for place in places]
        whole = [row for row in stored if row is not None]
        if len(whole) == len(places) and tree.root(_Edge(whole), self._size) == self._root:
            return whole
        for choice in product(*(self._readings(*place) for place in places)):
            if tree.root(_Edge(choice), self._size) == self._root:
                return choice
        return None

    def _below(self, level: int, index: int, right: Row) -> Iterator[Fault]:
        """Yield what is wrong with a tile whose right content is known, and below it."""
        if self._stored(level, index) != right:
            yield Fault(tile_path(level, index, len(right)), self._why(level, index))
        if level == 0:
            yield from self._leaves(index, right)
            return
        for at, expected in enumerate(right, index * WIDTH):
            row = self._trusted(level - 1, at, expected)
            if row is None:
                span = WIDTH**level
                where = tile_path(level - 1, at)
                yield Fault(where, self._why(level - 1, at))
                leaves = f"leaves {at * span:,} to {(at + 1) * span - 1:,}"
                yield Fault(leaves, "their entries do not give the hash above them")
            else:
                yield from self._below(level - 1, at, row)

    def _leaves(self, index: int, right: Row) -> Iterator[Fault]:
        try:
            entries = self._tiles.entries(index, len(right))
        except InputError as fault:
            yield Fault(tile_path("entries", index, len(right)), _after_path(fault))
            return
        for at, (entry, expected) in enumerate(zip(entries, right, strict=True), index * WIDTH):
            if tree.leaf_hash(entry) != expected:
                yield Fault(f"leaf {at}", f"is not what {tile_path(0, index, len(right))} holds")

    def _trusted(self, level: int, index: int, expected: bytes) -> Row | None:
        readings = self._readings(level, index)
        return next((row for row in readings if tile_root(row) == expected), None)

    def _readings(self, level: int, index: int) -> Iterator[Row]:
        """Yield what a tile may hold: as stored, by the tiles below it, by the entries."""
        if (row := self._stored(level, index)) is not None:
            yield row
        for below in (self._stored, self._from_entries)[: 1 + bool(level)]:
            if (row := self._remade(level, index, below)) is not None:
                yield row

    def _stored(self, level: int, index: int) -> Row | None:
        width = width_at(level, index, self._size)
        try:
            return self._tiles.hashes(level, index, width) if width else []
        except InputError:
            return None

    def _from_entries(self, level: int, index: int) -> Row | None:
        return self._remade(level, index, self._from_entries)

    def _remade(
        self, level: int, index: int, below: Callable[[int, int], Row | None]
    ) -> Row | None:
        """Return a tile made of what is below it; None where some of that cannot be read."""
        width = width_at(level, index, self._size)
        if level == 0:
            try:
                return [tree.leaf_hash(e) for e in self._tiles.entries(index, width)]
            except InputError:
                return None
        rows = [below(level - 1, at) for at in range(index * WIDTH, index * WIDTH + width)]
        return None if None in rows else [tile_root(row) for row in rows if row is not None]

    def _why(self, level: int, index: int) -> str:
        try:
            self._tiles.hashes(level, index, width_at(level, index, self._size))
        except InputError as fault:
            return _after_path(fault)
        return "does not give the hash above it"


class _Edge:
    """The perfect subtrees that make up the root, in the last tile of each level."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def node(self, level: int, index: int) -> bytes:
        tile_level, height = divmod(level, HEIGHT)
        start = (index << height) % WIDTH
        return tile_root(self._rows[tile_level][start : start + (1 << height)])


def _after_path(fault: InputError) -> str:
    return fault.message.partition(": ")[2]
