"""Detection on composed weeks whose seeds nothing was tuned on: found, missed, falsely flagged.

Run: python -m benchmarks composed
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks._measure import Row, show
from stillwatch.stats.intervals import clopper_pearson

SEEDS = range(10, 15)
"""Seeds 0 to 3 were looked at while the detection was built."""


def main(out: Path, size: float = 1.0) -> None:
    seeds = SEEDS[: max(1, int(len(SEEDS) * size))]
    hidden: dict[str, Counter[str]] = {}
    innocent: dict[str, Counter[str]] = {}
    for seed in seeds:
        truth = _demo(seed, scale=1.0 if size >= 1.0 else 0.05)
        print(f"\nseed {seed}: " + "; ".join(map(_line, truth["campaigns"])))
        for row in truth["campaigns"]:
            _add(hidden, row.pop("campaign"), row)
        for row in truth["benign"]:
            _add(innocent, row.pop("archetype"), row)
    _table("hidden campaign", hidden)
    _table("innocent", innocent)
    total: Counter[str] = sum(innocent.values(), Counter())
    members: Counter[str] = sum(hidden.values(), Counter())
    rows = [
        Row("innocent accounts", total["accounts"], ""),
        Row("of them at act", total["act"], "", 0),
        Row("of them at review", total["review"], ""),
        Row("members at act", 100 * members["act"] / members["accounts"], "%"),
    ]
    show("composed", rows, out)


def _demo(seed: int, scale: float) -> dict[str, list[dict[str, int]]]:
    with tempfile.TemporaryDirectory() as folder:
        command = [Path(sys.executable).with_name("stillwatch"), "demo", "--json"]
        command += ["--seed", str(seed), "--scale", str(scale), "--out", folder]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, list[dict[str, int]]] = json.loads(ran.stdout)["truth"]
    return found


def _line(row: dict[str, int]) -> str:
    return f"{row['campaign']} {row['act']} act, {row['review']} review of {row['accounts']}"


def _add(totals: dict[str, Counter[str]], name: object, row: dict[str, int]) -> None:
    totals.setdefault(str(name), Counter()).update(row)


def _table(title: str, totals: dict[str, Counter[str]]) -> None:
    print(f"\n| {title} | accounts | act | review | share at act, 95 % interval |")
    print("|---|---|---|---|---|")
    for name, row in sorted(totals.items()):
        low, high = clopper_pearson(row["act"], row["accounts"])
        counts = f"{row['accounts']:,} | {row['act']:,} | {row['review']:,}"
        print(f"| {name} | {counts} | {low:.4f} to {high:.4f} |")
