"""Sketching: exchanges a second and core, all sketches on.

Run: python -m benchmarks sketching
Gate: the sketches do not depend on how the rows are cut, and every column is filled and summed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks._measure import Row, cpu_seconds, show
from stillwatch.range.generate import benchmark_table
from stillwatch.sketches import sketch_batch, warm_up

EXCHANGES = 262_144
BATCH_ROWS = 16_384  # what the sources hand over
REPEATS = 3


def checksum(sketches: pa.RecordBatch) -> dict[str, int]:
    """Return one number a column that depends on its every value and on which are missing."""
    return {
        field.name: _sum(column) + sketches.num_rows * 1_000_003 - 7 * column.null_count
        for field, column in zip(sketches.schema, sketches.columns, strict=True)
    }


def _sum(column: pa.Array) -> int:
    if pa.types.is_list(column.type):
        return _sum(column.flatten()) + int(pc.sum(pc.list_value_length(column)).as_py() or 0)
    if pa.types.is_string(column.type):
        return int(pc.sum(pc.binary_length(column)).as_py() or 0)
    if pa.types.is_boolean(column.type):
        return int(pc.sum(column).as_py() or 0)
    values = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    bits = values.astype(np.float64).view(np.int64) if values.dtype.kind == "f" else values
    return int(bits.astype(np.uint64).sum() & np.uint64(2**62 - 1))


def main(out: Path, size: float = 1.0) -> None:
    rows = max(1000, int(EXCHANGES * size))
    table = pa.Table.from_batches(benchmark_table(rows, max(10, rows // 20))).combine_chunks()
    batches = table.to_batches(BATCH_ROWS)
    prompt = pc.mean(pc.binary_length(table.column("messages"))).as_py()
    warm_up()
    first = batches[0]
    halves = [sketch_batch(part) for part in (first.slice(0, 500), first.slice(500))]
    joined = pa.Table.from_batches(halves).combine_chunks().to_batches()[0]
    assert sketch_batch(first).equals(joined), "sketches depend on how the rows are cut"

    def work() -> list[dict[str, int]]:
        return [checksum(sketch_batch(batch)) for batch in batches]

    seconds, sums = cpu_seconds(work, REPEATS)
    assert work() == sums, "sketches differ from run to run"
    idle = [name for name in sums[0] if all(s[name] == sums[0][name] for s in sums)]
    show(
        "sketching",
        [
            Row("exchanges a second and core", rows / seconds, "/s", 60_000, at_least=True),
            Row("conversation in JSON", prompt, "bytes"),
            Row("columns consumed", len(sums[0]), ""),
            Row("of these never filled by this traffic", len(idle), ""),
        ],
        out,
    )
