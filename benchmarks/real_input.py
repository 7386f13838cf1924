"""Scans traffic made of real prompts, arrivals and networks; prints what was found and what not.

Run: python -m benchmarks real_input
The labels are by the origin of the text; nothing here is traffic of an observed campaign.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from stillwatch.range.compose import write
from stillwatch.range.evaluate import evaluate
from stillwatch.range.scenario import compose, find

HISTORY_SEED = 1_000_003


def main(size: float = 1.0) -> None:
    data = Path(os.environ.get("STILLWATCH_DATA", "../shared/data"))
    if not (data / "README.md").exists():
        print("skipped: the real data is not here (set STILLWATCH_DATA)")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        week = replace(find("real_input"), scale=size)
        quiet = replace(week, scale=2 * size, campaigns=())
        history, _ = write(compose(quiet, HISTORY_SEED, data), folder / "history")
        traffic, labels = write(compose(week, 0, data), folder / "week")
        profile = folder / "profile.json"
        _stillwatch("calibrate", history, "--out", profile)
        for title, options in (("with a profile", ("--profile", profile)), ("without one", ())):
            print(f"\n### {title}\n", flush=True)
            start = time.perf_counter()
            _stillwatch("scan", traffic, "--out", folder / "scan", *options)
            print(f"\nscanned in {time.perf_counter() - start:.1f} s\n")
            report(folder / "scan", labels)


def _stillwatch(*words: str | Path) -> None:
    command = Path(sys.executable).with_name("stillwatch")
    subprocess.run([command, *words], check=True)


def report(results: Path, labels: Path) -> None:
    """Print, for each archetype and campaign, how many accounts were flagged at each level."""
    found = evaluate(results, labels)
    print("| accounts | n | act | review | share at act, 95 % interval |")
    print("|---|---|---|---|---|")
    campaigns = (replace(one.members, name=f"campaign:{one.members.name}") for one in found.hidden)
    for group in sorted((*found.archetypes, *campaigns), key=lambda group: group.name):
        act, review = group.act, group.flagged.count - group.act.count
        counts = f"{group.name} | {act.of} | {act.count} | {review}"
        print(f"| {counts} | {act.low:.4f} to {act.high:.4f} |")
