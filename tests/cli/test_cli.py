"""The shell around the commands: start-up, exit codes, errors, what is printed where."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import click
import pyarrow as pa
import pytest
from cli_rows import Runner, make_row, write_rows
from jsonschema import Draft202012Validator

from stillwatch import __version__, pipeline
from stillwatch.cli import cli, run
from stillwatch.cli._output import print_table, printable
from stillwatch.cli.demo import compare
from stillwatch.core.results import Results

COMMANDS = cli.list_commands(click.Context(cli))


def schema(name: str) -> Draft202012Validator:
    content = json.loads((files("stillwatch.core") / "schemas" / f"{name}.json").read_text())
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(content)


def test_version_imports_nothing_heavy() -> None:
    code = (
        "import sys; from stillwatch.cli import run; run(['--version']);"
        "heavy = {'numpy','pyarrow','pydantic','rich','duckdb','ibis','numba','scipy','orjson'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == [f"stillwatch, version {__version__}", "[]"]


def test_the_commands_are_those_of_the_contract() -> None:
    assert set(COMMANDS) >= {
        *("calibrate", "config", "demo", "detectors", "linkers"),
        *("replay", "scan", "sketch", "sources", "validate"),
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(stillwatch: Runner, name: str) -> None:
    ran = stillwatch(name, "--help")
    assert ran.code == 0
    assert f"Usage: stillwatch {name}" in ran.out


@pytest.mark.parametrize(
    "words",
    [
        ["nope"],
        ["scan"],
        ["scan", "x"],
        ["scan", "x", "--out", "y", "--fdr", "much"],
        ["scan", "x", "--out", "y", "--fdr", "2"],
        ["scan", "x", "--out", "y", "--config", "absent.toml"],
        ["replay", "x", "--out", "y", "--every", "soon"],
        ["detectors", "nope"],
        ["scan", "x", "--out", "y", "--format", "nope"],
    ],
)
def test_a_wrong_command_line_is_the_operators(
    stillwatch: Runner, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = stillwatch(*words)
    assert ran.code == 2
    assert ran.err
    assert not (tmp_path / "y").exists()


def test_an_unforeseen_error_is_one_line_and_quotes_no_data(
    stillwatch: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise ValueError("prompt of a customer")

    monkeypatch.setattr(pipeline, "scan", fail)
    ran = stillwatch("scan", "x", "--out", tmp_path)
    assert ran.code == 1
    assert ran.err.startswith("internal error: ValueError\n")
    assert "customer" not in ran.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device"), 3),
        (PermissionError(13, "Permission denied", "here"), 3),
        (MemoryError(), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_of_the_machine_are_said(
    stillwatch: Runner,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    error: BaseException,
    code: int,
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(pipeline, "scan", fail)
    ran = stillwatch("scan", "x", "--out", tmp_path)
    assert ran.code == code
    assert "internal" not in ran.err


def test_debug_shows_the_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pipeline, "scan", None)
    assert run(["--debug", "scan", "x", "--out", str(tmp_path)]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_error() -> None:
    ran = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m stillwatch detectors --json | head -c 1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == "["
    assert ran.stderr == ""


def test_ids_from_traffic_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("id", "n"), [("a\x1b[31m\nb", 12345), ("c", 7)])
    assert capsys.readouterr().out.splitlines() == [
        "id             n",
        "a\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}b  12,345",
        "c              7",
    ]
    assert printable("näh 中") == "näh 中"


def test_the_files_keep_to_their_schemas(stillwatch: Runner, traffic: Path, tmp_path: Path) -> None:
    profile, out = tmp_path / "profile.json", tmp_path / "out"
    assert stillwatch("calibrate", traffic, "--out", profile).code == 0
    schema("profile").validate(json.loads(profile.read_text()))
    ran = stillwatch("scan", traffic, "--profile", profile, "--out", out)
    assert ran.code == 0
    assert str(out / "report.html") in ran.out
    for name in ("campaigns", "run"):
        schema(name).validate(json.loads((out / f"{name}.json").read_text()))
    ran = stillwatch("replay", traffic, "--every", "1d", "--out", tmp_path / "replayed")
    assert ran.code == 0
    for name in ("campaigns", "run"):
        schema(name).validate(json.loads((tmp_path / "replayed" / f"{name}.json").read_text()))


def test_validate_reports_what_is_missing(stillwatch: Runner, tmp_path: Path) -> None:
    rows = [make_row(n, odd_column=1) for n in range(99)]
    logs = write_rows(tmp_path / "logs.jsonl", [*rows, {"account_id": "a"}])
    ran = stillwatch("validate", logs, "--json")
    report = ran.json()
    assert ran.code == 0
    assert report["files"] == [{"path": str(logs), "source": "jsonl", "rows": 100, "rejected": 1}]
    assert report["unknown"] == ["odd_column"]
    assert report["columns"]["messages"] == 1.0  # type: ignore[index]
    assert report["columns"]["payment_id"] == 0.0  # type: ignore[index]
    text = stillwatch("validate", logs)
    assert "payment" in text.out.split("would abstain")[1]
    assert stillwatch("validate", logs, "--max-rejected", "0").code == 2


def test_validate_prints_the_commonest_reasons(stillwatch: Runner, tmp_path: Path) -> None:
    rows = [make_row(n) for n in range(9)]
    logs = write_rows(tmp_path / "logs.jsonl", rows)
    with logs.open("a") as file:
        file.writelines('{"a":' + "1" * n + "x\n" for n in range(1, 40))
    ran = stillwatch("validate", logs, "--max-rejected", "1")
    assert "and 19 more" in ran.out
    assert (
        len(stillwatch("validate", logs, "--max-rejected", "1", "--json").json()["reasons"]) == 39
    )  # type: ignore[arg-type]


def test_sources_and_units_are_listed(stillwatch: Runner) -> None:
    assert "parquet" in stillwatch("sources").out
    assert "rubric_grading" in stillwatch("detectors").out
    assert "payment" in stillwatch("linkers").out
    assert "Blind spots" in stillwatch("detectors", "rubric_grading").out
    listed = json.loads(stillwatch("linkers", "--json").out)
    assert {"name", "family", "tactics", "settings"} <= set(listed[0])


def test_config_show_names_the_origin_and_never_the_key(
    stillwatch: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STILLWATCH_SKETCH_KEY", "the-secret-of-the-firm")
    (tmp_path / "mine.toml").write_text("[detectors.steady_load]\nmin_exchanges = 9\n")
    ran = stillwatch("config", "show", "--origin", "--config", tmp_path / "mine.toml")
    line = next(x for x in ran.out.splitlines() if x.startswith("detectors.steady_load"))
    assert line.split()[1:] == ["9", "48", str(tmp_path / "mine.toml")]
    shown = stillwatch("config", "show", "--config", tmp_path / "mine.toml", "--json")
    assert shown.json()["sketch_key"] == "environment"
    assert "secret-of" not in ran.out + shown.out


def test_a_terminal_gets_a_progress_bar_and_a_pipe_none(traffic: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "stillwatch", "sketch", str(traffic), "--out"]
    ran = subprocess.run([*words, str(tmp_path / "a")], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(
        [*words, str(tmp_path / "b")], stdout=subprocess.PIPE, stderr=slave, env=env
    )
    os.close(slave)
    drawn = b""
    try:
        while chunk := os.read(master, 4096):
            drawn += chunk
    except OSError:  # the terminal's other end is closed
        pass
    finally:
        os.close(master)
    out, _ = process.communicate()
    assert process.returncode == 0
    assert b"sketch" in drawn
    assert b"B/s" in drawn
    assert b"\x1b" not in out


def test_a_wide_table_folds_on_a_terminal_and_stays_whole_in_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [("c-1", 7, "A1 A3 A5 A6 A7 A8"), ("c-2", 12, "A1")]
    monkeypatch.setenv("COLUMNS", "24")
    print_table(("id", "n", "tactics"), rows)
    assert capsys.readouterr().out.splitlines()[1] == "c-1   7  A1 A3 A5 A6 A7 A8"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_table(("id", "n", "tactics"), rows)
    shown = click.unstyle(capsys.readouterr().out).splitlines()
    assert shown[1:] == ["c-1   7  A1 A3 A5 A6 A7", "         A8", "c-2  12  A1"]


def test_columns_that_nobody_reads_are_named_once(stillwatch: Runner, tmp_path: Path) -> None:
    logs = write_rows(tmp_path / "logs.jsonl", [make_row(n, tier="gold") for n in range(9)])
    ran = stillwatch("scan", logs, "--out", tmp_path / "out")
    assert ran.err == "warning: columns that nobody reads were ignored: tier\n"
    assert "0 campaigns to act on" in ran.out


def test_the_way_out_fits_the_command(stillwatch: Runner, tmp_path: Path) -> None:
    logs = write_rows(tmp_path / "logs.jsonl", [make_row(1), {"account_id": "a"}])
    assert "a scan would end" in stillwatch("validate", logs).err
    ran = stillwatch("sketch", logs, "--out", tmp_path / "sketches")
    assert f"{tmp_path / 'sketches' / '_rejected.jsonl'} says why" in ran.err
    assert (tmp_path / "sketches" / "_rejected.jsonl").exists()
    ran = stillwatch("scan", logs, "--out", tmp_path / "out")
    assert f"{tmp_path / 'out' / 'rejected.jsonl'} says why" in ran.err


def test_the_truth_is_counted_for_campaigns_and_look_alikes(
    make_results: Callable[..., Results],
) -> None:
    labels = pa.table(
        {
            "account_id": ["acct-0-0", "acct-0-1", "other", "quiet"],
            "archetype": ["x", "B6", "x", "chat"],
            "campaign_id": ["x", None, "x", None],
        }
    )
    assert compare(make_results(), labels) == {
        "campaigns": [{"campaign": "x", "accounts": 2, "act": 1, "review": 0, "none": 1}],
        "benign": [
            {"archetype": "B6", "accounts": 1, "act": 1, "review": 0, "none": 0},
            {"archetype": "chat", "accounts": 1, "act": 0, "review": 0, "none": 1},
        ],
        "benign_accounts": 2,
    }
