"""Every benchmark runs, at a small fraction of its size: figures mean nothing here, gates do."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks import __main__ as suite  # (the folder is no part of the package)
from benchmarks._measure import Row

PRINTING_ONLY = {"mmd_protocol", "range_composer", "real_input"}


@pytest.mark.parametrize("name", sorted(set(suite.names()) - PRINTING_ONLY))
def test_it_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["benchmarks", name, "--size", "0.002", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", arguments)
    suite.main()
    record = json.loads((tmp_path / f"{name}.json").read_text("utf-8"))
    assert record["rows"]
    assert all(row["measured"] >= 0 for row in record["rows"])


@pytest.mark.parametrize("name", sorted(PRINTING_ONLY))
def test_those_that_only_print_run(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STILLWATCH_DATA", "nowhere")
    importlib.import_module(f"benchmarks.{name}").main(size=0.05)
    assert capsys.readouterr().out


def test_a_bar_is_a_floor_or_a_ceiling() -> None:
    assert Row("speed", 3.0, "/s", 2.0, at_least=True).met
    assert not Row("time", 3.0, "s", 2.0).met
    assert Row("unbarred", 3.0, "s").met is None
