"""The engine: rows are appended by name, replaced whole, spilled to disk, and faults are said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.core.errors import ConfigError, ExternalError
from stillwatch.engines.duckdb import DuckDB

MIB = 1 << 20
Rows = Callable[..., ibis.Table]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDB]:
    with DuckDB(tmp_path, "500MB", 1) as opened:
        yield opened


@pytest.fixture
def rows(engine: DuckDB, tmp_path: Path) -> Rows:
    """Return a function that gives columns as a table read from a file."""
    numbers = count()

    def make(**columns: object) -> ibis.Table:
        path = tmp_path / f"{next(numbers)}.parquet"
        pq.write_table(pa.table(columns), path)
        return engine.read([path])

    return make


def stored(engine: DuckDB, name: str) -> list[dict[str, object]]:
    table = engine.table(name)
    found: list[dict[str, object]] = engine.fetch(table.order_by(table.columns[0])).to_pylist()
    return found


def test_rows_are_appended_by_the_name_of_their_columns(engine: DuckDB, rows: Rows) -> None:
    engine.append("t", rows(a=[1], b=[10]))
    engine.append("t", rows(b=[20], a=[2]))
    assert stored(engine, "t") == [{"a": 1, "b": 10}, {"a": 2, "b": 20}]


def test_rows_computed_from_the_table_itself_can_be_appended(engine: DuckDB, rows: Rows) -> None:
    engine.append("t", rows(a=[1, 2]))
    table = engine.table("t")
    engine.append("t", table.select(a=table.a + 10))
    assert [row["a"] for row in stored(engine, "t")] == [1, 2, 11, 12]


def test_a_table_can_be_replaced_by_what_is_made_of_it(engine: DuckDB, rows: Rows) -> None:
    engine.append("t", rows(a=[1, 1, 2], n=[1, 2, 3]))
    for _ in range(2):
        table = engine.table("t")
        engine.replace("t", table.group_by("a").agg(n=table.n.sum()))
        assert stored(engine, "t") == [{"a": 1, "n": 3}, {"a": 2, "n": 3}]
    assert not engine.has("replacing")
    engine.append("t", rows(n=[7], a=[3]))
    assert stored(engine, "t")[-1] == {"a": 3, "n": 7}


def test_a_table_of_no_rows_keeps_its_columns(engine: DuckDB, rows: Rows) -> None:
    empty = rows(a=pa.array([], pa.int64()), s=pa.array([], pa.string()))
    engine.append("t", empty)
    assert engine.has("t")
    assert not engine.has("other")
    engine.append("t", rows(s=["x"], a=[1]))
    assert stored(engine, "t") == [{"a": 1, "s": "x"}]


@pytest.mark.parametrize("name", ["order", "keys_ip", "Ünï", "with space", "a.b", "select"])
def test_any_name_will_do(engine: DuckDB, rows: Rows, name: str) -> None:
    engine.append(name, rows(a=[1]))
    engine.append(name, rows(a=[2]))
    engine.replace(name, engine.table(name).filter(engine.table(name).a > 1))
    assert stored(engine, name) == [{"a": 2}]


def test_files_whose_names_look_like_patterns_are_read_as_they_are(
    engine: DuckDB, tmp_path: Path
) -> None:
    for name in ("plain", "it's"):
        pq.write_table(pa.table({"a": [len(name)]}), tmp_path / f"{name}.parquet")
    read = engine.read([tmp_path / "plain.parquet", tmp_path / "it's.parquet"])
    assert sorted(engine.fetch(read).column("a").to_pylist()) == [4, 5]


def large(folder: Path) -> tuple[Path, int]:
    """Write a file that unfolds to twice the limit below when grouped."""
    rng = np.random.default_rng(3)
    size = 1_500_000
    values = rng.integers(0, 2**62, size)
    columns = {"a": values, **{f"b{n}": rng.integers(0, 2**62, size) for n in range(4)}}
    pq.write_table(pa.table(columns), folder / "large.parquet", row_group_size=50_000)
    return folder / "large.parquet", int(np.unique(values).size)


def test_what_does_not_fit_in_memory_is_spilled(tmp_path: Path) -> None:
    path, distinct = large(tmp_path)
    with DuckDB(tmp_path, "100MB", 1) as engine:
        table = engine.read([path])
        sums = {f"b{n}": table[f"b{n}"].max() for n in range(4)}
        engine.append("grouped", table.group_by("a").agg(**sums))
        grouped = engine.table("grouped")
        assert engine.fetch(grouped.aggregate(n=grouped.count())).to_pylist() == [{"n": distinct}]
        assert (tmp_path / "rollups.duckdb").stat().st_size > 50 * MIB


@pytest.mark.parametrize(
    ("limit", "parts"), [("100MB", 2), ("145MB", 1), ("72MB", 2), ("71MB", 4), ("1GB", 1)]
)
def test_a_window_gets_parts_that_fit_in_memory(tmp_path: Path, limit: str, parts: int) -> None:
    path, _ = large(tmp_path)  # 1,500,000 rows of 96 bytes: 144 MB
    with DuckDB(tmp_path, limit, 1) as engine:
        table = engine.read([path])
        engine.append("nothing", table.filter(table.a < 0).select("a"))
        assert engine.passes("nothing") == 1
        engine.append("many", table.select("a"))
        assert engine.passes("many") == parts


def test_too_little_memory_is_the_operators_fault_and_quotes_no_data(tmp_path: Path) -> None:
    planted = "planted words"
    pq.write_table(pa.table({"a": [f"{planted} {n}" for n in range(20_000)]}), tmp_path / "a")
    with (
        pytest.raises(ConfigError, match="limit of 1MB") as caught,
        DuckDB(tmp_path, "1MB", 1) as engine,
    ):
        engine.append("t", engine.read([tmp_path / "a"]))
    assert "--memory-limit" in caught.value.hint
    assert planted not in str(caught.value)


def test_a_scratch_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    with pytest.raises(ExternalError, match="cannot read or write") as caught:
        DuckDB(tmp_path / "absent", "1GB", 1)
    assert "TMPDIR" in caught.value.hint


def test_a_file_that_vanished_is_said(engine: DuckDB, tmp_path: Path) -> None:
    with pytest.raises(ExternalError):
        engine.read([tmp_path / "absent.parquet"])


def test_threads_do_not_change_what_is_stored(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": list(range(1000)) * 30}), tmp_path / "a.parquet")
    found = []
    for threads in (1, 2):
        folder = tmp_path / str(threads)
        folder.mkdir()
        with DuckDB(folder, "500MB", threads) as engine:
            table = engine.read([tmp_path / "a.parquet"])
            engine.append("t", table.group_by("a").agg(n=table.count()))
            found.append(stored(engine, "t"))
    assert found[0] == found[1]
