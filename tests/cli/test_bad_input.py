"""Bad input, item by item: each row is used or rejected, and a word says why."""

from __future__ import annotations

import gzip
import json
import os
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from cli_rows import Runner, balanced, make_row, write_rows

from stillwatch.core.records import EXCHANGE_SCHEMA

GOLDEN = Path(__file__).parents[1] / "sources" / "golden"


def test_sketches_of_another_key_are_said(
    stillwatch: Runner, traffic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stillwatch("sketch", traffic, "--out", tmp_path / "sketches").code == 0
    monkeypatch.setenv("STILLWATCH_SKETCH_KEY", "the key of another firm")
    for command in ("scan", "replay", "sketch"):
        ran = stillwatch(command, tmp_path / "sketches", "--out", tmp_path / "out")
        assert ran.code == 2
        assert "another key" in ran.err
    assert stillwatch("validate", tmp_path / "sketches").code == 2


def test_a_folder_of_mixed_formats(stillwatch: Runner, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    (logs / "deep").mkdir(parents=True)
    write_rows(logs / "a.jsonl", [make_row(n) for n in range(40)])
    pq.write_table(
        pa.table({"time": [1_772_409_600 + n for n in range(7)], "account_id": ["b"] * 7}),
        logs / "deep" / "b.parquet",
    )
    packed = b"".join(json.dumps(make_row(n, "c")).encode() + b"\n" for n in range(50, 60))
    (logs / "c.jsonl.gz").write_bytes(gzip.compress(packed))
    for name in ("openai.jsonl", "anthropic.jsonl", "litellm.jsonl", "otel_new.json"):
        (logs / name).write_bytes((GOLDEN / name).read_bytes())
    (logs / "notes.txt").write_text("hello")
    (logs / "empty.jsonl").touch()
    (logs / "broken.parquet").write_bytes(b"PAR1" + bytes(60))
    checked = stillwatch("validate", logs, "--json", "--max-rejected", "1").json()
    sources = {Path(f["path"]).name: f["source"] for f in checked["files"]}  # type: ignore[attr-defined]
    assert sources == {
        "a.jsonl": "jsonl",
        "b.parquet": "parquet",
        "c.jsonl.gz": "jsonl",
        "openai.jsonl": "openai",
        "anthropic.jsonl": "anthropic",
        "litellm.jsonl": "litellm",
        "otel_new.json": "otel",
        "notes.txt": "unknown",
        "empty.jsonl": "jsonl",
        "broken.parquet": "parquet",
    }
    words = ("scan", logs, "--out", tmp_path / "out", "--json")
    assert stillwatch(*words).code == 2, "two files of ten are not readable"
    summary = stillwatch(*words, "--max-rejected", "0.5").json()
    assert balanced(summary)
    for name in ("rows", "rejected"):
        assert summary[name] == sum(f[name] for f in checked["files"])  # type: ignore[attr-defined]
    rejected = [
        json.loads(x) for x in (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()
    ]
    assert {Path(r["file"]).name for r in rejected if r["line"] is None} == {
        "notes.txt",
        "broken.parquet",
    }
    assert all(f["rejected"] <= f["rows"] for f in checked["files"])  # type: ignore[attr-defined]


def test_a_file_name_that_is_not_utf8(stillwatch: Runner, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"log\xff.jsonl")
    write_rows(odd, [make_row(n) for n in range(20)])
    with odd.open("a") as file:
        file.write("{broken\n")
    ran = stillwatch("scan", odd, "--out", tmp_path / "out", "--max-rejected", "0.5")
    assert ran.code == 0, ran.err
    (line,) = (tmp_path / "out" / "rejected.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["file"].endswith("log?.jsonl")
    assert "log?.jsonl" in (tmp_path / "out" / "run.json").read_text("utf-8")
    ran = stillwatch("validate", odd, "--json", "--max-rejected", "0.5")
    assert ran.json()["files"][0]["rows"] == 21  # type: ignore[index]
    assert stillwatch("validate", odd, "--max-rejected", "0.5").code == 0
    assert stillwatch("scan", f"{odd}x", "--out", tmp_path / "out").code == 2


TIMES: dict[str, object] = {
    "2026-03-02T08:00:00Z": None,
    "2026-03-02T08:00:00": None,
    "2026-03-02T17:00:00+09:00": None,
    1_772_438_400: None,
    1_772_438_400_000.0: None,
    "1969-12-31T23:59:59Z": "lies before 2015",
    -1: "lies before 2015",
    "2400-01-01T00:00:00Z": "lies in the future",
    4_102_444_800: "lies in the future",
    "yesterday": "is not a time",
}


def test_times_of_every_kind_in_one_file(stillwatch: Runner, tmp_path: Path) -> None:
    rows = [
        make_row(n, f"a{n}") | {"time": value} for n, value in enumerate([*TIMES, None], start=1)
    ]
    logs = write_rows(tmp_path / "logs.jsonl", rows)
    ran = stillwatch("scan", logs, "--out", tmp_path / "out", "--max-rejected", "0.9", "--json")
    assert ran.code == 0
    assert balanced(ran.json())
    inputs = json.loads((tmp_path / "out" / "campaigns.json").read_text())["inputs"]
    assert inputs["from"] == inputs["to"] == "2026-03-02T08:00:00.000000Z"
    lines = (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()
    found = {r["line"]: (r["field"], r["reason"]) for r in map(json.loads, lines)}
    reasons = [*TIMES.values(), "is missing"]
    expected = {n: ("time", why) for n, why in enumerate(reasons, start=1) if why is not None}
    assert found == expected


def test_wrong_types_in_every_column_are_rejected_by_name(
    stillwatch: Runner, tmp_path: Path
) -> None:
    wrong: dict[str, object] = {}
    for field in EXCHANGE_SCHEMA:
        if field.name not in ("messages", "tools", "response", "exchange_id"):
            wrong[field.name] = {"not": "fit"}
    rows = [make_row(n) for n in range(20)]
    rows += [make_row(100 + n) | {name: value} for n, (name, value) in enumerate(wrong.items())]
    logs = write_rows(tmp_path / "logs.jsonl", rows)
    ran = stillwatch("scan", logs, "--out", tmp_path / "out", "--max-rejected", "1", "--json")
    assert ran.code == 0
    assert (ran.json()["exchanges"], ran.json()["rejected"]) == (20, len(wrong))
    lines = (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()
    assert [json.loads(line)["field"] for line in lines] == list(wrong)


def test_claims_of_impossibly_many_tokens_end_no_scan(stillwatch: Runner, tmp_path: Path) -> None:
    most = 2**63 - 1
    rows = [make_row(n, f"a{n % 3}", input_tokens=most, output_tokens=most) for n in range(30)]
    logs = write_rows(tmp_path / "logs.jsonl", rows)
    assert stillwatch("scan", logs, "--out", tmp_path / "out").code == 0
    accounts = pq.read_table(tmp_path / "out" / "accounts.parquet").to_pylist()
    assert {a["output_tokens"] for a in accounts} == {10 << 36}


def _noise(rows: int) -> bytes:
    rng = random.Random(8)  # noqa: S311 (text that does not compress away)
    return b"".join(
        json.dumps(make_row(n, f"a{n % 5}", response=f"{rng.getrandbits(2000):x}")).encode() + b"\n"
        for n in range(rows)
    )


@pytest.mark.parametrize("kind", ["gz", "zst"])
@pytest.mark.parametrize("share", [0.4, 0.99])
def test_a_truncated_archive_is_used_up_to_its_end(
    stillwatch: Runner, tmp_path: Path, kind: str, share: float
) -> None:
    raw = _noise(800)
    pack = gzip.compress if kind == "gz" else zstandard.ZstdCompressor().compress
    packed = pack(raw)
    logs = tmp_path / f"logs.jsonl.{kind}"
    logs.write_bytes(packed[: int(len(packed) * share)])
    ran = stillwatch("scan", logs, "--out", tmp_path / "out", "--json")
    summary = ran.json()
    assert balanced(summary)
    assert summary["rejected"] == 1
    assert 0 < summary["exchanges"] < 800  # type: ignore[operator]
    assert ran.code == (2 if summary["exchanges"] < 99 else 0)  # type: ignore[operator]
    (line,) = (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()
    assert "breaks off" in json.loads(line)["reason"]


def test_a_parquet_file_that_was_cut_short_or_damaged(stillwatch: Runner, tmp_path: Path) -> None:
    table = pa.table(
        {
            "time": [1_772_409_600 + n for n in range(4000)],
            "account_id": ["a"] * 4000,
            "response": [f"{n * 7919:x}" for n in range(4000)],
        }
    )
    logs = tmp_path / "logs"
    logs.mkdir()
    for name in ("whole", "short", "damaged"):
        pq.write_table(table, logs / f"{name}.parquet", row_group_size=1000, use_dictionary=False)
    short = (logs / "short.parquet").read_bytes()
    (logs / "short.parquet").write_bytes(short[: len(short) // 2])
    column = pq.read_metadata(logs / "damaged.parquet").row_group(2).column(2)
    raw = bytearray((logs / "damaged.parquet").read_bytes())
    raw[column.data_page_offset : column.data_page_offset + 30] = b"\xff" * 30
    (logs / "damaged.parquet").write_bytes(raw)
    ran = stillwatch("scan", logs, "--out", tmp_path / "out", "--json")
    summary = ran.json()
    assert ran.code == 0
    assert balanced(summary)
    assert (summary["exchanges"], summary["duplicates"], summary["rejected"]) == (4000, 2000, 2)
    lines = (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()
    reasons = {Path(r["file"]).name: r["reason"] for r in map(json.loads, lines)}
    assert "footer" in reasons["short.parquet"]
    assert "row group 2" in reasons["damaged.parquet"]


BROKEN_LINES: dict[str, tuple[bytes, bool]] = {
    "a broken line": (b'{"time": 17724', False),
    "invalid UTF-8": (b'{"time":1772409600,"account_id":"\xff\xfe"}', False),
    "NUL bytes": (bytes(50), False),
    "NUL inside": (b'{"time":1772409600,"account_id":"a","response":"\\u0000"}', True),
    "deep nesting": (b'{"time":1772409600,"account_id":' + b"[" * 9999, False),
    "duplicate keys": (b'{"account_id":"z","time":1772409600,"account_id":"a"}', True),
    "a list": (b"[1, 2]", False),
    "a long line": (
        b'{"time":1772409600,"account_id":"a","response":"' + b"word " * 10_000_000 + b'"}',
        True,
    ),
}


@pytest.mark.parametrize("name", BROKEN_LINES)
def test_an_odd_line_in_the_middle_costs_itself_at_most(
    stillwatch: Runner, tmp_path: Path, name: str
) -> None:
    line, used = BROKEN_LINES[name]
    good = [json.dumps(make_row(n)).encode() for n in range(30)]
    logs = tmp_path / "logs.jsonl"
    logs.write_bytes(b"\n".join([*good[:15], line, *good[15:], b""]))
    ran = stillwatch("scan", logs, "--out", tmp_path / "out", "--json", "--max-rejected", "0.1")
    assert ran.code == 0
    assert balanced(ran.json())
    assert ran.json()["exchanges"] == 30 + used
    assert ran.json()["rejected"] == 1 - used
    rejected = (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()
    assert [json.loads(r)["line"] for r in rejected] == [16] * (1 - used)


def test_messages_of_every_kind(stillwatch: Runner, tmp_path: Path) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    said: list[object] = [
        *(
            None,
            "",
            "[]",
            [],
            "not json",
            "{",
            [{"role": "user"}],
            [{"role": "user", "content": []}],
        ),
        [{"role": "user", "content": [image]}],
        [{"role": "user", "content": [image, {"type": "text", "text": "what is this?"}]}],
        [{"role": "user", "content": "اشرح لي كيف أزرع شجرة زيتون"}],
        [{"role": "user", "content": "请告诉我怎么种一棵橄榄树"}],
        [{"role": "user", "content": "🌳🌱❓"}],
        [{"role": "user", "content": "a long word " * 90_000}],
        json.dumps([{"role": "user", "content": "lone \ud83d surrogate"}]),
    ]
    rows = [make_row(n, f"a{n}") | {"messages": value} for n, value in enumerate(said)]
    logs = write_rows(tmp_path / "logs.jsonl", rows)
    ran = stillwatch("scan", logs, "--out", tmp_path / "out", "--json")
    assert ran.code == 0
    assert (ran.json()["exchanges"], ran.json()["rejected"]) == (len(said), 0)
    filled = stillwatch("validate", logs, "--json").json()["columns"]["messages"]  # type: ignore[index]
    assert filled == 6 / len(said)


def test_an_account_whose_organisation_comes_and_goes_is_one_row(
    stillwatch: Runner, tmp_path: Path
) -> None:
    rows = [
        make_row(n, f"a{n % 5}") | ({"organization_id": f"o{n % 2}"} if n % 3 else {})
        for n in range(60)
    ]
    logs = write_rows(tmp_path / "logs.jsonl", rows)
    ran = stillwatch("scan", logs, "--out", tmp_path / "out", "--json")
    assert ran.json()["accounts"] == 5
    found = pq.read_table(tmp_path / "out" / "accounts.parquet").to_pylist()
    assert [(a["account_id"], a["exchanges"]) for a in found] == [(f"a{n}", 12) for n in range(5)]


def test_too_little_memory_for_the_engine_is_said(
    stillwatch: Runner, traffic: Path, tmp_path: Path
) -> None:
    ran = stillwatch("scan", traffic, "--out", tmp_path / "out", "--memory-limit", "1MB")
    assert ran.code == 2
    assert "limit of 1MB" in ran.err
    assert "--memory-limit" in ran.err
    assert not (tmp_path / "out" / "campaigns.json").exists()


@pytest.mark.parametrize("every", ["0h", "-1h", "1y", "1.5h", "521w", "999999w", "", "h"])
def test_a_step_that_cannot_be_is_said(
    stillwatch: Runner, traffic: Path, tmp_path: Path, every: str
) -> None:
    ran = stillwatch("replay", traffic, "--every", every, "--out", tmp_path / "out")
    assert ran.code == 2
    assert "--every" in ran.err
