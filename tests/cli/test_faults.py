"""Bad input and faults, as a user meets them: a clear word, nothing lost, no traceback."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli_rows import COMMAND, Runner, balanced, campaigns, digests, make_row, write_rows

from stillwatch.outputs import FILES


def test_two_runs_write_the_same_bytes(stillwatch: Runner, traffic: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert stillwatch("scan", traffic, "--out", tmp_path / name).code == 0
    one, two = tmp_path / "one", tmp_path / "two"
    differing = {name for name in FILES if digests(one)[name] != digests(two)[name]}
    assert differing <= {"campaigns.json", "run.json"}
    for name, timed in (("campaigns.json", "generated_at"), ("run.json", "timings")):
        first, second = (json.loads((out / name).read_text()) for out in (one, two))
        assert first.pop(timed) != second.pop(timed)
        assert first == second


def test_threads_do_not_change_the_results(
    stillwatch: Runner, traffic: Path, tmp_path: Path
) -> None:
    for threads in (1, 2):
        stillwatch("scan", traffic, "--out", tmp_path / str(threads), "--threads", threads)
    assert campaigns(tmp_path / "1") == campaigns(tmp_path / "2")
    one, two = (pq.read_table(tmp_path / str(n) / "accounts.parquet") for n in (1, 2))
    assert one.equals(two)


def test_sketches_give_the_same_campaigns_as_the_text(
    stillwatch: Runner, traffic: Path, tmp_path: Path
) -> None:
    assert stillwatch("scan", traffic, "--out", tmp_path / "raw").code == 0
    assert stillwatch("sketch", traffic, "--out", tmp_path / "sketches").code == 0
    assert stillwatch("scan", tmp_path / "sketches", "--out", tmp_path / "late").code == 0
    assert campaigns(tmp_path / "raw") == campaigns(tmp_path / "late")
    raw, late = (pq.read_table(tmp_path / n / "accounts.parquet") for n in ("raw", "late"))
    assert raw.equals(late)


def test_duplicate_ids_are_counted_and_kept_once(stillwatch: Runner, tmp_path: Path) -> None:
    rows = [make_row(n, f"a{n % 7}") for n in range(50)]
    logs = write_rows(tmp_path / "logs.jsonl", [*rows, *rows[:8], rows[0]])
    ran = stillwatch("scan", logs, "--out", tmp_path / "out", "--json")
    summary = ran.json()
    assert ran.code == 0
    assert (summary["rows"], summary["exchanges"], summary["duplicates"]) == (59, 50, 9)
    accounts = pq.read_table(tmp_path / "out" / "accounts.parquet")
    assert sum(accounts.column("exchanges").to_pylist()) == 50


def test_rejects_are_written_counted_and_end_with_2(stillwatch: Runner, tmp_path: Path) -> None:
    rows = [make_row(n, f"a{n % 7}") for n in range(97)]
    logs = write_rows(tmp_path / "logs.jsonl", rows)
    with logs.open("a") as file:
        file.write('{"time": "never", "account_id": "a1"}\n{"broken\n{"account_id": "a2"}\n')
    ran = stillwatch("scan", logs, "--out", tmp_path / "out", "--json")
    summary = ran.json()
    assert ran.code == 2
    assert "3 of 100 rows rejected" in ran.err
    assert (summary["rows"], summary["rejected"]) == (100, 3)
    assert balanced(summary)
    lines = (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()
    assert {json.loads(line)["line"] for line in lines} == {98, 99, 100}
    assert json.loads((tmp_path / "out" / "campaigns.json").read_text())["inputs"]["rejected"] == 3
    lenient = stillwatch("scan", logs, "--out", tmp_path / "out", "--max-rejected", "0.03")
    assert lenient.code == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.jsonl", b""),
        ("blank.jsonl", b"\n\n\n"),
        ("empty.parquet", b""),
        ("truncated.parquet", b"PAR1" + b"\x00" * 100),
        ("truncated.jsonl.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00"),
        ("truncated.jsonl.zst", b"\x28\xb5\x2f\xfd\x04\x00"),
        ("binary.jsonl", bytes(range(256)) * 40),
        ("nul.jsonl", b"\x00" * 1000 + b"\n"),
        ("deep.jsonl", b"[" * 100_000 + b"\n"),
        ("list.jsonl", b"[1, 2, 3]\n"),
    ],
)
def test_an_input_of_no_use_is_said(
    stillwatch: Runner, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    ran = stillwatch("scan", tmp_path / name, "--out", tmp_path / "out")
    assert ran.code == 2
    assert ran.err.startswith("error: ")
    assert "hint: " in ran.err
    assert "internal error" not in ran.err
    assert not (tmp_path / "out" / "campaigns.json").exists()


@pytest.mark.parametrize("where", ["nowhere", "no*.jsonl", "empty-folder"])
def test_an_input_that_is_not_there_is_said(stillwatch: Runner, tmp_path: Path, where: str) -> None:
    (tmp_path / "empty-folder").mkdir()
    ran = stillwatch("scan", tmp_path / where, "--out", tmp_path / "out")
    assert ran.code == 2
    assert where in ran.err


def test_what_the_hash_seed_and_the_process_are_does_not_matter(
    traffic: Path, tmp_path: Path
) -> None:
    for seed, threads in (("1", "1"), ("4242", "2")):
        subprocess.run(
            [*COMMAND, "scan", str(traffic), "--out", str(tmp_path / seed), "--threads", threads],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        )
    one, two = digests(tmp_path / "1"), digests(tmp_path / "4242")
    assert {n for n in FILES if one[n] != two[n]} <= {"campaigns.json", "run.json"}
    assert campaigns(tmp_path / "1") == campaigns(tmp_path / "4242")


def test_no_optional_column_at_all(stillwatch: Runner, tmp_path: Path) -> None:
    rows = [{"time": 1_772_409_600 + 60 * n, "account_id": f"a{n % 30}"} for n in range(600)]
    logs = write_rows(tmp_path / "logs.jsonl", rows)
    ran = stillwatch("scan", logs, "--out", tmp_path / "out", "--json")
    assert ran.code == 0
    assert (ran.json()["rows"], ran.json()["exchanges"]) == (600, 600)
    content = json.loads((tmp_path / "out" / "campaigns.json").read_text())
    silent = {item["unit"].split(".")[-1] for item in content["abstained"]}
    assert {"payment", "reasoning_elicitation", "rubric_grading", "output_echo"} <= silent
    assert content["campaigns"] == []


def test_all_accounts_identical(stillwatch: Runner, tmp_path: Path) -> None:
    rows = [
        make_row(n, f"a{account}", exchange_id=f"{account}-{n}")
        for account in range(60)
        for n in range(10)
    ]
    logs = write_rows(tmp_path / "logs.jsonl", rows)
    ran = stillwatch("scan", logs, "--out", tmp_path / "out", "--json")
    assert ran.code == 0
    assert ran.json()["campaigns"] == [], "nobody stands out among equals"


def test_one_account_with_nearly_all_traffic(stillwatch: Runner, tmp_path: Path) -> None:
    rows = [make_row(n, "whale" if n % 100 else f"a{n}") for n in range(5000)]
    logs = write_rows(tmp_path / "logs.jsonl", rows)
    ran = stillwatch("scan", logs, "--out", tmp_path / "out", "--json")
    assert ran.code == 0
    assert ran.json()["exchanges"] == 5000
    assert balanced(ran.json())
    accounts = pq.read_table(tmp_path / "out" / "accounts.parquet").to_pylist()
    assert {a["account_id"]: a["exchanges"] for a in accounts}["whale"] == 4950
    assert all(a["level"] != "act" for a in accounts)


@pytest.mark.slow
def test_a_million_accounts_with_one_exchange(stillwatch: Runner, tmp_path: Path) -> None:
    import numpy as np

    rows = 1_000_000
    table = pa.table(
        {
            "exchange_id": [f"x{n}" for n in range(rows)],
            "time": pa.array(
                1_772_409_600_000_000 + np.arange(rows) * 600_000, pa.timestamp("us", "UTC")
            ),
            "account_id": [f"a{n}" for n in range(rows)],
            "ip": [f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(rows)],
        }
    )
    pq.write_table(table, tmp_path / "logs.parquet")
    ran = stillwatch("scan", tmp_path / "logs.parquet", "--out", tmp_path / "out", "--json")
    assert ran.code == 0
    assert ran.json()["accounts"] == rows
    assert ran.json()["campaigns"] == []


@pytest.mark.parametrize(
    ("name", "change", "word"),
    [
        ("version", lambda p: p | {"schema": "stillwatch/profile/9"}, "stillwatch/profile/1"),
        ("sketches", lambda p: p | {"sketch_version": "other"}, "version"),
        ("detectors", lambda p: p | {"detectors": {}}, "steady_load"),
        ("damaged", lambda p: {k: v for k, v in p.items() if k != "parties"}, "parties"),
        ("scores", lambda p: p | {"accounts": {"scores": 3}}, "damaged"),
        ("list", lambda p: [p], "no profile"),
    ],
)
def test_a_profile_that_does_not_fit_is_said(
    stillwatch: Runner,
    traffic: Path,
    tmp_path: Path,
    profile: Path,
    name: str,
    change: Callable[[dict[str, object]], object],
    word: str,
) -> None:
    altered = tmp_path / f"{name}.json"
    altered.write_text(json.dumps(change(json.loads(profile.read_text()))))
    ran = stillwatch("scan", traffic, "--profile", altered, "--out", tmp_path / "out")
    assert ran.code == 2
    assert word in ran.err
    assert "calibrate" in ran.err


@pytest.mark.parametrize("names", [["time", "account_id"], ["status", "messages", "ip"]])
def test_a_profile_made_of_other_columns_ranks_what_it_knows(
    stillwatch: Runner, traffic: Path, tmp_path: Path, names: list[str]
) -> None:
    table = pq.read_table(traffic)
    few = table.select(names) if "time" in names else table.drop(names)
    pq.write_table(few, tmp_path / "few.parquet")
    for history, logs in ((tmp_path / "few.parquet", traffic), (traffic, tmp_path / "few.parquet")):
        profile = tmp_path / "profile.json"
        assert stillwatch("calibrate", history, "--out", profile).code == 0
        ran = stillwatch("scan", logs, "--profile", profile, "--out", tmp_path / "out", "--json")
        assert ran.code == 0, ran.err
        said = str(ran.json()["calibration"])
        lacking = "no data for: " in said and "failover_after_block" in said
        assert lacking == (history != traffic)


@pytest.fixture(scope="module")
def profile(traffic: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("profile") / "profile.json"
    subprocess.run([*COMMAND, "calibrate", str(traffic), "--out", str(path)], check=True)
    return path


def test_a_profile_that_is_not_there_or_no_json_is_said(
    stillwatch: Runner, traffic: Path, tmp_path: Path
) -> None:
    (tmp_path / "text.json").write_text("hello")
    for name in ("absent.json", "text.json"):
        ran = stillwatch("scan", traffic, "--profile", tmp_path / name, "--out", tmp_path / "out")
        assert ran.code == 2
        assert name in ran.err


def test_an_output_folder_that_cannot_be_written_is_said(
    stillwatch: Runner, traffic: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    ran = stillwatch("scan", traffic, "--out", tmp_path / "file" / "out")
    assert ran.code == 3
    assert "hint: " in ran.err
    if os.geteuid():
        (tmp_path / "locked").mkdir(mode=0o500)
        ran = stillwatch("scan", traffic, "--out", tmp_path / "locked")
    else:  # root may write anywhere but into the kernel's own tree
        ran = stillwatch("scan", traffic, "--out", "/proc/stillwatch")
    assert ran.code == 3
    assert "hint: " in ran.err


def test_a_full_disk_leaves_the_previous_results(
    stillwatch: Runner, traffic: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert stillwatch("scan", traffic, "--out", out).code == 0
    before = digests(out)
    ran = subprocess.run(
        [*COMMAND, "scan", str(traffic), "--out", str(out), "--seed", "1"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 3, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "error: " in ran.stderr
    assert digests(out) == before


@pytest.mark.parametrize(
    "command",
    ["sketch", *(pytest.param(c, marks=pytest.mark.slow) for c in ("calibrate", "replay"))],
)
def test_a_full_disk_leaves_nothing_half_written(
    traffic: Path, tmp_path: Path, command: str
) -> None:
    out = tmp_path / "out"
    ran = subprocess.run(
        [*COMMAND, command, str(traffic), "--out", str(out)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 3, ran.stderr
    assert ran.stderr.startswith("error: ")
    assert "hint: " in ran.stderr
    assert "Traceback" not in ran.stderr
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock"]
    assert not left


@pytest.fixture(scope="module")
def finished(traffic: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], float]:
    """Return a command whose results are there already, and the seconds it takes."""
    words = [*COMMAND, "scan", str(traffic), "--out", str(tmp_path_factory.mktemp("done") / "out")]
    subprocess.run(words, check=True, capture_output=True)
    start = time.monotonic()
    subprocess.run(words, check=True, capture_output=True)
    return words, time.monotonic() - start


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.3, 0.6, 0.8, 0.9, 0.95, 1.0])
def test_kill_9_in_the_middle_leaves_the_previous_results(
    finished: tuple[list[str], float], share: float
) -> None:
    words, lasts = finished
    out = Path(words[-1])
    before = digests(out)
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(share * lasts)
    process.send_signal(signal.SIGKILL)
    process.wait()
    after = digests(out)
    changed = {name for name in FILES if before[name] != after[name]}
    assert not changed or {"campaigns.json", "run.json"} <= changed
    for name in ("campaigns.json", "run.json"):
        json.loads((out / name).read_text())
    subprocess.run(words, check=True, capture_output=True)
    assert len(list((out / ".stillwatch").glob("run-*"))) == 1


def test_an_interrupt_ends_with_130(traffic: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "scan", str(traffic), "--out", str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not (tmp_path / "out" / ".stillwatch").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not list((tmp_path / "out" / ".stillwatch").glob("run-*"))
