"""Results are published whole or not at all."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator

from stillwatch import outputs
from stillwatch.core.errors import ConfigError, ExternalError
from stillwatch.core.records import Reject
from stillwatch.core.results import Results

NOW = datetime(2026, 3, 9, tzinfo=UTC)
Maker = Callable[..., Results]

VERSIONED = """
import sys
from pathlib import Path
from stillwatch.outputs import FILES, staged
print("ready", flush=True)
version = 0
while True:
    version += 1
    with staged(Path(sys.argv[1])) as folder:
        for name in FILES:
            (folder / name).write_text(f"{version} " * 500)
"""


def write(out: Path, results: Results) -> None:
    with outputs.staged(out) as folder:
        rejects = outputs.RejectWriter(folder / outputs.REJECTED)
        rejects.add(Reject("a.jsonl", 3, "time", "not a time"))
        rejects.close()
        accounts = pa.table({"account_id": ["a"]})
        outputs.write_results(folder, results, accounts, "<html>", {"seed": 0}, NOW)


def contents(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in outputs.FILES}


def test_the_files_of_the_contract_appear(tmp_path: Path, make_results: Maker) -> None:
    out = tmp_path / "deep" / "out"
    write(out, make_results())
    assert sorted(p.name for p in out.iterdir()) == sorted([".stillwatch", *outputs.FILES])
    assert json.loads((out / outputs.CAMPAIGNS).read_text())["schema"] == "stillwatch/campaigns/1"


def test_the_same_results_give_the_same_bytes(tmp_path: Path, make_results: Maker) -> None:
    write(tmp_path / "a", make_results())
    write(tmp_path / "b", make_results())
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_second_run_replaces_the_first_and_leaves_nothing_of_it(
    tmp_path: Path, make_results: Maker
) -> None:
    write(tmp_path, make_results(seed=1))
    (tmp_path / "notes.txt").write_text("the user's own")
    write(tmp_path, make_results(seed=2))
    assert b'"c-2"' in (tmp_path / outputs.CAMPAIGNS).read_bytes()
    assert len(list((tmp_path / ".stillwatch").glob("run-*"))) == 1
    assert (tmp_path / "notes.txt").read_text() == "the user's own"


def test_a_failed_run_leaves_the_previous_results(tmp_path: Path, make_results: Maker) -> None:
    write(tmp_path, make_results(seed=1))
    before = contents(tmp_path)
    with pytest.raises(ZeroDivisionError), outputs.staged(tmp_path) as folder:
        (folder / outputs.CAMPAIGNS).write_text(f"half {1 // 0}")
    assert contents(tmp_path) == before
    assert len(list((tmp_path / ".stillwatch").glob("run-*"))) == 1


def test_a_run_of_another_kind_leaves_no_dangling_links(
    tmp_path: Path, make_results: Maker
) -> None:
    write(tmp_path, make_results())
    with outputs.staged(tmp_path) as folder:
        (folder / "sketches.parquet").write_bytes(b"")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".stillwatch", "sketches.parquet"]


def test_files_of_somebody_else_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / outputs.REPORT).write_text("precious")
    with pytest.raises(ConfigError, match=r"report\.html"), outputs.staged(tmp_path):
        pass
    other = tmp_path / "other"
    other.mkdir()
    (other / "sketches.parquet").write_text("precious")
    with pytest.raises(ConfigError), outputs.staged(other) as folder:
        (folder / "sketches.parquet").write_text("new")
    assert (other / "sketches.parquet").read_text() == "precious"


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(ConfigError, match="is a file"), outputs.staged(tmp_path / "out"):
        pass


def test_two_runs_into_one_folder_do_not_mix(tmp_path: Path) -> None:
    with (
        outputs.staged(tmp_path),
        pytest.raises(ExternalError, match="another run"),
        outputs.staged(tmp_path),
    ):
        pass


@pytest.mark.parametrize("round_", range(4))
def test_kill_9_at_any_point_leaves_whole_results(tmp_path: Path, round_: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", VERSIONED, str(tmp_path)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    seen = 0
    deadline = time.monotonic() + 0.3 + 0.137 * round_
    while time.monotonic() < deadline:
        seen += _whole(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert seen > 0
    assert _whole(tmp_path)
    with outputs.staged(tmp_path) as folder:
        (folder / outputs.RUN).write_text("after")
    assert len(list((tmp_path / ".stillwatch").glob("run-*"))) == 1
    assert not list((tmp_path / ".stillwatch").glob("next-*"))


def _whole(out: Path) -> bool:
    """Read one set of results through one opened folder: all files of one version, or none yet."""
    try:
        folder = os.open(out / ".stillwatch" / "current", os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return False
    try:
        versions = set()
        for name in outputs.FILES:
            with os.fdopen(os.open(name, os.O_RDONLY, dir_fd=folder)) as file:
                words = file.read().split()
            assert len(words) == 500
            versions.update(words)
    except FileNotFoundError:  # replaced while we read: the new ones are in place
        return False
    finally:
        os.close(folder)
    assert len(versions) == 1
    return True


@pytest.mark.parametrize("step", range(1, 40))
def test_a_stop_before_any_step_of_publishing_leaves_whole_results(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a kill between two system calls: from the n-th step on, nothing happens any more."""
    _publish(tmp_path, "old")
    calls = 0

    class Killed(BaseException):
        pass

    def stop_at(function: Callable[..., object]) -> Callable[..., object]:
        def wrapped(*args: object, **kwargs: object) -> object:
            nonlocal calls
            calls += 1
            if calls >= step:
                raise Killed
            return function(*args, **kwargs)

        return wrapped

    with monkeypatch.context() as patched:
        for owner, name in (
            (os, "fsync"),
            (Path, "symlink_to"),
            (Path, "replace"),
            (Path, "mkdir"),
            (Path, "unlink"),
            (outputs.shutil, "rmtree"),
        ):
            patched.setattr(owner, name, stop_at(getattr(owner, name)))
        try:
            _publish(tmp_path, "new")
        except Killed:
            pass
        else:
            assert calls < step
    read = {(tmp_path / name).read_text() for name in outputs.FILES}
    assert read in ({"old"}, {"new"})
    _publish(tmp_path, "newer")
    assert {(tmp_path / name).read_text() for name in outputs.FILES} == {"newer"}


