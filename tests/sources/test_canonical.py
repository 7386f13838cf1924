import datetime as dt
import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.conftest import Sink
from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.sources._canonical import canonicalise, kind_of
from stillwatch.sources._values import RULES, Unfit

UTC = dt.UTC
GOOD = dt.datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def run(**columns):
    rows = len(next(iter(columns.values())))
    sink = Sink()
    columns = {"time": [GOOD] * rows, "account_id": ["a"] * rows, **columns}
    batch = canonicalise(columns, range(1, rows + 1), "f", sink)
    batch.validate(full=True)
    assert batch.num_rows + len(sink.rejects) == rows
    return batch, [(r.line, r.field, r.reason) for r in sink.rejects]


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-02T08:00:00Z",
        "2026-03-02 08:00:00",
        "2026-03-02T10:00:00.000000000+02:00",
        "2026-03-02T08:00",
        "20260302T080000Z",
        " 2026-03-02T08:00:00Z ",
        1772438400,
        1772438400.0,
        "1772438400",
        1772438400_000,
        1772438400_000_000,
        1772438400_000_000_000,
        "1772438400000000000",
        GOOD,
        GOOD.replace(tzinfo=None),
        GOOD.astimezone(dt.timezone(dt.timedelta(hours=5))),
    ],
)
def test_every_way_to_write_one_instant(value: object) -> None:
    batch, rejects = run(time=[value])
    assert rejects == []
    assert batch.column("time").to_pylist() == [GOOD]


def test_ways_to_write_times_may_be_mixed_in_one_column() -> None:
    batch, rejects = run(
        time=["2026-03-02T08:00:00Z", "2026-03-02T08:00:00", 1772438400, None, "soon"]
    )
    assert batch.column("time").to_pylist() == [GOOD] * 3
    assert rejects == [(4, "time", "is missing"), (5, "time", "is not a time")]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_arrow_timestamps(unit: str, zone: str | None) -> None:
    naive = pa.array([GOOD.replace(tzinfo=None)], pa.timestamp(unit))
    stored = naive.cast(pa.timestamp(unit, zone)) if zone else naive
    assert run(time=stored)[0].column("time").to_pylist() == [GOOD]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("1969-07-20T00:00:00Z", "lies before 2015"),
        (-5, "lies before 2015"),
        (0, "lies before 2015"),
        ("2400-01-01", "lies in the future"),
        ("9999-12-31T23:59:59", "lies in the future"),
        (True, "is not a time"),
        ([1], "is not a time"),
        (math.nan, "is not a time"),
        (1e300, "is not a time"),
        (2**70, "is not a time"),
        ("", "is not a time"),
        ("9" * 400, "is out of range"),
    ],
)
def test_times_that_are_refused(value: object, reason: str) -> None:
    assert run(time=[value])[1] == [(1, "time", reason)]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("input_tokens", -1, "is negative"),
        ("input_tokens", 1.5, "is not a whole number"),
        ("input_tokens", math.nan, "is NaN or infinite"),
        ("input_tokens", "many", "is not a whole number"),
        ("input_tokens", True, "is not a whole number"),
        ("seed", 2**70, "is out of range"),
        ("seed", 1e30, "is out of range"),
        ("temperature", math.nan, "is NaN or infinite"),
        ("temperature", math.inf, "is NaN or infinite"),
        ("temperature", -0.1, "is negative"),
        ("temperature", "hot", "is not a number"),
        ("temperature", 10**400, "is out of range"),
        ("verified", "perhaps", "is not true or false"),
        ("plan", {"a": 1}, "is not text"),
        ("plan", True, "is not text"),
        ("blob_ids", [["x"]], "is not text"),
        ("account_id", None, "is missing"),
        ("account_id", "", "is missing"),
    ],
)
def test_values_that_are_refused(name: str, value: object, reason: str) -> None:
    good = {"plan": "p", "verified": True, "account_id": "a", "blob_ids": ["b"]}.get(name, 1)
    batch, rejects = run(**{name: [good, value, good]})
    assert rejects == [(2, name, reason)]
    assert batch.num_rows == 2


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("input_tokens", "12", 12),
        ("input_tokens", 12.0, 12),
        ("asn", "AS64500", 64500),
        ("seed", -3, -3),
        ("temperature", "0.5", 0.5),
        ("verified", "TRUE", True),
        ("verified", 0, False),
        ("account_id", 42, "42"),
        ("account_id", 42.0, "42"),
        ("plan", "", None),
        ("blob_ids", "b", ["b"]),
        ("blob_ids", ["b", None, ""], ["b"]),
        ("messages", "not json {", "not json {"),
        ("messages", "", ""),
        ("messages", None, None),
        ("messages", [], "[]"),
        ("messages", [{"role": "user", "content": "مرحبا 你好 🙂"}], None),
        ("response", {"a": 1}, '{"a":1}'),
        ("response", "x" * 1_000_000, "x" * 1_000_000),
    ],
)
def test_values_that_are_understood(name: str, value: object, kept: object) -> None:
    batch, rejects = run(**{name: [value]})
    assert rejects == []
    if isinstance(value, list) and value and isinstance(value[0], dict):
        kept = '[{"role":"user","content":"مرحبا 你好 🙂"}]'
    assert batch.column(name).to_pylist() == [kept]


