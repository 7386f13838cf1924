"""JSON objects, one a line, to batches: what every text format shares.

A format gives one function that turns an object of its own into rows of the native schema; the
rest (compression, broken lines, batch sizes, rejects) is here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import orjson
import pyarrow as pa

from stillwatch.core.contracts import RejectSink
from stillwatch.core.errors import InputError
from stillwatch.core.records import Reject
from stillwatch.sources._canonical import MAX_BYTES, MAX_ROWS, canonicalise
from stillwatch.sources._lines import MAX_LINE, Damaged, read_pieces, split_lines

Row = dict[str, object]
Flatten = Callable[[Row], Iterable[Row]]
_ESCAPES: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def read_records(
    path: Path, flatten: Flatten, rejects: RejectSink, progress: Callable[[int], None]
) -> Iterator[pa.RecordBatch]:
    """Yield batches of `EXCHANGE_SCHEMA` from a file of JSON objects.

    Args:
        path: The file, plain, gzip or zstd: an object a line, or one pretty-printed document (an
            object or a list of objects) of at most 64 MB.
        flatten: Turns one object into its rows; must take any JSON object without raising.
        rejects: Gets every line and row that could not be used.
        progress: Told how many more bytes of the file were consumed.

    Raises:
        InputError: The file cannot be opened.
    """
    pending = _Pending(path, rejects)
    try:
        groups = split_lines(read_pieces(path, progress))
        number = 0
        for group in _documents(groups):
            for line in group:
                number += 1
                for row in _rows_of(line, number, flatten, pending):
                    pending.add(row, number, len(line or b""))
                if pending.full:
                    yield from pending.batches()
    except Damaged as damage:
        yield from pending.batches()
        rejects.add(Reject(str(path), None, "", f"{damage}; the rest of the file is lost"))
        return
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}", "check that it exists and may be read"
        ) from None
    yield from pending.batches()


class _Pending:
    """Rows read and not yet given out."""

    def __init__(self, path: Path, rejects: RejectSink) -> None:
        self.file = str(path)
        self.rejects = rejects
        self.rows: list[Row] = []
        self.lines: list[int] = []
        self.size = 0

    @property
    def full(self) -> bool:
        return len(self.rows) >= MAX_ROWS or self.size >= MAX_BYTES

    def add(self, row: Row, line: int, size: int) -> None:
        self.rows.append(row)
        self.lines.append(line)
        self.size += size

    def reject(self, line: int, reason: str) -> None:
        self.rejects.add(Reject(self.file, line, "", reason))

    def batches(self) -> Iterator[pa.RecordBatch]:
        rows, lines = self.rows, self.lines
        self.rows, self.lines, self.size = [], [], 0
        for start in range(0, len(rows), MAX_ROWS):
            part = rows[start : start + MAX_ROWS]
            names: set[str] = set().union(*part)
            columns: dict[str, pa.Array | list[object]] = {
                name: [row.get(name) for row in part] for name in sorted(names)
            }
            batch = canonicalise(columns, lines[start : start + MAX_ROWS], self.file, self.rejects)
            if batch.num_rows:
                yield batch


def _rows_of(line: bytes | None, number: int, flatten: Flatten, pending: _Pending) -> Iterable[Row]:
    if line is None:
        pending.reject(number, f"is longer than {MAX_LINE >> 20} MB")
        return ()
    if not line or line.isspace():
        return ()
    try:
        value = parse(line)
    except orjson.JSONDecodeError as error:
        pending.reject(number, _reason(error))
        return ()
    if isinstance(value, dict):
        return flatten(value)
    if isinstance(value, list) and b"\n" in line:
        return [row for item in value for row in _rows_of_item(item, number, flatten, pending)]
    pending.reject(number, "is not a JSON object")
    return ()


def _rows_of_item(item: object, number: int, flatten: Flatten, pending: _Pending) -> Iterable[Row]:
    if isinstance(item, dict):
        return flatten(item)
    pending.reject(number, "is not a JSON object")
    return ()


def parse(line: bytes) -> object:
    """Parse JSON text; half of a surrogate pair becomes U+FFFD instead of losing the row.

    Raises:
        orjson.JSONDecodeError: The text is not JSON (RFC 8259).
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        if "surrogate" not in error.msg or "UTF-8" in error.msg:
            raise
        return orjson.loads(_ESCAPES.sub(_mended, line))


def _mended(found: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if found["lone"] else found[0]


def _reason(error: orjson.JSONDecodeError) -> str:
    if "UTF-8" in error.msg:
        return "is not UTF-8"
    if "depth" in error.msg or "ecursion" in error.msg:
        return "is nested too deeply"
    return f"is not JSON (column {error.colno})"


def _documents(groups: Iterator[list[bytes | None]]) -> Iterator[list[bytes | None]]:
    """Join the lines of a pretty-printed document, which opens with a bracket on its own line."""
    first = next(groups, None)
    if first is None:
        return
    if (first[0] or b"").strip() not in {b"{", b"["}:
        yield first
        yield from groups
        return
    lines: list[bytes] = []
    size = 0
    for group in _chained(first, groups):
        for line in group:
            size += len(line or b"") + 1
            if line is None or size > MAX_LINE:
                yield [None]
                return
            lines.append(line)
    yield [b"\n".join(lines)]


def _chained(
    first: list[bytes | None], groups: Iterator[list[bytes | None]]
) -> Iterator[list[bytes | None]]:
    yield first
    yield from groups
