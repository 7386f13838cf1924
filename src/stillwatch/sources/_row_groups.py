"""Batches of a Parquet file, bounded in rows and bytes whatever the file's row groups are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.errors import InputError
from stillwatch.sources._canonical import MAX_BYTES, MAX_ROWS

MAGIC: Final = b"PAR1"
SKETCH_MARK: Final = b"stillwatch.sketch"
_PROBE: Final = 64


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file.

    Raises:
        InputError: It is not there, not Parquet, or has lost its footer.
    """
    try:
        return pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)
    except (pa.ArrowException, OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else ""
        raise InputError(
            f"cannot read {path}: {why or 'its Parquet footer is missing or damaged'}",
            "the file may have been cut short while it was written or copied; copy it again",
        ) from None


def is_sketch(path: Path) -> bool:
    """Say whether a Parquet file holds sketches instead of exchanges."""
    try:
        with open_parquet(path) as file:
            return SKETCH_MARK in (file.schema_arrow.metadata or {})
    except InputError:
        return False


def read_batches(
    path: Path, file: pq.ParquetFile, columns: Sequence[str], progress: Callable[[int], None]
) -> Iterator[pa.RecordBatch]:
    """Yield the rows in order, at most 16,384 and about 32 MB at a time.

    Args:
        path: The file, for its size.
        file: The opened file.
        columns: Names of the columns to read.
        progress: Told the bytes of the file consumed; they add up to its size.

    Raises:
        InputError: A page is damaged; the batches before it were given out.
    """
    size, told = path.stat().st_size, 0
    for group in range(file.num_row_groups):
        try:
            rows = _rows_a_batch(file, group, columns)
            for batch in file.iter_batches(rows, row_groups=[group], columns=list(columns)):
                yield from _bounded(batch)
        except (pa.ArrowException, OSError, ValueError):
            raise InputError(
                f"cannot read {path} beyond its row group {group}: its data are damaged",
                "copy the file again",
            ) from None
        share = (size * (group + 1)) // file.num_row_groups
        progress(share - told)
        told = share
    progress(size - told)


def _rows_a_batch(file: pq.ParquetFile, group: int, columns: Sequence[str]) -> int:
    """Choose the rows a batch from the size of a row: a dictionary may hide large values."""
    meta = file.metadata.row_group(group)
    if not meta.num_rows:
        return MAX_ROWS
    a_row = meta.total_byte_size / meta.num_rows
    if meta.num_rows > _PROBE:
        probe = file.iter_batches(_PROBE, row_groups=[group], columns=list(columns))
        a_row = max(a_row, next(probe).nbytes / _PROBE)
    return int(min(MAX_ROWS, max(1, MAX_BYTES / max(a_row, 1))))


def _bounded(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Halve a batch until its parts are small enough."""
    if batch.num_rows <= 1 or batch.nbytes <= MAX_BYTES:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _bounded(batch.slice(0, half))
    yield from _bounded(batch.slice(half))