def test_too_deep_content_is_refused() -> None:
    deep: list[object] = []
    for _ in range(400):
        deep = [deep]
    assert run(messages=["x", deep])[1] == [(2, "messages", "is nested too deeply")]


def test_the_first_fault_of_a_row_is_named_and_no_value_is_quoted() -> None:
    planted = "planted words"
    _, rejects = run(account_id=[None], time=[planted], temperature=[planted])
    assert rejects == [(1, "time", "is not a time")]


def test_text_that_is_not_utf8_in_an_arrow_column() -> None:
    raw = pa.array([b"fine", b"\xff\xfe", b"too"], pa.binary())
    broken = pa.StringArray.from_buffers(3, *raw.buffers()[1:])
    batch, rejects = run(response=broken)
    assert rejects == [(2, "response", "is not UTF-8")]
    assert batch.column("response").to_pylist() == ["fine", "too"]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.binary()])
def test_other_text_types(kind: pa.DataType) -> None:
    assert run(response=pa.array(["é", None], kind))[0].column("response").to_pylist() == [
        "é",
        None,
    ]
    encoded = pa.array(["b", "b"]).dictionary_encode()
    assert run(plan=encoded)[0].column("plan").to_pylist() == ["b", "b"]


def test_messages_as_arrow_lists_of_structs() -> None:
    values = pa.array([[{"role": "user", "content": "hi"}], None])
    batch, _ = run(messages=values)
    assert batch.column("messages").to_pylist() == ['[{"role":"user","content":"hi"}]', None]


def test_a_made_id_depends_on_what_was_said_by_whom_and_when() -> None:
    base = {"time": GOOD, "account_id": "a", "messages": "m", "response": "r"}
    rows = [
        base,
        dict(base),
        *({**base, key: "b"} for key in ("account_id", "messages", "response")),
    ]
    rows += [{**base, "time": GOOD + dt.timedelta(microseconds=1)}, {**base, "response": None}]
    rows += [{**base, "messages": "mr", "response": ""}]
    batch, _ = run(**{key: [row[key] for row in rows] for key in base})
    ids = batch.column("exchange_id").to_pylist()
    assert ids[0] == ids[1]
    assert len(set(ids)) == len(rows) - 1
    given_ids = run(exchange_id=["x", None])[0].column("exchange_id").to_pylist()
    assert given_ids[0] == "x"
    assert len(given_ids[1]) == 32


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**65), 2**65)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["2026-03-02T08:00:00Z", "2026-03-02T08:00:00.1234567", "12", "1.5", "2026-03-02"]
    )
)


@given(
    st.sampled_from(EXCHANGE_SCHEMA.names),
    st.lists(SCALARS, min_size=1, max_size=4)
    | st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4)
    | st.lists(st.floats(-1e3, 1e12), min_size=1, max_size=4)
    | st.lists(st.datetimes().map(lambda t: t.isoformat()), min_size=1, max_size=4),
)
def test_whole_columns_agree_with_single_values(name: str, values: list[object]) -> None:
    """The vectorised casts accept and give what the rules for single values do, and never raise."""
    if name in {"time", "account_id"}:
        return
    rule = RULES[kind_of(name)]
    expected = []
    for row, value in enumerate(values):
        try:
            fitted = None if value is None else rule(value)
        except (Unfit, OverflowError):
            continue
        expected.append((row + 1, fitted))
    columns = {name: values, "asn" if name != "asn" else "n": list(range(1, len(values) + 1))}
    batch, _ = run(**columns)
    assert batch.column("asn" if name != "asn" else "n").to_pylist() == [row for row, _ in expected]
    got = batch.column(name)
    if kind_of(name) == "time":
        got = got.cast(pa.int64())
    if name != "exchange_id":
        assert got.to_pylist() == [fitted for _, fitted in expected]
