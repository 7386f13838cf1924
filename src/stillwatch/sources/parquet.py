"""Parquet in the native schema.

Columns that already have the native type are passed on without a copy; others are cast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from stillwatch.core.contracts import RejectSink, Source
from stillwatch.core.errors import InputError
from stillwatch.sources._canonical import KNOWN, REQUIRED, ColumnSink, canonicalise
from stillwatch.sources._row_groups import MAGIC, open_parquet, read_batches


@dataclass(frozen=True, slots=True)
class Parquet:
    """Reads Parquet files whose columns are those of the Exchange."""

    name: ClassVar[str] = "parquet"
    summary: ClassVar[str] = "Parquet in the native schema"

    def matches(self, path: Path, head: bytes) -> bool:
        """Say whether the file starts as Parquet does."""
        del path
        return head.startswith(MAGIC)

    def read(
        self, path: Path, rejects: RejectSink, progress: Callable[[int], None]
    ) -> Iterator[pa.RecordBatch]:
        """Yield batches of `EXCHANGE_SCHEMA`; the line of a reject is its row, from 1.

        Raises:
            InputError: The file is not readable Parquet, or lacks a required column.
        """
        with open_parquet(path) as file:
            names = file.schema_arrow.names
            for required in REQUIRED:
                if required not in names:
                    raise InputError(
                        f"{path} has no column {required!r}",
                        "every exchange needs `time` and `account_id`; rename your columns",
                    )
            unknown = sorted(set(names) - KNOWN)
            if unknown and isinstance(rejects, ColumnSink):
                rejects.unknown(unknown)
            row = 1
            for batch in read_batches(path, file, sorted(KNOWN & set(names)), progress):
                lines = range(row, row + batch.num_rows)
                row += batch.num_rows
                columns = dict(
                    zip(reversed(batch.schema.names), reversed(batch.columns), strict=True)
                )
                fitted = canonicalise(columns, lines, str(path), rejects)
                if fitted.num_rows:
                    yield fitted


SOURCE: type[Source] = Parquet
