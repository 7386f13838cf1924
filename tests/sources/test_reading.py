import gzip
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from sources.conftest import GOLDEN, Sink, read_all
from stillwatch.core.errors import ConfigError, InputError
from stillwatch.sources import open_inputs
from stillwatch.sources._row_groups import SKETCH_MARK

GOOD = '{"time":"2026-03-02T08:00:00Z","account_id":"a","messages":"hi"}'


def parquet(path: Path, rows: int = 3, **extra: object) -> Path:
    table = pa.table({"time": [1772438400] * rows, "account_id": ["a"] * rows, **extra})
    pq.write_table(table, path)
    return path


def sketch(path: Path) -> Path:
    table = pa.table({"exchange_key": [1, 2]}).replace_schema_metadata({SKETCH_MARK: b"1"})
    pq.write_table(table, path)
    return path


def test_a_folder_of_mixed_formats(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.jsonl").write_text(GOOD + "\n")
    parquet(tmp_path / "b.parquet")
    for name in ("openai.jsonl", "otel_new.json"):
        (tmp_path / name).write_bytes((GOLDEN / name).read_bytes())
    (tmp_path / "notes.txt").write_text("hello")
    for hidden in (".hidden.jsonl", "_SUCCESS"):
        (tmp_path / hidden).write_text("broken")
    (tmp_path / "_temporary").mkdir()
    (tmp_path / "_temporary" / "c.jsonl").write_text("broken")
    read = read_all(tmp_path)
    assert [file.source for file in read.inputs.files] == ["parquet", "jsonl", "openai", "otel"]
    assert len(read.rows) == 3 + 1 + 4 + 1
    assert [(Path(r.file).name, r.line) for r in read.rejects] == [("notes.txt", None)]
    again = read_all(str(tmp_path / "**" / "*.*"))
    assert sorted(read.column("exchange_id")) == sorted(again.column("exchange_id"))


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = parquet(tmp_path / "b.parquet")
    assert len(read_all(path, tmp_path, str(tmp_path / "*.parquet")).rows) == 3


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz", "log.jsonl.zst", "log"])
def test_compression_is_seen_from_the_content(tmp_path: Path, name: str) -> None:
    raw = (GOOD + "\n").encode() * 5
    for packed in (raw, gzip.compress(raw), zstandard.ZstdCompressor().compress(raw)):
        (tmp_path / name).write_bytes(packed)
        read = read_all(tmp_path / name)
        assert len(read.rows) == 5
        assert read.rejects == []


def test_joined_archives_and_padding(tmp_path: Path) -> None:
    raw = (GOOD + "\n").encode()
    pack = zstandard.ZstdCompressor().compress
    skippable = b"\x50\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"
    (tmp_path / "a.gz").write_bytes(gzip.compress(raw) + gzip.compress(raw * 2) + b"\0" * 100)
    (tmp_path / "b.zst").write_bytes(pack(raw) + skippable + pack(raw * 2))
    read = read_all(tmp_path)
    assert len(read.rows) == 6
    assert read.rejects == []


@pytest.mark.parametrize("missing", ["nowhere", "nowhere/*.jsonl"])
def test_what_does_not_exist(tmp_path: Path, missing: str) -> None:
    with pytest.raises(InputError) as caught:
        open_inputs([str(tmp_path / missing)])
    assert caught.value.hint


def test_an_empty_file_alone_is_an_error_and_among_others_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    (tmp_path / "b.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(InputError, match="holds no exchange"):
        read_all(tmp_path)
    (tmp_path / "c.jsonl").write_text(GOOD)
    read = read_all(tmp_path)
    assert len(read.rows) == 1
    assert read.rejects == []


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        open_inputs([str(tmp_path)])


def test_unreadable_files_are_named_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="cannot read"):
        open_inputs([str(tmp_path)])
    (tmp_path / "good.jsonl").write_text(GOOD)
    read = read_all(tmp_path)
    assert len(read.rows) == 1
    assert [Path(reject.file).name for reject in read.rejects] == ["gone.jsonl"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_read_permission(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(GOOD)
    (tmp_path / "a.jsonl").chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        open_inputs([str(tmp_path / "a.jsonl")])


def test_a_named_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="regular file"):
        open_inputs([str(tmp_path / "pipe")])


def test_the_format_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "pairs"
    path.write_text('{"time":1772438400,"account_id":"a","request":{},"response":{}}\n')
    assert open_inputs([str(path)]).files[0].source == "jsonl"
    assert open_inputs([str(path)], "anthropic").files[0].source == "anthropic"
    with pytest.raises(ConfigError, match="morse"):
        open_inputs([str(path)], "morse")


def test_sketches_are_recognised_and_read_as_they_are(tmp_path: Path) -> None:
    sketch(tmp_path / "a.parquet")
    read = read_all(tmp_path)
    assert read.inputs.kind == "sketches"
    assert read.inputs.files[0].source == "sketches"
    assert read.column("exchange_key") == [1, 2]
    parquet(tmp_path / "b.parquet")
    with pytest.raises(InputError, match="mixes"):
        open_inputs([str(tmp_path)])


def test_unknown_columns_are_named_once(tmp_path: Path) -> None:
    parquet(tmp_path / "b.parquet", shoe_size=[1, 2, 3])
    (tmp_path / "a.jsonl").write_text(GOOD[:-1] + ',"hat":1}\n' + GOOD[:-1] + ',"hat":2}\n')
    assert read_all(tmp_path).inputs.unknown_columns == ("hat", "shoe_size")


def test_the_same_ids_from_every_format(tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet", rows=1, messages=["hi"])
    (tmp_path / "b.jsonl").write_text(GOOD)
    assert len(set(read_all(tmp_path).column("exchange_id"))) == 1


def test_batches_are_bounded_and_the_same_each_time(tmp_path: Path) -> None:
    line = json.dumps({"time": 1772438400, "account_id": "a", "response": "x" * 3_000_000})
    (tmp_path / "a.jsonl").write_text((line + "\n") * 30)
    small = json.dumps({"time": 1772438400, "account_id": "b"})
    (tmp_path / "b.jsonl").write_text((small + "\n") * 20_000)
    sizes = [batch.num_rows for batch in read_all(tmp_path).batches]
    assert sizes == [batch.num_rows for batch in read_all(tmp_path).batches]
    assert sum(sizes) == 20_030
    assert len(sizes) == 5


def test_a_dictionary_does_not_hide_large_batches(tmp_path: Path) -> None:
    table = pa.table(
        {
            "time": [1772438400] * 2000,
            "account_id": ["a"] * 2000,
            "messages": ["x" * 200_000] * 2000,
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    sink = Sink()
    batches = open_inputs([str(tmp_path)]).read(sink, lambda _: None)
    rows = 0
    for batch in batches:
        assert batch.nbytes < 40_000_000
        rows += batch.num_rows
    assert rows == 2000
