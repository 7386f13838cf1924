"""JSONL in the native schema, plain, gzip or zstd.

One JSON object a line with the columns of the Exchange. Text without another format's marks is
read as this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from stillwatch.core.contracts import RejectSink, Source
from stillwatch.sources._records import read_records


@dataclass(frozen=True, slots=True)
class Jsonl:
    """Reads JSON objects that already carry the columns of the Exchange."""

    name: ClassVar[str] = "jsonl"
    summary: ClassVar[str] = "JSON lines in the native schema (plain, gzip, zstd)"

    def matches(self, path: Path, head: bytes) -> bool:
        """Say whether the file looks like JSON text; other formats are asked first."""
        suffixes = {suffix.lower() for suffix in path.suffixes[-2:]}
        return head.lstrip().startswith(b"{") or bool(suffixes & {".jsonl", ".ndjson", ".json"})

    def read(
        self, path: Path, rejects: RejectSink, progress: Callable[[int], None]
    ) -> Iterator[pa.RecordBatch]:
        """Yield batches of `EXCHANGE_SCHEMA`, a line a row.

        Raises:
            InputError: The file cannot be opened.
        """
        return read_records(path, None, rejects, progress)


SOURCE: type[Source] = Jsonl
