"""Composes, scans and judges weeks of the range; each keeps its evaluation, so a run goes on."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import stillwatch as package
from benchmarks._measure import stillwatch
from stillwatch.range import scenario
from stillwatch.range.compose import write
from stillwatch.range.contracts import IN_LIFE
from stillwatch.range.evaluate import evaluate

EVALUATION = "evaluation.json"
CORES = 2
_NO_RESULT = ("cli", "report", "sharing")


@dataclass(frozen=True, slots=True)
class Week:
    """One composition to be scanned and judged.

    Attributes:
        name: Scenario.
        seed: Seed of the composition.
        scale: Multiplies the number of benign accounts.
        data: Folder of real prompts and arrivals; None for text of our own making.
        profile: What the scan knows of ordinary traffic.
        folder: Where the evaluation is kept.
        replay: Whether to replay, which gives times of detection, instead of one scan.
    """

    name: str
    seed: int
    scale: float
    data: Path | None
    profile: Path
    folder: Path
    replay: bool = False

    @property
    def kept(self) -> Path:
        return self.folder / self.name / f"seed-{self.seed}" / EVALUATION


@dataclass(frozen=True, slots=True)
class Past:
    """One file of benign history."""

    seed: int
    scale: float
    data: Path | None
    path: Path


def code() -> str:
    """Return a hash of everything that can change a result: kept evaluations are of this code."""
    root = Path(package.__file__).parent
    files = (p for p in root.rglob("*") if p.suffix in {".py", ".toml", ".json", ".c"})
    digest = hashlib.sha256()
    for path in sorted(files):
        if path.relative_to(root).parts[0] not in _NO_RESULT:
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:8]


def history(files: Iterable[Past], profile: Path) -> None:
    """Compose weeks in which nobody harvests, and learn from all of them; kept when finished."""
    if profile.exists():
        return
    files = list(files)
    for _ in at_a_time(_past, files):
        pass
    fresh = profile.with_suffix(".part")
    stillwatch("calibrate", files[0].path.parent, "--out", fresh, "--threads", str(CORES))
    accounts = sum(pq.read_metadata(one.path.with_suffix(".labels")).num_rows for one in files)
    profile.with_name("history.json").write_text(json.dumps({"accounts": accounts}) + "\n")
    shutil.rmtree(files[0].path.parent)
    fresh.rename(profile)


def _past(one: Past) -> None:
    if one.path.exists():
        return
    plan = scenario.Scenario("history", "nobody harvests", days=14, scale=one.scale, rare=IN_LIFE)
    folder = one.path.with_suffix(".part")
    traffic, labels = write(scenario.compose(plan, one.seed, one.data), folder)
    labels.rename(one.path.with_suffix(".labels"))
    traffic.rename(one.path)
    folder.rmdir()


def judge(week: Week) -> Week:
    """Compose a week, scan or replay it, and keep its evaluation."""
    if week.kept.exists():
        return week
    folder = week.kept.parent
    shutil.rmtree(folder, ignore_errors=True)
    start = time.perf_counter()
    plan = replace(scenario.find(week.name), scale=week.scale)
    traffic, labels = write(scenario.compose(plan, week.seed, week.data), folder)
    composed = time.perf_counter()
    command = ("replay", traffic, "--every", "6h") if week.replay else ("scan", traffic)
    options = ("--profile", week.profile, "--out", folder / "results", "--threads", "1")
    used = stillwatch(*command, *options)
    found = evaluate(folder / "results", labels)
    content = {
        "scenario": week.name,
        "seed": week.seed,
        "scale": week.scale,
        "replay": week.replay,
        "compose_seconds": composed - start,
        "wall_seconds": time.perf_counter() - start,
        "scan_cpu_seconds": used.cpu_seconds,
        "peak_gb": used.peak_gb,
        **found.to_json(),
    }
    shutil.rmtree(folder / "results")
    traffic.unlink()
    labels.unlink()
    fresh = week.kept.with_suffix(".part")
    fresh.write_text(json.dumps(content) + "\n")
    fresh.rename(week.kept)
    return week


def at_a_time(work: Any, tasks: Iterable[Any]) -> Iterator[Any]:
    """Run tasks in processes, one a core, and yield what they return as they finish."""
    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(work, task) for task in tasks]):
            yield done.result()
