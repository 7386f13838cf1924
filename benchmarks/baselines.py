"""The baselines on a composed week: what each flags at an honest threshold, and at best.

Run: python -m benchmarks baselines
The history is another composed week without campaigns. The strongest single features close the
table; the benchmark `composed` shows stillwatch on such weeks.
"""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks._measure import Row, show
from stillwatch.range.compare import Row as Compared
from stillwatch.range.compare import compare, trivial
from stillwatch.range.compose import compose_demo

SEED, HISTORY_SEED = 10, 1_000_010
FEATURES = 5


def main(out: Path, size: float = 1.0) -> None:
    scale = size if size >= 0.05 else 0.05
    week = compose_demo(seed=SEED, scale=scale)
    history = compose_demo(seed=HISTORY_SEED, scale=scale, campaigns=False).exchanges
    start = time.process_time()
    rows = compare(week.exchanges, week.labels, history)
    seconds = time.process_time() - start
    print(f"\n{week.exchanges.num_rows:,} exchanges, {week.labels.num_rows:,} accounts")
    print("\n| baseline | AUC | false positives at 0.1 % | recall | at 1 % | recall | oracle |")
    print("|---|---|---|---|---|---|---|")
    others = [row for row in rows if not row.single]
    for row in others + [row for row in rows if row.single][:FEATURES]:
        print(_line(row))
    best = max(others, key=lambda row: row.oracle.value)
    show(
        "baselines",
        [
            Row("processor time of all baselines on week and history", seconds, "s", 60),
            Row(
                f"best oracle recall of a baseline ({best.baseline})", 100 * best.oracle.value, "%"
            ),
            Row("one feature alone solves the week", float(trivial(rows)), "", 0),
        ],
        out,
    )


def _line(row: Compared) -> str:
    cells = [f"{row.auc:.2f}"]
    for at in row.budgets:
        for share in (at.false_positives, at.recall):
            low, high = share.interval
            cells.append(f"{share.value:.2%} ({low:.2%} to {high:.2%})")
    return f"| {row.baseline} | " + " | ".join(cells) + f" | {row.oracle.value:.1%} |"
