"""A log on disk as static files: tiles of 256 hashes and bundles of 256 entries.

    tile/0/x001/067          256 leaf hashes, 8,192 bytes
    tile/1/000.p/17          17 roots of full tiles of the level below
    tile/entries/x001/067    256 entries, each after its length as a big-endian u16

Files never change once a checkpoint covers them, so any web server or copy can serve a log.

Source: C2SP tlog-tiles.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from stillwatch.core.errors import InputError, UnitError
from stillwatch.sharing.ledger.durable import disk_errors, sync_folder, write_durably
from stillwatch.sharing.ledger.tree import leaf_hash, node_hash

WIDTH: Final = 256
HEIGHT: Final = 8
HASH_BYTES: Final = 32
MAX_ENTRY_BYTES: Final = 2**16 - 1


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Return the path of a tile below the folder of its log.

    Args:
        level: 0 to 63, or `entries`.
        index: Place in the level.
        width: Hashes or entries in it, 1 to 256.
    """
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03d}")
    partial = f".p/{width}" if width < WIDTH else ""
    return f"tile/{level}/{'/'.join(reversed(parts))}{partial}"


def width_at(level: int, index: int, size: int) -> int:
    """Return how many hashes a tile holds in a log of `size` leaves: 0 to 256."""
    return max(0, min(WIDTH, (size >> (HEIGHT * level)) - index * WIDTH))


def levels_at(size: int) -> int:
    """Return how many levels of tiles a log of `size` leaves has."""
    return (size.bit_length() - 1) // HEIGHT + 1 if size else 0


def tile_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of hashes."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def split_entries(bundle: bytes) -> list[bytes] | None:
    """Return the entries of a bundle; None where the lengths do not add up."""
    entries, at = [], 0
    while at < len(bundle):
        end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
        if at + 2 > len(bundle) or end > len(bundle):
            return None
        entries.append(bundle[at + 2 : end])
        at = end
    return entries


class Tiles:
    """The tiles of one log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def hashes(self, level: int, index: int, width: int = WIDTH) -> list[bytes]:
        """Return the first `width` hashes of a tile.

        Raises:
            InputError: The tile is missing or has another size.
            ExternalError: The disk failed.
        """
        path, data, whole = self._read(level, index, width)
        if len(data) != whole * HASH_BYTES:
            raise InputError(f"{path}: {len(data):,} bytes, not {whole * HASH_BYTES:,}")
        return [data[at : at + HASH_BYTES] for at in range(0, width * HASH_BYTES, HASH_BYTES)]

    def entries(self, index: int, width: int = WIDTH) -> list[bytes]:
        """Return the first `width` entries of a bundle.

        Raises:
            InputError: The bundle is missing, or does not hold the entries that it should.
            ExternalError: The disk failed.
        """
        path, data, whole = self._read("entries", index, width)
        found = split_entries(data)
        if found is None or len(found) != whole:
            raise InputError(f"{path}: does not hold {whole} whole entries")
        return found[:width]

    def extend(self, size: int, entries: Sequence[bytes]) -> None:
        """Write what a log of `size` leaves gains by more entries.

        Whatever was written before for these leaves is replaced, so a run that was cut short may
        be repeated.

        Raises:
            UnitError: An entry is longer than 65,535 bytes.
            InputError: The last tiles of the log are missing or damaged.
            ExternalError: The disk failed.
        """
        if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
            raise UnitError(f"an entry is longer than {MAX_ENTRY_BYTES:,} bytes")
        folders: set[Path] = set()
        index, held = divmod(size, WIDTH)
        rows = (self.entries(index, held) if held else []) + list(entries)
        framed = [len(row).to_bytes(2, "big") + row for row in rows]
        self._write_row("entries", index, framed, folders)
        fresh, level, first = [leaf_hash(entry) for entry in entries], 0, size
        while fresh:
            index, held = divmod(first, WIDTH)
            row = (self.hashes(level, index, held) if held else []) + fresh
            self._write_row(level, index, row, folders)
            full = range(0, len(row) - len(row) % WIDTH, WIDTH)
            fresh = [tile_root(row[at : at + WIDTH]) for at in full]
            level, first = level + 1, index
        for folder in folders:
            sync_folder(folder)

    def drop_partial(self, old: int, new: int) -> None:
        """Delete the partial tiles that became full when the log grew from one size to another.

        Raises:
            ExternalError: The disk failed.
        """
        for level in range(levels_at(new)):
            shift = HEIGHT * (level + 1)
            for index in range(old >> shift, new >> shift):
                self._drop(level, index)
                if level == 0:
                    self._drop("entries", index)

    def at(self, size: int) -> TileNodes:
        """Return the tree over the first `size` leaves."""
        return TileNodes(self, size)

    def _write_row(
        self, level: int | str, index: int, row: Sequence[bytes], folders: set[Path]
    ) -> None:
        for at in range(0, len(row), WIDTH):
            part = row[at : at + WIDTH]
            path = self.folder / tile_path(level, index + at // WIDTH, len(part))
            with disk_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, b"".join(part))
            while path != self.folder and path.parent not in folders:
                path = path.parent
                folders.add(path)

    def _drop(self, level: int | str, index: int) -> None:
        partial = self.folder / f"{tile_path(level, index)}.p"
        with disk_errors(partial):
            if partial.exists():
                shutil.rmtree(partial)

    def _read(self, level: int | str, index: int, width: int) -> tuple[str, bytes, int]:
        """Return path, content and width of a tile; a full one stands in for a dropped part."""
        wanted = tile_path(level, index, width)
        for path, whole in ((wanted, width), (tile_path(level, index), WIDTH)):
            with disk_errors(self.folder / path):
                try:
                    return path, (self.folder / path).read_bytes(), whole
                except (FileNotFoundError, NotADirectoryError):
                    continue
        raise InputError(f"{wanted}: missing")


class TileNodes:
    """The hashes of perfect subtrees, read from the tiles of a log of a given size.

    It keeps the tiles that it read: use one for each proof.
    """

    def __init__(self, tiles: Tiles, size: int) -> None:
        self._tiles = tiles
        self._size = size
        self._rows: dict[tuple[int, int], list[bytes]] = {}

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a perfect subtree; see `tree.Nodes`.

        Raises:
            InputError: The tile that holds it is missing or damaged.
            ExternalError: The disk failed.
        """
        tile_level, height = divmod(level, HEIGHT)
        tile, start = divmod(index << height, WIDTH)
        if (tile_level, tile) not in self._rows:
            width = width_at(tile_level, tile, self._size)
            self._rows[tile_level, tile] = self._tiles.hashes(tile_level, tile, width)
        return tile_root(self._rows[tile_level, tile][start : start + (1 << height)])
