"""JSON objects, one a line, to batches: what every text format shares.

A format gives one function that turns an object of its own into rows of the native schema; the
rest (compression, broken lines, batch sizes, rejects) is here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
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
_NOTHING: Final = object()  # what a line without a value gives; `null` is a value
Flatten = Callable[[Row], Iterable[Row]]
_ESCAPES: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def read_records(
    path: Path, flatten: Flatten | None, rejects: RejectSink, progress: Callable[[int], None]
) -> Iterator[pa.RecordBatch]:
    """Yield batches of `EXCHANGE_SCHEMA` from a file of JSON objects.

    Args:
        path: The file, plain, gzip or zstd: an object a line, or one pretty-printed document (an
            object or a list of objects) of at most 64 MB.
        flatten: Turns one object into its rows, and must take any JSON object without raising; None
            when an object is its row.
        rejects: Gets every line and row that could not be used.
        progress: Told how many more bytes of the file were consumed.

    Raises:
        InputError: The file cannot be opened.
    """
    pending = _Pending(path, flatten, rejects)
    try:
        for group in _documents(split_lines(read_pieces(path, progress))):
            if pending.take(group):
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

    def __init__(self, path: Path, flatten: Flatten | None, rejects: RejectSink) -> None:
        self.file = str(path)
        self.flatten = flatten
        self.rejects = rejects
        self.rows: list[Row] = []
        self.lines: list[int] = []
        self.line = 0
        self.sizes: list[int] = []

    def take(self, group: list[bytes | None]) -> bool:
        """Parse the lines; say whether there is enough for a batch."""
        rows, lines, sizes = self.rows, self.lines, self.sizes
        for line in group:
            self.line += 1
            try:
                value = orjson.loads(line or b"")
            except orjson.JSONDecodeError as error:
                value = self._second_look(line, error)
            if type(value) is not dict:
                self._take_other(value, line)
            elif self.flatten is None:
                rows.append(value)
                lines.append(self.line)
                sizes.append(len(line or b""))
            else:
                self._flatten(value, len(line or b""))
        return len(rows) >= MAX_ROWS or sum(sizes) >= MAX_BYTES

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Give out what is held, in batches."""
        rows, lines, sizes = self.rows, self.lines, self.sizes
        self.rows, self.lines, self.sizes = [], [], []
        start = 0
        while start < len(rows):
            end = _end_of_batch(sizes, start)
            part = rows[start:end]
            columns: dict[str, pa.Array | list[object]] = {
                name: [row.get(name) for row in part] for name in sorted(set().union(*part))
            }
            batch = canonicalise(columns, lines[start:end], self.file, self.rejects)
            if batch.num_rows:
                yield batch
            start = end

    def _flatten(self, value: Row, size: int) -> None:
        found = list(self.flatten(value)) if self.flatten else [value]
        self.rows += found
        self.lines += [self.line] * len(found)
        self.sizes += [size // max(len(found), 1)] * len(found)

    def _take_other(self, value: object, line: bytes | None) -> None:
        """Take the items of a document that is a list; refuse whatever else is no object."""
        if value is _NOTHING:
            return
        if not isinstance(value, list) or b"\n" not in (line or b""):
            self._reject("is not a JSON object")
            return
        for item in value:
            if isinstance(item, dict):
                self._flatten(item, len(line or b"") // len(value))
            else:
                self._reject("is not a JSON object")

    def _second_look(self, line: bytes | None, error: orjson.JSONDecodeError) -> object:
        """Mend what can be mended; reject the rest, and return nothing for it."""
        if line is None:
            self._reject(f"is longer than {MAX_LINE >> 20} MB")
        elif line and not line.isspace():
            try:
                return parse(line)
            except orjson.JSONDecodeError:
                self._reject(_reason(error))
        return _NOTHING

    def _reject(self, reason: str) -> None:
        self.rejects.add(Reject(self.file, self.line, "", reason))


def _end_of_batch(sizes: Sequence[int], start: int) -> int:
    end, held = start, 0
    while end < len(sizes) and end - start < MAX_ROWS:
        held += sizes[end]
        end += 1
        if held >= MAX_BYTES:
            break
    return end


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
