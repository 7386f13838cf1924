from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.range.generate import BATCH_ROWS, benchmark_table


def test_rows_schema_accounts_and_length() -> None:
    batches = list(benchmark_table(exchanges=70_000, accounts=5_000, seed=4))
    table = pa.Table.from_batches(batches)
    assert [batch.num_rows for batch in batches] == [BATCH_ROWS, 70_000 - BATCH_ROWS]
    assert table.schema.equals(EXCHANGE_SCHEMA)
    assert pc.count_distinct(table["account_id"]).as_py() == 5_000
    assert pc.count_distinct(table["exchange_id"]).as_py() == 70_000
    when = table["time"].cast(pa.int64()).to_numpy()
    assert (when[1:] >= when[:-1]).all()
    assert 350 < pc.mean(pc.binary_length(table["messages"])).as_py() < 500


def test_same_seed_same_rows() -> None:
    one, two = (next(benchmark_table(500, 50, seed=9)) for _ in range(2))
    assert one.equals(two)
    assert not one.equals(next(benchmark_table(500, 50, seed=10)))


def test_nothing_asked_nothing_given() -> None:
    assert list(benchmark_table(0, 10)) == []
