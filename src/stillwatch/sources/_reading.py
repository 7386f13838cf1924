"""From what the user typed to batches: files, folders, globs, and which source reads which file."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa

from stillwatch.core.catalogue import units
from stillwatch.core.contracts import RejectSink, Source
from stillwatch.core.errors import ConfigError, InputError
from stillwatch.core.records import Reject
from stillwatch.sources._lines import Damaged, read_pieces
from stillwatch.sources._row_groups import MAGIC, is_sketch, open_parquet, read_batches

HEAD: Final = 1 << 18
"""Bytes of decompressed content a source may look at to recognise its format."""
SKETCHES: Final = "sketches"
_LAST: Final = "jsonl"  # any JSON text is JSONL unless another source claims it
_NAMES_KEPT: Final = 100


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file to be read.

    Attributes:
        path: Where it is.
        source: Name of the source that reads it, or `sketches`.
        size: Bytes on disk.
    """

    path: Path
    source: str
    size: int


@dataclass(slots=True)
class Inputs:
    """The files of a run, in a fixed order.

    Attributes:
        files: What will be read.
        kind: `exchanges`, or `sketches` when the files were written by `stillwatch sketch`.
        unreadable: Files that no source can read, and why; `read` reports them as rejects.
    """

    files: tuple[InputFile, ...]
    kind: Literal["exchanges", "sketches"]
    unreadable: tuple[Reject, ...] = ()
    _unknown: set[str] = field(default_factory=set)

    @property
    def total_bytes(self) -> int:
        """Bytes on disk of all files; what `read` reports as progress adds up to it."""
        return sum(file.size for file in self.files)

    @property
    def unknown_columns(self) -> tuple[str, ...]:
        """Columns met so far that are not in the schema, by name, sorted; at most 100."""
        return tuple(sorted(self._unknown))

    def read(
        self, rejects: RejectSink, progress: Callable[[int], None]
    ) -> Iterator[pa.RecordBatch]:
        """Yield batches of `EXCHANGE_SCHEMA`, or sketches as they are.

        A file that turns out unreadable is one reject without a line, and the others go on.

        Raises:
            InputError: Nothing at all could be read.
        """
        ledger = _Ledger(rejects, self._unknown)
        sources = units("sources", Source)
        for reject in self.unreadable:
            ledger.add(reject)
        rows = 0
        fault: InputError | None = None
        for file in self.files:
            meter = _Meter(progress, file.size)
            try:
                for batch in _batches(file, sources, ledger, meter.add):
                    rows += batch.num_rows
                    yield batch
            except InputError as error:
                fault = fault or error
                ledger.add(Reject(str(file.path), None, "", error.message))
            meter.finish()
        if not rows and not ledger.rejected_rows:
            raise fault or InputError(
                "the input holds no exchange", "check that the right files were named"
            )


@dataclass(slots=True)
class _Ledger:
    """Passes rejects on, counts those of single rows, and collects unknown columns."""

    sink: RejectSink
    names: set[str]
    rejected_rows: int = 0

    def add(self, reject: Reject) -> None:
        self.rejected_rows += reject.line is not None
        self.sink.add(reject)

    def unknown(self, names: Sequence[str]) -> None:
        for name in names[:_NAMES_KEPT]:
            if len(self.names) < _NAMES_KEPT:
                self.names.add(name[:64])


@dataclass(slots=True)
class _Meter:
    """Makes the progress of a file add up to its size, also when reading stops early."""

    progress: Callable[[int], None]
    left: int

    def add(self, consumed: int) -> None:
        step = min(consumed, self.left)
        self.left -= step
        self.progress(step)

    def finish(self) -> None:
        if self.left:
            self.add(self.left)


def _batches(
    file: InputFile,
    sources: dict[str, Source],
    rejects: RejectSink,
    progress: Callable[[int], None],
) -> Iterator[pa.RecordBatch]:
    if file.source == SKETCHES:
        with open_parquet(file.path) as parquet:
            yield from read_batches(file.path, parquet, parquet.schema_arrow.names, progress)
    else:
        yield from sources[file.source].read(file.path, rejects, progress)


def open_inputs(inputs: Sequence[str], format: str | None = None) -> Inputs:  # noqa: A002
    """Find the files and which source reads each.

    Args:
        inputs: Files, folders (read with all below them, without names that start with `.` or
            `_`) and globs.
        format: Name of a source that reads all of them, instead of asking each source.

    Raises:
        ConfigError: No source has the name given as format.
        InputError: An input does not exist, nothing can be read, or sketches and exchanges are
            mixed.
    """
    sources = units("sources", Source)
    if format is not None and format not in sources:
        raise ConfigError(
            f"there is no input format {format!r}", f"choose one of: {', '.join(sources)}"
        )
    files: list[InputFile] = []
    unreadable: list[Reject] = []
    for path in dict.fromkeys(path for item in inputs for path in _found(item)):
        try:
            files.append(InputFile(path, _recognise(path, sources, format), path.stat().st_size))
        except InputError as error:
            unreadable.append(Reject(str(path), None, "", error.message))
        except OSError as error:
            reason = f"cannot read {path}: {error.strerror}"
            unreadable.append(Reject(str(path), None, "", reason))
    if not files:
        raise InputError(
            unreadable[0].reason if unreadable else "there is no file to read",
            f"readable are: {', '.join(sources)}; see `stillwatch sources`",
        )
    kinds = {file.source == SKETCHES for file in files}
    if len(kinds) == 2:
        raise InputError(
            "the input mixes sketches and exchanges", "scan one or the other at a time"
        )
    return Inputs(tuple(files), "sketches" if True in kinds else "exchanges", tuple(unreadable))


def _found(item: str) -> list[Path]:
    path = Path(item)
    if path.is_dir():
        if found := _below(path):
            return found
        raise InputError(f"{item} holds no file", "names that start with . or _ are passed over")
    if path.exists() or path.is_symlink():
        return [path]
    if glob.has_magic(item):
        matched = sorted(glob.glob(item, recursive=True))
        below = [
            p
            for found in matched
            for p in (_below(Path(found)) if Path(found).is_dir() else [Path(found)])
        ]
        if below:
            return below
        raise InputError(f"no file matches {item}", "quote the pattern, or check it with ls")
    raise InputError(f"{item} does not exist", "give files, folders or globs")


def _below(folder: Path) -> list[Path]:
    def refuse(error: OSError) -> None:
        raise InputError(f"cannot read {error.filename}: {error.strerror}", "check its permissions")

    found: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        found += [Path(parent, name) for name in names if not name.startswith((".", "_"))]
    return sorted(found)


def _recognise(path: Path, sources: dict[str, Source], format: str | None) -> str:  # noqa: A002
    if not path.stat() or not path.is_file():
        raise InputError(f"{path} is not a regular file", "give files, folders or globs")
    head = _head(path)
    if head.startswith(MAGIC) and is_sketch(path):
        return SKETCHES
    if format is not None:
        return format
    names = [name for name in sources if name != _LAST] + [_LAST]
    for name in names:
        if sources[name].matches(path, head):
            return name
    if not head:
        return _LAST
    raise InputError(f"the format of {path} is not known", "name it with --format")


def _head(path: Path) -> bytes:
    head = b""
    try:
        for piece in read_pieces(path, lambda _: None):
            head += piece
            if len(head) >= HEAD:
                break
    except Damaged:
        pass  # what could be read decides; reading the file reports the damage
    return head[:HEAD]
