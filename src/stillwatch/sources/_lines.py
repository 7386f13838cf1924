"""Lines of a text file, plain, gzip (RFC 1952) or zstd (RFC 8878), in bounded memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

import zstandard

MAX_LINE: Final = 64 * 1024 * 1024
"""Longest line held, in bytes; a longer one is passed over and reported."""
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = (b"\x28\xb5\x2f\xfd", *(bytes([n, 0x2A, 0x4D, 0x18]) for n in range(0x50, 0x60)))
_PIECE: Final = 1 << 20
_PACKED_PIECE: Final = {"gzip": 1 << 14, "zstd": 1 << 10}  # what one can unfold to: 16 and 32 MB


class Damaged(Exception):  # noqa: N818 (a state of the file, turned into a reject by the caller)
    """The file breaks off or its compressed data are corrupt; what came before was given out."""


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def packing(start: bytes) -> str:
    """Return `gzip`, `zstd` or `plain` from the first bytes of a file."""
    if start.startswith(_GZIP):
        return "gzip"
    return "zstd" if start.startswith(_ZSTD) else "plain"


def read_pieces(path: Path, progress: Callable[[int], None]) -> Iterator[bytes]:
    """Yield the decompressed content piece by piece; reports the bytes of the file consumed.

    Raises:
        Damaged: The compressed data end early or are corrupt.
        OSError: The file cannot be read.
    """
    with path.open("rb") as handle:
        how = packing(handle.read(4))
        handle.seek(0)
        raw = _raw(lambda: handle.read(_PACKED_PIECE.get(how, _PIECE)), progress)
        if how == "plain":
            yield from raw
        elif how == "gzip":
            yield from _unpacked(raw, lambda: zlib.decompressobj(31))
        else:
            yield from _unpacked(raw, lambda: zstandard.ZstdDecompressor().decompressobj())


def _raw(read: Callable[[], bytes], progress: Callable[[int], None]) -> Iterator[bytes]:
    while piece := read():
        progress(len(piece))
        yield piece


def _unpacked(raw: Iterator[bytes], make: Callable[[], _Unpacker]) -> Iterator[bytes]:
    unpacker: _Unpacker | None = None
    first = True
    for packed in raw:
        rest = packed
        while rest:
            if unpacker is None:
                rest = rest if first else rest.lstrip(b"\0")  # padding between members
                if not rest:
                    break
                unpacker, first = make(), False
            try:
                yield unpacker.decompress(rest)
            except (zlib.error, zstandard.ZstdError):
                raise Damaged("its compressed data are corrupt") from None
            rest = unpacker.unused_data if unpacker.eof else b""
            unpacker = None if unpacker.eof else unpacker
    if unpacker is not None:
        raise Damaged("it breaks off in the middle of its compressed data")


def split_lines(pieces: Iterator[bytes]) -> Iterator[list[bytes | None]]:
    """Yield the lines in groups, without their ends; None stands for a line over `MAX_LINE`.

    A last line without an end counts. When the pieces end in `Damaged`, the unfinished line before
    the damage is part of the damage, and the exception passes through.
    """
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        lines: list[bytes | None] = [*piece.split(b"\n")]
        last = lines.pop() or b""
        if lines:
            if size > MAX_LINE:
                lines[0] = None
            elif held:
                lines[0] = b"".join([*held, lines[0] or b""])
            held, size = [], 0
            yield lines
        size += len(last)
        if size > MAX_LINE:
            held = []
        elif last:
            held.append(last)
    if size:
        yield [None if size > MAX_LINE else b"".join(held)]
