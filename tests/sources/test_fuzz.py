"""A longer search for input that raises or is lost; the short one is in test_faults."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.conftest import GOLDEN, Sink
from stillwatch.core.catalogue import units
from stillwatch.core.contracts import Source
from stillwatch.core.errors import InputError, StillwatchError
from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.sketches import sketch_batch
from stillwatch.sources import open_inputs
from stillwatch.sources._lines import Damaged, read_pieces

pytestmark = pytest.mark.slow
SOURCES = units("sources", Source)
TEXT = [name for name in SOURCES if name != "parquet"]
FILES = sorted(GOLDEN.glob("*.json*"))

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
    | st.sampled_from(["", "user", "text", "2026-03-02T08:00:00Z", "1e999", "0x1", "\0"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "id", "usage", "choices", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def used(name: str, path: Path) -> tuple[int, Sink]:
    """Read a file with one source and sketch what it gives; return rows used, and the rejects."""
    sink, rows = Sink(), 0
    for batch in SOURCES[name].read(path, sink, lambda _: None):
        assert batch.schema == EXCHANGE_SCHEMA
        batch.validate(full=True)
        sketch_batch(batch).validate(full=True)
        rows += batch.num_rows
    return rows, sink


@pytest.mark.parametrize("file", FILES, ids=lambda p: p.name)
@given(data=st.data())
def test_real_records_with_bytes_changed(tmp_path: Path, file: Path, data: st.DataObject) -> None:
    raw = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    path = tmp_path / "fuzz"
    path.write_bytes(raw)
    for name in TEXT:
        used(name, path)


@pytest.mark.parametrize("name", TEXT)
@given(records=st.lists(st.dictionaries(st.sampled_from(EXCHANGE_SCHEMA.names), JSON), max_size=4))
def test_rows_of_the_native_schema_with_anything_in_them(
    tmp_path: Path, name: str, records: list[dict[str, object]]
) -> None:
    path = tmp_path / "fuzz"
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    rows, sink = used(name, path)
    if name != "otel":
        assert rows + len(sink.rejects) == len(records)


def _paths(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    inner: list[tuple[object, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(found for key, item in inner for found in _paths(item, (*path, key)))]


@pytest.mark.parametrize("file", [f for f in FILES if f.suffix == ".jsonl"], ids=lambda p: p.name)
@given(data=st.data())
def test_real_records_with_several_parts_replaced(
    tmp_path: Path, file: Path, data: st.DataObject
) -> None:
    record = orjson.loads(data.draw(st.sampled_from(file.read_bytes().splitlines())))
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(_paths(record)))
        if path:
            inner = record
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = data.draw(JSON)
    target = tmp_path / "fuzz"
    target.write_bytes(orjson.dumps(record) + b"\n")
    for name in TEXT:
        rows, sink = used(name, target)
        assert rows + len(sink.rejects) == 1 or name == "otel"


COLUMNS = st.sampled_from(
    [
        pa.array([1_772_438_400] * 3),
        pa.array(["a", "b", None]),
        pa.array([1.5, None, float("nan")]),
        pa.array([True, None, False]),
        pa.array([b"\xff", b"a", None], pa.binary()),
        pa.array([["a"], None, []], pa.list_(pa.string())),
        pa.array([{"role": "user", "content": "x"}, None, {"role": None, "content": "y"}]),
        pa.array([[{"role": "user", "content": "x"}], None, []]),
        pa.nulls(3),
        pa.array([0, -(2**63), 2**63 - 1]),
        pa.array([1, 2, 3], pa.uint64()),
        pa.array([1, 2, None], pa.date32()),
        pa.array([1, 2, None], pa.timestamp("ns", "Asia/Tokyo")),
        pa.array([1, 2, None], pa.time64("us")),
        pa.array([1, 2, None], pa.duration("s")),
        pa.array(["a", "b", "a"]).dictionary_encode(),
        pa.array([1, 2, 3], pa.decimal128(20, 2)),
        pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
    ]
)


@settings(max_examples=400)
@given(st.dictionaries(st.sampled_from(EXCHANGE_SCHEMA.names), COLUMNS, max_size=6))
def test_parquet_columns_of_any_type(tmp_path: Path, columns: dict[str, pa.Array]) -> None:
    good = {"time": pa.array([1_772_438_400] * 3), "account_id": pa.array(["a", "b", "c"])}
    path = tmp_path / "fuzz.parquet"
    pq.write_table(pa.table(good | columns), path)
    rows, sink = used("parquet", path)
    assert rows + len(sink.rejects) == 3


@pytest.fixture(scope="module")
def parquet_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("fuzz") / "a.parquet"
    table = pa.table(
        {
            "time": [1_772_438_400 + n for n in range(200)],
            "account_id": [f"a{n % 7}" for n in range(200)],
            "messages": ['[{"role":"user","content":"hi"}]'] * 200,
        }
    )
    pq.write_table(table, path, row_group_size=50)
    return path.read_bytes()


@settings(max_examples=400)
@given(data=st.data())
def test_parquet_with_bytes_changed(
    tmp_path: Path, parquet_bytes: bytes, data: st.DataObject
) -> None:
    raw = bytearray(parquet_bytes)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "fuzz.parquet"
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    hint = "read"
    try:
        used("parquet", path)
    except InputError as error:
        hint = error.hint
    assert hint


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
@given(data=st.data())
def test_archives_with_bytes_changed(tmp_path: Path, pack: object, data: st.DataObject) -> None:
    raw = bytearray(pack(FILES[0].read_bytes()))  # type: ignore[operator]
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "fuzz"
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    try:
        total = sum(map(len, read_pieces(path, lambda _: None)))
        assert total < 64 << 20
    except Damaged:
        pass


@given(st.binary(max_size=200))
def test_any_bytes_are_opened_or_refused_in_words(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "fuzz"
    path.write_bytes(raw)
    sink, said = Sink(), ("read", "read")
    try:
        for batch in open_inputs([str(path)]).read(sink, lambda _: None):
            batch.validate(full=True)
    except StillwatchError as error:
        said = (error.message, error.hint)
    assert all(said)
