"""Takes exchanges in: reads, drops repeats, sketches, writes the sketches down."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stillwatch.core.contracts import RejectSink
from stillwatch.core.errors import InputError
from stillwatch.core.keyed import token
from stillwatch.core.records import SKETCH_SCHEMA
from stillwatch.sketches import SKETCH_VERSION, sketch_batch
from stillwatch.sources import Inputs

SEGMENT_ROWS: Final = 262_144
"""Rows of a sketch file: what is held in memory at once."""

COLUMN_OF: Final = {
    "time": "time_us",
    "messages": "prompt_key",
    "response": "response_length",
    "tools": "tools_key",
    "payment_id": "payment_key",
    "email_domain": "email_domain_key",
    "ip": "ip_key",
    "asn": "asn",
    "user_agent": "user_agent_key",
    "tls_fingerprint": "tls_key",
    "credential_id": "credential_key",
    "end_user_id": "end_user_key",
    "organization_id": "organization_id",
    "account_created": "account_created_us",
    "plan": "plan",
    "verified": "verified",
    "model": "model",
    "surface": "surface",
    "status": "status",
    "finish_reason": "finish_reason",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "blob_ids": "blob_keys",
}
"""The sketch column that says whether a column of the exchange is filled."""


def sketch_metadata(key: bytes) -> dict[bytes, bytes]:
    """Return what a sketch file says of itself: version and a fingerprint of the key."""
    mark = token(b"which key", key, "fingerprint") & 0xFFFFFFFFFFFFFFFF
    return {b"stillwatch.sketch": f"{SKETCH_VERSION} {mark:016x}".encode()}


class Progress(Protocol):
    """Hears how far a run is."""

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """Begin a stage of `total` units, None when nobody knows how many."""

    def advance(self, amount: int) -> None:
        """Report `amount` more units done."""

    def done(self) -> None:
        """End the stage."""


@dataclass(slots=True)
class Intake:
    """What was taken in.

    Attributes:
        files: Sketch files, in order.
        exchanges: Exchanges kept.
        duplicates: Exchanges whose id had been seen.
        filled: How many exchanges fill each column of the Exchange.
        from_us, to_us: Time of the first and the last exchange.
        unknown: Names of columns that nobody reads.
    """

    files: list[Path] = field(default_factory=list)
    exchanges: int = 0
    duplicates: int = 0
    filled: dict[str, int] = field(default_factory=dict)
    from_us: int | None = None
    to_us: int | None = None
    unknown: tuple[str, ...] = ()

    def count(self, batch: pa.RecordBatch) -> None:
        """Add a batch of sketches to the counts."""
        self.exchanges += batch.num_rows
        for name, column in COLUMN_OF.items():
            known = batch.num_rows - batch.column(column).null_count
            self.filled[name] = self.filled.get(name, 0) + known
        if batch.num_rows:
            times = pc.min_max(batch.column("time_us")).as_py()
            self.from_us = min(times["min"], times["min"] if self.from_us is None else self.from_us)
            self.to_us = max(times["max"], times["max"] if self.to_us is None else self.to_us)

    def span(self) -> tuple[int, int]:
        """Return the times of the first and the last exchange.

        Raises:
            InputError: There is none.
        """
        if self.from_us is None or self.to_us is None:
            raise InputError("the input holds no exchange", "`stillwatch validate` says why")
        return self.from_us, self.to_us

    def until(self, time_us: int, exchanges: int) -> Intake:
        """Return the counts as they stood at a time, given the exchanges before it."""
        last = min(self.span()[1], time_us)
        return replace(self, exchanges=exchanges, to_us=last)


class OtherSketchesError(InputError):
    """Sketch files that this run cannot use: of another key or version, or altered."""


class Seen:
    """The exchange keys seen so far: eight bytes each, in sorted runs of growing length."""

    def __init__(self) -> None:
        self._runs: list[NDArray[np.int64]] = []

    def fresh(self, keys: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which keys are seen for the first time, and remember them."""
        first = np.zeros(keys.size, dtype=bool)
        values, place = np.unique(keys, return_index=True)
        new = np.ones(values.size, dtype=bool)
        for run in self._runs:
            at = np.searchsorted(run, values)
            new &= run[np.minimum(at, run.size - 1)] != values
        first[place[new]] = True
        if new.any():
            self._runs.append(values[new])
        while len(self._runs) > 1 and self._runs[-2].size < 2 * self._runs[-1].size:
            self._runs[-2:] = [np.sort(np.concatenate(self._runs[-2:]))]
        return first


