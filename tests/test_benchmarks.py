"""Every benchmark runs, at a small fraction of its size: figures mean nothing here, gates do."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks import __main__ as suite  # (the folder is no part of the package)
from benchmarks import detection
from benchmarks._measure import Row
from benchmarks._targets import FIGURES, TARGETS, gates, judged
from benchmarks._weeks import Week, judge
from benchmarks.detection import FIRST_SEED, plan_for

from stillwatch.range.evaluate import Evaluation, Group, Hidden, share
from stillwatch.range.pooling import Pool, Stored, pools
from stillwatch.range.scenario import scenarios

COSTS = ("compose_seconds", "scan_cpu_seconds", "wall_seconds", "peak_gb")
PRINTING_ONLY = {"mmd_protocol", "range_composer", "real_input"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in suite.WHEN_NAMED else [])
        for name in sorted(set(suite.names()) - PRINTING_ONLY)
    ],
)
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


def evaluation(act: int, false: int = 0, hidden: bool = True, served: float = 0.02) -> Evaluation:
    """Return a run in which so many of 100 members, or of 100 innocents, are at act."""
    members = Group("one", share(act, 100), share(act, 100))
    nobody = Group("members", share(0, 0), share(0, 0))
    innocent = Group("innocent", share(0 if hidden else act, 100), share(act, 100))
    return Evaluation(
        innocent=innocent,
        archetypes=(Group("B1", innocent.act, innocent.flagged),),
        languages=(),
        hidden=(Hidden(members, (), 0.004, 1.0, 20.0, served, 9),) if hidden else (),
        members=members if hidden else nobody,
        true_at_act=share(act, act + false),
        true_in_queue=share(act, act + false),
        campaigns_at_act=10,
        false_at_act=false,
        merges=0,
        splits=0,
        precision={},
        p_values=(),
        null_share={},
        seconds=1.0,
    )


def added(**runs: list[Evaluation]) -> tuple[Pool, ...]:
    return pools(Stored(name, run) for name, every in runs.items() for run in every)


def test_targets_are_of_scenarios_that_exist() -> None:
    assert {target.scenario for target in TARGETS} <= set(scenarios())
    assert {target.figure.partition(":")[0] for target in TARGETS} <= set(FIGURES)
    aimed = {target.scenario for target in TARGETS}
    assert {"evasions", "every_tactic", "real_input"} == set(
        scenarios()
    ) - aimed  # no number: rows without bar


def test_met_is_computed() -> None:
    rows = {
        (row.target.scenario, row.target.figure): row
        for row in judged(added(template_400=[evaluation(99), evaluation(90, served=0.07)]))
    }
    recall = rows["template_400", "recall_act"]
    assert recall.measured is not None
    assert (recall.measured.value, recall.met) == (0.945, False)
    assert (recall.runs_met, recall.runs) == (1, 2)
    assert rows["template_400", "detected_hours"].met
    served = rows["template_400", "served"]  # the worst replay counts
    assert (served.met, served.runs_met, served.to_json()["measured"]) == (False, 1, 0.07)
    assert rows["cover_90", "recall_act"].measured is None


def test_an_archetype_and_a_campaign_can_be_named() -> None:
    rows = judged(added(hard_pair_gsm8k=[evaluation(70)], two_operators=[evaluation(70)]))
    found = {(row.target.scenario, row.target.figure): row.met for row in rows}
    assert found["hard_pair_gsm8k", "innocent_act:B1"]
    assert found["hard_pair_tools", "innocent_act:tools"] is None
    assert found["two_operators", "merging_runs"]


def weeks(false: int, of: int) -> list[Evaluation]:
    return [evaluation(int(n < false), hidden=False) for n in range(of)]


@pytest.mark.parametrize(
    ("false", "of", "passes"),
    [(0, 2, True), (1, 10, True), (2, 10, False), (6, 200, True), (8, 200, False), (1, 1, True)],
)
def test_the_gate_on_weeks_is_an_exact_test(false: int, of: int, passes: bool) -> None:
    quiet, _ = gates(added(benign_week=weeks(false, of)))
    assert (quiet.count, quiet.of) == (false, of)
    assert quiet.passed is passes


def test_the_gate_on_campaigns_counts_false_ones() -> None:
    _, calm = gates(added(template_400=[evaluation(90, false=1)] * 2))
    _, loud = gates(added(template_400=[evaluation(90, false=1)] * 4))
    assert (calm.count, calm.of, calm.passed) == (2, 20, True)
    assert (loud.count, loud.of, loud.passed) == (4, 40, False)


def test_the_plan_holds_out_seeds_and_needs_no_data_when_small() -> None:
    full, small = plan_for(1.0), plan_for(0.05)
    assert FIRST_SEED >= 10
    assert {name.partition(".")[0] for name in full.seeds} == set(scenarios())
    assert full.seeds["benign_week"] >= 200
    assert (small.data, small.full, small.replayed) == (None, False, {})
    assert small.seeds["benign_week"] == 10


def test_a_finished_week_is_kept(tmp_path: Path) -> None:
    week = Week("twelve_slow", 10, 0.02, None, tmp_path / "missing.json", tmp_path)
    week.kept.parent.mkdir(parents=True)
    week.kept.write_text("{}", "utf-8")
    assert judge(week) is week
    assert week.kept.read_text("utf-8") == "{}"


@pytest.mark.parametrize("false", [0, 3])
def test_a_failed_gate_fails_the_run(
    false: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def learn(_: object, profile: Path) -> None:
        profile.with_name("history.json").write_text('{"accounts": 7}', "utf-8")

    def finish(_: object, every: list[Week]) -> Iterator[Week]:
        for number, week in enumerate(every):
            run = evaluation(int(number < false), hidden=False)
            cost = dict.fromkeys(COSTS, 1.0)
            content = {"scenario": week.name, "replay": False, **cost, **run.to_json()}
            week.kept.parent.mkdir(parents=True)
            week.kept.write_text(json.dumps(content), "utf-8")
            yield week

    monkeypatch.setattr(detection, "history", learn)
    monkeypatch.setattr(detection, "at_a_time", finish)
    monkeypatch.setattr(detection, "stillwatch", lambda *_: None)
    if false:
        with pytest.raises(SystemExit) as left:
            detection.main(tmp_path, 0.05)
        assert left.value.code == 1
    else:
        detection.main(tmp_path, 0.05)
    record = json.loads((tmp_path / "detection.json").read_text("utf-8"))
    assert [gate["passed"] for gate in record["gates"]] == [not false, True]
    assert ("FAILED" in capsys.readouterr().out) is bool(false)
