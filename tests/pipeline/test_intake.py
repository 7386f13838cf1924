"""Intake: repeats dropped, rows counted, sketch files cut, foreign sketches refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_rows import (
    MINUTE_US,
    START_US,
    Rejects,
    Row,
    Silent,
    exchange,
    sketches_in,
    write_exchanges,
)

from stillwatch.core.errors import InputError
from stillwatch.core.keyed import PUBLIC_KEY
from stillwatch.pipeline import intake as module
from stillwatch.pipeline.intake import COLUMN_OF, Intake, OtherSketchesError, Seen, take_in
from stillwatch.sources import open_inputs


@given(st.lists(st.lists(st.integers(-5, 5) | st.sampled_from([-(2**63), 2**63 - 1]), max_size=12)))
def test_seen_is_a_set(batches: list[list[int]]) -> None:
    seen, known = Seen(), set()
    for batch in batches:
        expected = []
        for key in batch:
            expected.append(key not in known)
            known.add(key)
        assert seen.fresh(np.array(batch, dtype=np.int64)).tolist() == expected


@pytest.mark.slow
@given(st.data())
def test_seen_is_a_set_of_many_sizes(data: st.DataObject) -> None:
    seen, known = Seen(), set()
    for size in data.draw(st.lists(st.integers(0, 300), max_size=30)):
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
        batch = rng.integers(-400, 400, size)
        fresh = seen.fresh(batch)
        for key, new in zip(batch.tolist(), fresh.tolist(), strict=True):
            assert new is (key not in known)
            known.add(key)


def test_seen_holds_eight_bytes_a_key_in_few_runs() -> None:
    seen = Seen()
    for start in range(0, 200_000, 1000):
        assert seen.fresh(np.arange(start, start + 1000)).all()
    assert sum(run.nbytes for run in seen._runs) == 200_000 * 8
    assert len(seen._runs) <= 10, "each at least twice as long as the next"


def taken(folder: Path, *inputs: Path, key: bytes = PUBLIC_KEY) -> tuple[Intake, list[Row]]:
    """Take inputs in; return the counts and the sketches written."""
    out = folder / "taken"
    out.mkdir()
    intake = Intake()
    opened = open_inputs([str(path) for path in inputs])
    files = list(take_in(opened, out, key, 2, Rejects(), Silent(), intake))
    assert files == intake.files
    return intake, sketches_in(files)


def test_repeats_are_counted_over_files_and_kept_once(tmp_path: Path) -> None:
    rows = [exchange(n) for n in range(20)]
    one = write_exchanges(tmp_path / "1.parquet", [*rows[:12], rows[3]])
    two = write_exchanges(tmp_path / "2.parquet", [*rows[10:], rows[0], rows[0]])
    intake, sketches = taken(tmp_path, one, two)
    assert (intake.exchanges, intake.duplicates) == (20, 5)
    assert [row["time_us"] for row in sketches] == [START_US + n * MINUTE_US for n in range(20)]


def test_the_first_of_two_rows_with_one_id_is_kept(tmp_path: Path) -> None:
    rows = [exchange(1, "first"), exchange(1, "second"), exchange(2, "third")]
    _, sketches = taken(tmp_path, write_exchanges(tmp_path / "1.parquet", rows))
    assert [row["account_id"] for row in sketches] == ["first", "third"]


def test_rows_without_an_id_are_the_same_when_all_of_them_is(tmp_path: Path) -> None:
    rows = [exchange(n % 3, exchange_id=None) for n in range(6)]
    rows += [exchange(0, "b", exchange_id=None)]
    intake, _ = taken(tmp_path, write_exchanges(tmp_path / "1.parquet", rows))
    assert (intake.exchanges, intake.duplicates) == (4, 3)


def test_sketch_files_are_cut_at_the_size_of_a_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SEGMENT_ROWS", 50)
    paths = [
        write_exchanges(tmp_path / f"{k}.parquet", [exchange(100 * k + n) for n in range(30)])
        for k in range(5)
    ]
    intake, sketches = taken(tmp_path, *paths)
    assert [pq.read_metadata(file).num_rows for file in intake.files] == [60, 60, 30]
    assert len(sketches) == intake.exchanges == 150
    assert [file.name for file in intake.files] == [f"sketches-{n:05d}.parquet" for n in range(3)]


def test_columns_filled_and_the_span_are_counted(tmp_path: Path) -> None:
    system_only = '[{"role":"system","content":"be brief"}]'
    rows = [
        exchange(9, plan="pro", ip="203.0.113.1", status=200),
        exchange(3, messages=None, response=None),
        exchange(5, messages=system_only, ip="x"),
    ]
    intake, _ = taken(tmp_path, write_exchanges(tmp_path / "1.parquet", rows))
    expected = {"time": 3, "messages": 2, "response": 2, "plan": 1, "ip": 2, "status": 1}
    assert intake.filled == dict.fromkeys(COLUMN_OF, 0) | expected
    assert intake.span() == (START_US + 3 * MINUTE_US, START_US + 9 * MINUTE_US)
    early = intake.until(START_US + 5 * MINUTE_US, 1)
    assert (early.exchanges, early.to_us) == (1, START_US + 5 * MINUTE_US)
    with pytest.raises(InputError, match="no exchange"):
        Intake().span()


def test_sketches_taken_in_again_are_the_same(tmp_path: Path) -> None:
    rows = [exchange(n, blob_ids=["b"], temperature=0.5) for n in range(9)]
    intake, first = taken(tmp_path, write_exchanges(tmp_path / "1.parquet", rows))
    (tmp_path / "again").mkdir()
    again, second = taken(tmp_path / "again", *intake.files)
    assert second == first
    assert again.filled == intake.filled


def test_sketches_of_another_key_are_refused(tmp_path: Path) -> None:
    intake, _ = taken(tmp_path, write_exchanges(tmp_path / "1.parquet", [exchange(1)]))
    (tmp_path / "again").mkdir()
    with pytest.raises(OtherSketchesError, match="another key") as caught:
        taken(tmp_path / "again", *intake.files, key=b"another key, of 16")
    assert "STILLWATCH_SKETCH_KEY" in caught.value.hint


def test_sketches_of_another_version_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake, _ = taken(tmp_path, write_exchanges(tmp_path / "1.parquet", [exchange(1)]))
    monkeypatch.setattr(module, "SKETCH_VERSION", "next")
    (tmp_path / "again").mkdir()
    with pytest.raises(OtherSketchesError, match="version than next"):
        taken(tmp_path / "again", *intake.files)


def _altered(path: Path, name: str, values: pa.Array | None) -> None:
    table = pq.read_table(path)
    place = table.schema.get_field_index(name)
    table = table.remove_column(place)
    pq.write_table(table if values is None else table.add_column(place, name, values), path)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("bands", None),
        ("status", pa.array(["fine"])),
        ("time_us", pa.array([None], pa.int64())),
        ("fingerprints", pa.array([7])),
        ("status", pa.array([2**40])),
    ],
)
def test_altered_sketches_are_refused(tmp_path: Path, name: str, values: pa.Array | None) -> None:
    intake, _ = taken(tmp_path, write_exchanges(tmp_path / "1.parquet", [exchange(1)]))
    _altered(intake.files[0], name, values)
    (tmp_path / "again").mkdir()
    with pytest.raises(OtherSketchesError):
        taken(tmp_path / "again", *intake.files)


def test_columns_of_sketches_may_stand_in_any_order_and_width(tmp_path: Path) -> None:
    intake, first = taken(tmp_path, write_exchanges(tmp_path / "1.parquet", [exchange(1)]))
    table = pq.read_table(intake.files[0])
    table = table.select(table.column_names[::-1]).append_column("mine", pa.array([1]))
    pq.write_table(table, intake.files[0])
    (tmp_path / "again").mkdir()
    assert taken(tmp_path / "again", *intake.files)[1] == first
