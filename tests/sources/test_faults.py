"""Broken input: every row is used or rejected, and nothing a file holds raises anything else."""

import gzip
import json
import random
import resource
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.conftest import GOLDEN, Sink, read_all
from stillwatch.core.catalogue import units
from stillwatch.core.contracts import Source
from stillwatch.core.errors import InputError
from stillwatch.sources import _lines, _records

GOOD = b'{"time":"2026-03-02T08:00:00Z","account_id":"a","messages":"hi"}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"time": "2026', "is not JSON"),
        (b"{" + b'"a":' * 3, "is not JSON"),
        (b"[1]", "is not a JSON object"),
        (b"null", "is not a JSON object"),
        (b"7", "is not a JSON object"),
        (b'{"account_id":"\xff\xfe","time":1}', "is not UTF-8"),
        (b"\0\0\0\0", "is not JSON"),
        (b'{"a":"\0"}', "is not JSON"),
        (b'{"a":' + b"[" * 100_000, "is nested too deeply"),
        (b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", "is nested too deeply"),
        (b'{"time":NaN,"account_id":"a"}', "is not JSON"),
        (b'{"account_id":"a"}', "is missing"),
        (b"{}", "is missing"),
    ],
)
def test_a_broken_line_in_the_middle(jsonl, line: bytes, reason: str) -> None:
    read = read_all(jsonl(GOOD, GOOD, line, GOOD))
    assert len(read.rows) == 3
    assert [reject.line for reject in read.rejects] == [3]
    assert read.rejects[0].reason.startswith(reason)


def test_kept_though_odd(jsonl) -> None:
    start = b'{"time":1772438400,"account_id":'
    read = read_all(
        jsonl(
            start + b'"a","account_id":"b"}',  # the last of two equal keys counts
            start + b'"c","messages":"nul \\u0000 inside"}\r',
            b"",
            b"   ",
            start + b'"d","messages":"lone \\ud83d and \\\\ud83d, whole \\ud83d\\ude42"}',
        )
    )
    assert read.rejects == []
    assert read.column("account_id") == ["b", "c", "d"]
    assert read.column("messages") == [None, "nul \0 inside", "lone \ufffd and \\ud83d, whole 🙂"]


def test_a_last_line_without_its_end(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(GOOD + b"\n" + GOOD)
    assert len(read_all(tmp_path).rows) == 2


def test_a_line_of_50_mb_is_read(jsonl) -> None:
    long = json.dumps({"time": 1772438400, "account_id": "a", "response": "x" * 50_000_000})
    read = read_all(jsonl(GOOD, long, GOOD))
    assert read.rejects == []
    assert [len(text or "") for text in read.column("response")] == [0, 50_000_000, 0]


def test_a_line_over_the_limit_is_passed_over_without_being_held(
    jsonl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_lines, "MAX_LINE", 1 << 20)
    long = b'{"response":"' + b"x" * 80_000_000 + b'"}'
    path = jsonl(GOOD, long, GOOD)
    del long
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read = read_all(path)
    assert [(reject.line, reject.reason) for reject in read.rejects] == [
        (2, "is longer than 64 MB")
    ]
    assert len(read.rows) == 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


def test_a_bomb_of_zeros_stays_small(tmp_path: Path) -> None:
    packed = zstandard.ZstdCompressor(level=1).compress(b"\0" * 200_000_000)
    (tmp_path / "a.jsonl.zst").write_bytes(packed)
    with_more = tmp_path / "b.jsonl"
    with_more.write_bytes(GOOD)
    read = read_all(tmp_path)
    assert len(read.rows) == 1
    assert [(reject.line, reject.reason) for reject in read.rejects] == [
        (1, "is longer than 64 MB")
    ]


def _text(rows: int) -> bytes:
    rng = random.Random(5)  # noqa: S311 (text that does not compress away)
    return b"".join(
        orjson.dumps(
            {"time": 1772438400 + i, "account_id": "a", "messages": f"{rng.getrandbits(4000):x}"}
        )
        + b"\n"
        for i in range(rows)
    )


@pytest.mark.parametrize("kind", ["gz", "zst"])
@pytest.mark.parametrize("share", [0.3, 0.9, 0.9999])
def test_a_truncated_archive_gives_the_rows_before_the_damage(
    tmp_path: Path, kind: str, share: float
) -> None:
    text = _text(2000)
    packed = gzip.compress(text) if kind == "gz" else zstandard.ZstdCompressor().compress(text)
    (tmp_path / f"a.{kind}").write_bytes(packed[: int(len(packed) * share)])
    read = read_all(tmp_path)
    assert [reject.line for reject in read.rejects] == [None]
    assert "breaks off" in read.rejects[0].reason
    assert (share - 0.2) * 2000 < len(read.rows) <= 2000


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_corrupt_archive_gives_the_rows_before_the_damage(tmp_path: Path, kind: str) -> None:
    text = _text(2000)
    pack = zstandard.ZstdCompressor(write_checksum=True).compress
    packed = bytearray(gzip.compress(text) if kind == "gz" else pack(text))
    middle = len(packed) // 2
    packed[middle : middle + 400] = b"\xaa" * 400
    (tmp_path / f"a.{kind}").write_bytes(packed)
    read = read_all(tmp_path)
    assert [reject.line for reject in read.rejects][-1] is None
    assert len(read.rows) > 600


def _parquet(path: Path, rows: int = 4000) -> Path:
    columns = {
        "time": [1772438400 + i for i in range(rows)],
        "account_id": ["a"] * rows,
        "messages": [f"{i * 7919:x}" for i in range(rows)],
    }
    pq.write_table(pa.table(columns), path, row_group_size=1000, use_dictionary=False)
    return path


def test_a_truncated_parquet_file(tmp_path: Path) -> None:
    path = _parquet(tmp_path / "a.parquet")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="footer") as caught:
        read_all(tmp_path)
    assert caught.value.hint
    (tmp_path / "b.jsonl").write_bytes(GOOD)
    read = read_all(tmp_path)
    assert len(read.rows) == 1
    assert [(Path(r.file).name, r.line) for r in read.rejects] == [("a.parquet", None)]