class SketchWriter:
    """Writes sketches into Parquet files of at most `SEGMENT_ROWS` rows.

    Args:
        folder: Where `sketches-00000.parquet` and the following go.
        key: The sketch key; a fingerprint of it is recorded, never the key.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._schema = SKETCH_SCHEMA.with_metadata(sketch_metadata(key))
        self._writer: pq.ParquetWriter | None = None
        self._rows = 0
        self.files: list[Path] = []

    def write(self, batch: pa.RecordBatch) -> Path | None:
        """Write a batch; return a file when this completed one."""
        if self._writer is None:
            self.files.append(self._folder / f"sketches-{len(self.files):05d}.parquet")
            self._writer = pq.ParquetWriter(
                self.files[-1],
                self._schema,
                compression="lz4",
                use_dictionary=["account_id", "organization_id", "plan", "model", "surface"],
            )
        self._writer.write_batch(batch.replace_schema_metadata(self._schema.metadata))
        self._rows += batch.num_rows
        return self.flush() if self._rows >= SEGMENT_ROWS else None

    def flush(self) -> Path | None:
        """Complete the open file, and return it; None where none is open."""
        if self._writer is None:
            return None
        self._writer.close()
        self._writer, self._rows = None, 0
        return self.files[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.flush()


def take_in(
    inputs: Inputs,
    folder: Path,
    key: bytes,
    threads: int,
    rejects: RejectSink,
    progress: Progress,
    intake: Intake,
) -> Iterator[Path]:
    """Sketch the inputs into a folder; yield each sketch file when it is complete.

    Args:
        inputs: Exchanges, or sketches made with the same key.
        folder: Where sketch files go.
        key: The sketch key.
        threads: Threads to sketch with.
        rejects: Takes the rows that cannot be read.
        progress: Hears of the bytes read.
        intake: Filled with counts on the way.

    Raises:
        InputError: Nothing can be read.
        OtherSketchesError: The sketches were made with another key or version, or altered.
    """
    progress.start("sketch" if inputs.kind == "exchanges" else "read", inputs.total_bytes, "B")
    batches = inputs.read(rejects, progress.advance)
    if inputs.kind == "exchanges":
        batches = _sketched(batches, key, threads)
    else:
        batches = (_checked(batch, key) for batch in batches)
    seen = Seen()
    with SketchWriter(folder, key) as writer:
        for batch in batches:
            fresh = seen.fresh(batch.column("exchange_key").to_numpy())
            intake.duplicates += int(fresh.size - np.count_nonzero(fresh))
            kept = batch if fresh.all() else batch.filter(pa.array(fresh))
            intake.count(kept)
            if kept.num_rows and (file := writer.write(kept)) is not None:
                intake.files.append(file)
                yield file
        if (file := writer.flush()) is not None:
            intake.files.append(file)
            yield file
    intake.unknown = tuple(inputs.unknown_columns)
    progress.done()


def _sketched(
    batches: Iterable[pa.RecordBatch], key: bytes, threads: int
) -> Iterator[pa.RecordBatch]:
    """Sketch on several threads, in order, never more than a few batches ahead."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[pa.RecordBatch]] = deque()
        for batch in batches:
            waiting.append(pool.submit(sketch_batch, batch, key))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _checked(batch: pa.RecordBatch, key: bytes) -> pa.RecordBatch:
    """Return sketches read from a file in the schema of this version."""
    if not sketch_metadata(key).items() <= dict(batch.schema.metadata or {}).items():
        raise OtherSketchesError(
            f"these sketches have another key, or another version than {SKETCH_VERSION}",
            "make them again with `stillwatch sketch`, or set STILLWATCH_SKETCH_KEY as it was",
        )
    try:
        return batch.select(SKETCH_SCHEMA.names).cast(SKETCH_SCHEMA)
    except (KeyError, ValueError, pa.ArrowException) as error:
        raise OtherSketchesError(
            "these sketches lack a column, or hold values that do not belong in one",
            "make them again with `stillwatch sketch`",
        ) from error
