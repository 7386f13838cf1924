"""`stillwatch range`: from a composition to a page of evaluations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_rows import Runner


@pytest.fixture
def evaluated(stillwatch: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Compose a small week, scan it and keep the evaluation."""
    monkeypatch.delenv("STILLWATCH_DATA", raising=False)
    week = tmp_path / "twelve_slow"
    composed = stillwatch("range", "compose", "twelve_slow", "--scale", "0.02", "--out", tmp_path)
    assert composed.code == 0, composed.err
    assert stillwatch("scan", week / "traffic.parquet", "--out", week / "results").code == 0
    out = tmp_path / "evaluation.json"
    ran = stillwatch("range", "evaluate", week / "results", week / "labels.parquet", "--out", out)
    assert ran.code == 0, ran.err
    assert "twelve_slow" in ran.out
    return out


def test_evaluations_become_a_page(stillwatch: Runner, evaluated: Path, tmp_path: Path) -> None:
    page = tmp_path / "pages" / "report.html"
    ran = stillwatch("range", "report", evaluated, evaluated, "--out", page)
    assert ran.code == 0, ran.err
    assert "1 scenario, 2 runs" in ran.out
    assert "member recall at review" in page.read_text("utf-8")
    content = json.loads(page.with_suffix(".json").read_bytes())
    assert content["whole"]["members"]["act"]["of"] == 24
    assert content["whole"]["seconds"] > 0
    ran = stillwatch("range", "report", evaluated, "--out", page, "--json")
    assert json.loads(ran.out)["scenarios"][0]["scenario"] == "twelve_slow"

    odd = tmp_path / "odd.json"
    odd.write_text("[]", "utf-8")
    ran = stillwatch("range", "report", odd, "--out", page)
    assert (ran.code, "odd.json is no evaluation" in ran.err) == (2, True)
    ran = stillwatch("range", "report", evaluated, "--baselines", odd, "--out", page)
    assert (ran.code, "baselines" in ran.err) == (2, True)
    ran = stillwatch("range", "report", evaluated, "--out", evaluated.with_suffix(".html"))
    assert (ran.code, "written over" in ran.err) == (2, True)
    assert json.loads(evaluated.read_bytes())["scenario"] == "twelve_slow"