def test_a_parquet_file_with_a_damaged_page(tmp_path: Path) -> None:
    path = _parquet(tmp_path / "a.parquet")
    start = pq.read_metadata(path).row_group(2).column(2).data_page_offset
    raw = bytearray(path.read_bytes())
    raw[start : start + 30] = b"\xff" * 30
    path.write_bytes(raw)
    read = read_all(tmp_path)
    assert len(read.rows) == 2000
    assert [reject.line for reject in read.rejects] == [None]


@pytest.mark.parametrize("column", ["time", "account_id"])
def test_a_parquet_file_without_a_required_column(tmp_path: Path, column: str) -> None:
    table = pa.table({"time": [1772438400], "account_id": ["a"]}).drop([column])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(InputError, match=f"no column '{column}'"):
        read_all(tmp_path)


def test_wrong_types_in_parquet_columns_name_the_row(tmp_path: Path) -> None:
    table = pa.table(
        {
            "time": [1772438400] * 4,
            "account_id": ["a", None, "c", "d"],
            "temperature": ["0.5", "1", "warm", None],
            "messages": [[{"role": "user", "content": "hi"}]] * 4,
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    read = read_all(tmp_path)
    assert read.column("temperature") == [0.5, None]
    assert [(r.line, r.field) for r in read.rejects] == [(2, "account_id"), (3, "temperature")]


def test_no_error_and_no_reject_quotes_the_traffic(jsonl) -> None:
    secret = b"planted-secret@example.org"
    lines = [b'{"account_id":"' + secret, b'{"time":"' + secret + b'","account_id":"a"}', secret]
    read = read_all(jsonl(GOOD, *lines))
    assert len(read.rejects) == 3
    assert "planted" not in str([(r.field, r.reason) for r in read.rejects])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = sorted(set(units("sources", Source)) - {"parquet"})
GOLDEN_FILES = {
    "openai": "openai.jsonl",
    "anthropic": "anthropic.jsonl",
    "litellm": "litellm.jsonl",
    "otel": "otel_old.jsonl",
}


def _paths(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(found for key, item in inner for found in _paths(item, (*path, key)))]


def _replaced(value, path: tuple, new: object):
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = _replaced(copy[path[0]], path[1:], new)
    return copy


def _run(name: str, path: Path) -> tuple[int, Sink]:
    sink = Sink()
    source = units("sources", Source)[name]
    batches = list(source.read(path, sink, lambda _: None))
    for batch in batches:
        batch.validate(full=True)
    return sum(batch.num_rows for batch in batches), sink


FUZZ = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("name", NAMES)
@FUZZ
@given(st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"")), max_size=5))
def test_any_bytes(tmp_path: Path, name: str, lines: list[bytes]) -> None:
    path = tmp_path / "fuzz"
    path.write_bytes(b"x\n" + b"\n".join(lines) + b"\n")
    used, sink = _run(name, path)
    assert used + len(sink.rejects) == 1 + sum(1 for line in lines if line and not line.isspace())


@pytest.mark.parametrize("name", [n for n in NAMES if n != "otel"])
@FUZZ
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                ["time", "account_id", "request", "response", "messages", "metadata", "id", "x"]
            ),
            JSON,
        ),
        max_size=4,
    )
)
def test_any_objects(tmp_path: Path, name: str, records: list[object]) -> None:
    path = tmp_path / "fuzz"
    path.write_bytes(
        b"".join(orjson.dumps(r, default=str) + b"\n" if _fits(r) else b"{}\n" for r in records)
    )
    used, sink = _run(name, path)
    assert used + len(sink.rejects) == len(records)


def _fits(value: object) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


@pytest.mark.parametrize("name", GOLDEN_FILES)
@FUZZ
@given(st.data())
def test_real_shapes_with_one_part_replaced(tmp_path: Path, name: str, data: st.DataObject) -> None:
    """Any part of a real record may be anything else; a source neither raises nor loses a row."""
    lines = (GOLDEN / GOLDEN_FILES[name]).read_bytes().splitlines()
    record = orjson.loads(data.draw(st.sampled_from(lines)))
    path = data.draw(st.sampled_from(_paths(record)[1:]))
    changed = _replaced(record, path, data.draw(JSON.filter(_fits)))
    file = tmp_path / "fuzz"
    file.write_bytes(orjson.dumps(changed) + b"\n")
    used, sink = _run(name, file)
    assert used + len(sink.rejects) == 1 or (name == "otel" and used + len(sink.rejects) <= 1)


def test_a_pretty_printed_list_of_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [orjson.loads(GOOD), 5, orjson.loads(GOOD)]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(records, indent=1))
    read = read_all(path)
    assert len(read.rows) == 2
    assert [reject.reason for reject in read.rejects] == ["is not a JSON object"]
    monkeypatch.setattr(_records, "MAX_LINE", 50)
    path.write_text(path.read_text() + "\n")
    assert "longer" in read_all(path).rejects[0].reason