def _publish(out: Path, text: str) -> None:
    with outputs.staged(out) as folder:
        for name in outputs.FILES:
            (folder / name).write_text(text)


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_said_and_the_previous_results_stay(
    tmp_path: Path, make_results: Maker
) -> None:
    write(tmp_path, make_results(seed=1))
    before = contents(tmp_path)
    with full_disk(500), pytest.raises(ExternalError, match="File too large") as caught:
        write(tmp_path, make_results(seed=2))
    assert "untouched" in caught.value.hint
    assert contents(tmp_path) == before
    assert len(list((tmp_path / ".stillwatch").glob("run-*"))) == 1


def test_a_read_only_folder_is_said_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)  # root may write anywhere, so chmod proves nothing
    with (
        pytest.raises(ExternalError, match=r"out/\.stillwatch: Permission denied") as caught,
        outputs.staged(tmp_path / "out"),
    ):
        pytest.fail("the block must not run")
    assert "write" in caught.value.hint


def test_rejects_are_counted_by_reason_and_keep_to_their_schema(tmp_path: Path) -> None:
    path = tmp_path / "rejected.jsonl"
    writer = outputs.RejectWriter(path)
    writer.add(Reject("a.jsonl", 3, "time", "not a time"))
    writer.add(Reject("a.jsonl", 4, "time", "not a time"))
    writer.add(Reject("b.parquet", None, "file", "truncated"))
    writer.close()
    assert writer.count == 3
    assert writer.reasons == {"time: not a time": 2, "file: truncated": 1}
    schema = json.loads((files("stillwatch.core") / "schemas" / "rejected.json").read_text())
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        Draft202012Validator(schema).validate(row)
    assert rows[2] == {"file": "b.parquet", "line": None, "field": "file", "reason": "truncated"}


def test_reasons_without_end_are_counted_in_bounded_memory(tmp_path: Path) -> None:
    writer = outputs.RejectWriter(tmp_path / "rejected.jsonl")
    for n in range(5000):
        writer.add(Reject("a.jsonl", n, "", f"is not JSON (column {n})"))
        writer.add(Reject("a.jsonl", n, "time", "is missing"))
    writer.close()
    assert len(writer.reasons) <= 1001
    assert sum(writer.reasons.values()) == writer.count == 10_000
    assert writer.reasons["time: is missing"] == 5000
    assert writer.reasons["other reasons"] > 0
    assert len((tmp_path / "rejected.jsonl").read_text().splitlines()) == 10_000


def test_a_name_that_json_cannot_write_is_written_legibly(tmp_path: Path) -> None:
    odd = os.fsdecode(b"a\xff.jsonl")
    writer = outputs.RejectWriter(tmp_path / "rejected.jsonl")
    writer.add(Reject(odd, None, "", f"cannot read {odd}"))
    writer.close()
    (line,) = (tmp_path / "rejected.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line) == {
        "file": "a?.jsonl",
        "line": None,
        "field": "",
        "reason": "cannot read a?.jsonl",
    }
    outputs.write_json(tmp_path / "x.json", {"files": [{odd: (odd, 1, None)}]})
    assert json.loads((tmp_path / "x.json").read_text("utf-8")) == {
        "files": [{"a?.jsonl": ["a?.jsonl", 1, None]}]
    }


def test_one_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "profile.json"
    outputs.replace_file(path, b"first")
    with full_disk(3), pytest.raises(ExternalError):
        outputs.replace_file(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(path.parent.iterdir()) == [path]
