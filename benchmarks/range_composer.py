"""Composes the demo week, the real week and plain rows; prints speeds and the baseline table.

Run: python -m benchmarks.range_composer
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

from stillwatch.range.baselines import baseline_table
from stillwatch.range.compose import compose_demo
from stillwatch.range.contracts import Composition
from stillwatch.range.generate import benchmark_table
from stillwatch.range.scenario import compose, find


def show(name: str, composition: Composition, seconds: float) -> None:
    rows, accounts = composition.exchanges.num_rows, composition.labels.num_rows
    print(f"{name}: {rows:,} exchanges of {accounts:,} accounts in {seconds:.1f} s")
    print("| feature alone | AUC | best F1: precision | recall | precision at recall ≥ 0.5 |")
    print("|---|---|---|---|---|")
    for row in baseline_table(composition)[:12]:
        figures = (row.auc, row.precision, row.recall, row.precision_at_half)
        print(f"| {row.feature} | " + " | ".join(f"{value:.2f}" for value in figures) + " |")


def main(size: float = 1.0) -> None:
    start = time.perf_counter()
    demo = compose_demo(scale=size)
    show("demo", demo, time.perf_counter() - start)
    start = time.perf_counter()
    rows = sum(
        batch.num_rows for batch in benchmark_table(int(1_000_000 * size), int(50_000 * size))
    )
    print(f"plain rows: {rows / (time.perf_counter() - start):,.0f} rows per second")
    data = Path(os.environ.get("STILLWATCH_DATA", "../shared/data"))
    if not (data / "README.md").exists():
        print("real input: skipped, the data is not here (set STILLWATCH_DATA)")
        return
    start = time.perf_counter()
    week = compose(replace(find("real_input"), scale=size), 0, data)
    show("real", week, time.perf_counter() - start)
