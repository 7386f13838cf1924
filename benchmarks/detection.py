"""Detection on the range: every scenario, held-out seeds, each target beside what was measured.

Run: python -m benchmarks detection [--size 0.05]
Gate: exit code 1 when more is accused falsely than the nominal rate allows, by an exact binomial
test (`_targets.gates`).

At full size: one profile of 100,000 benign accounts over 14 days; 200 benign weeks; 20 seeds of
every scenario, fewer of the largest; `template_400` also replayed. With STILLWATCH_DATA on real
prompts and arrivals. Below full size: text of our own making, the negative controls and two
attacks, fewer and smaller; needs no data. Finished weeks are kept in the folder
`detection/` of --out and not done again, unless the code has changed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks._measure import stillwatch
from benchmarks._targets import LEVEL, NOMINAL, Gate, Judged, gates, judged
from benchmarks._weeks import Past, Week, at_a_time, code, history, judge
from stillwatch.range.pooling import Pool, pool, pools, read
from stillwatch.range.scenario import Scenario, find, scenarios

FIRST_SEED = 10
"""Seeds 0 to 9 are for tuning."""
HISTORY_SEED = 1_000_003
HISTORY_FILES = 5
BENIGN_WEEKS = 200
DENSE_WEEKS = 40
SEEDS = 2
FEWER_SEEDS = {"hydra_20000": 1}
APART = ("evasions", "every_tactic")
"""Scenarios whose campaigns are composed one at a time: together they would find each other."""
REPLAYED = {"template_400": 1}
SCALE = 0.5
"""Of the benign accounts in scenarios that set no scale of their own."""
REDUCED = ("benign_week", "permuted_week", "twelve_slow", "two_operators")
SMALLEST = 0.02
"""Below this size, only what shows that everything runs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done.

    Attributes:
        full: Whether this is the size that the targets are about.
        data: Folder of real prompts and arrivals.
        history_scale: Multiplies the benign accounts of each file of the history.
        seeds: By scenario, how many.
        scale: By scenario, what the benign accounts are multiplied by.
        replayed: By scenario, how many of the seeds are replayed.
    """

    full: bool
    data: Path | None
    history_files: int
    history_scale: float
    seeds: dict[str, int]
    scale: dict[str, float]
    replayed: dict[str, int]


def plan_for(size: float) -> Plan:
    """Return what is done at a size: everything at 1, else a share of it on own text."""
    known = {one.name: one for one in _each()}
    if size >= 1.0:
        data = Path(os.environ.get("STILLWATCH_DATA", "../shared/data"))
        real = data if (data / "README.md").exists() else None
        return Plan(
            full=True,
            data=real,
            history_files=HISTORY_FILES,
            history_scale=1.9 if real else 3.1,
            seeds={name: 1 if "." in name else FEWER_SEEDS.get(name, SEEDS) for name in known}
            | {"benign_week": BENIGN_WEEKS, "dense_week": DENSE_WEEKS},
            scale={name: SCALE if one.scale == 1.0 else one.scale for name, one in known.items()},
            replayed=REPLAYED,
        )
    names = REDUCED if size >= SMALLEST else REDUCED[:-1]
    return Plan(
        full=False,
        data=None,
        history_files=2,
        history_scale=max(0.05, 10 * size),
        seeds={name: max(1, round(SEEDS * size)) for name in names}
        | {"benign_week": max(2, round(BENIGN_WEEKS * size))},
        scale={name: min(known[name].scale, max(0.03, 2 * size)) for name in names},
        replayed={},
    )


def _each() -> Iterator[Scenario]:
    """Yield the scenarios, those of `APART` campaign by campaign."""
    for one in scenarios().values():
        if one.name in APART:
            yield from (find(f"{one.name}.{part.name}") for part in one.campaigns)
        else:
            yield one


def main(out: Path, size: float = 1.0) -> None:
    start = time.perf_counter()
    plan = plan_for(size)
    text = "real prompts and arrivals" if plan.data else "text of our own making"
    folder = out / "detection" / f"{code()}-{size:g}-{'real' if plan.data else 'own'}"
    folder.mkdir(parents=True, exist_ok=True)
    profile = folder / "profile.json"
    print(f"\n## detection\n\n{text}; kept in {folder}", flush=True)
    history(_past(plan, folder), profile)
    accounts = json.loads((folder / "history.json").read_bytes())["accounts"]
    print(
        f"profile of {accounts:,} benign accounts: {time.perf_counter() - start:.0f} s", flush=True
    )
    weeks = list(_weeks(plan, folder, profile))
    for done, week in enumerate(at_a_time(judge, weeks), start=1):
        if done % 20 == 0 or done == len(weeks):
            spent = time.perf_counter() - start
            print(f"{done} of {len(weeks)} weeks, last {week.name}: {spent:.0f} s", flush=True)
    files = sorted(week.kept for week in weeks)
    added = pools(map(read, files))
    rows, tests = judged(added), gates(added)
    _print(rows, tests, added, files)
    stillwatch("range", "report", *files, "--out", out / "detection-report.html")
    seconds = time.perf_counter() - start
    print(f"\n{seconds:.0f} s in all; page: {out / 'detection-report.html'}")
    record = {
        "benchmark": "detection",
        "full": plan.full,
        "text": text,
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "seconds": seconds,
        "history_accounts": accounts,
        "rows": [row.to_json() for row in rows if row.measured is not None],
        "not_measured": [f"{row.target.scenario}: {row.what}" for row in rows if not row.measured],
        "gates": [asdict(test) | {"passed": test.passed} for test in tests],
    }
    (out / "detection.json").write_text(json.dumps(record, indent=1) + "\n")
    if not all(test.passed for test in tests):
        sys.exit(1)


def _past(plan: Plan, folder: Path) -> list[Past]:
    return [
        Past(HISTORY_SEED + n, plan.history_scale, plan.data, folder / "history" / f"{n}.parquet")
        for n in range(plan.history_files)
    ]


def _weeks(plan: Plan, folder: Path, profile: Path) -> Iterator[Week]:
    """Yield the weeks: those with a target first, of them the ones that take longest."""
    order = sorted(plan.seeds, key=lambda name: ("." in name, plan.seeds[name]))
    for name in order:
        for n in range(plan.seeds[name]):
            replay = n < plan.replayed.get(name, 0)
            yield Week(name, FIRST_SEED + n, plan.scale[name], plan.data, profile, folder, replay)


def _print(
    rows: Sequence[Judged], tests: Sequence[Gate], added: Sequence[Pool], files: Sequence[Path]
) -> None:
    print("\n| Target | Measured | Interval | Runs that meet it | |\n|---|---|---|---|---|")
    measured = {one.scenario for one in added}
    for row in (one for one in rows if one.target.scenario in measured):
        print(f"| {_expected(row)} | {_found(row)} |")
    _print_innocent(added)
    print(f"\nGate: nominal rate {NOMINAL:g}, level {LEVEL:g} over both tests")
    for test in tests:
        verdict = "passed" if test.passed else "FAILED"
        print(f"- {test.count} of {test.of} {test.what}: p = {test.p_value:.3g}, {verdict}")
    _print_cost(files)


def _print_innocent(added: Sequence[Pool]) -> None:
    whole = pool([run for one in added for run in one.runs])
    print("\n| Innocent | Accounts | At act, 95 % interval | At act or review, 95 % interval |")
    print("|---|---|---|---|")
    for group in (*whole.archetypes, *whole.languages, whole.innocent):
        shares = " | ".join(
            f"{one.count:,}: {one.low:.3g} to {one.high:.3g}" for one in (group.act, group.flagged)
        )
        print(f"| {group.name} | {group.act.of:,} | {shares} |")
    for rate, (seen, worst) in whole.precision.items():
        measured = "-" if seen is None else f"{seen:.3g}"
        print(f"\nprecision at act, members 1 in {1 / float(rate):,.0f}: {measured}; "
              f"at the upper limit of the false-positive rate {worst:.3g}")  # fmt: skip


def _expected(row: Judged) -> str:
    bar = row.target.bar
    wanted = "" if bar is None else f", {row.target.side} {bar:g}"
    return f"{row.target.scenario}: {row.what}{wanted}"


def _found(row: Judged) -> str:
    if row.measured is None:
        return "not measured | | | "
    one = row.measured
    verdict = {None: "", True: "met", False: "**not met**"}[row.met]
    runs = "" if row.met is None else f"{row.runs_met} of {row.runs}"
    return f"{one.value:.4g} ({one.counts}) | {one.low:.4g} to {one.high:.4g} | {runs} | {verdict}"


def _print_cost(files: Sequence[Path]) -> None:
    spent: dict[str, list[dict[str, float]]] = {}
    for path in files:
        run = json.loads(path.read_bytes())
        kind = f"{run['scenario']}{', replayed' if run['replay'] else ''}"
        spent.setdefault(kind, []).append(run)
    print("\n| Scenario | Runs | Compose, s | Scan, processor s | Wall, s | Peak, GB |")
    print("|---|---|---|---|---|---|")
    for kind, runs in spent.items():
        names = ("compose_seconds", "scan_cpu_seconds", "wall_seconds")
        means = " | ".join(f"{sum(run[name] for run in runs) / len(runs):.1f}" for name in names)
        print(f"| {kind} | {len(runs)} | {means} | {max(run['peak_gb'] for run in runs):.2f} |")
