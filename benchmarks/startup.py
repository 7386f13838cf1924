"""Start of the command line: `stillwatch --version` beside an interpreter that does nothing.

Run: python -m benchmarks startup
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks._measure import Row, show, stillwatch

RUNS = 10


def main(out: Path, size: float = 1.0) -> None:
    runs = max(2, int(RUNS * size))
    stillwatch("--version")  # writes the compiled modules
    started = [stillwatch("--version") for _ in range(runs)]
    wall = statistics.median(used.wall_seconds for used in started)
    cpu = statistics.median(used.cpu_seconds for used in started)
    floor = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        floor.append(time.perf_counter() - start)
    show(
        "startup",
        [
            Row("stillwatch --version, median", wall * 1000, "ms", 250),
            Row("of that, processor", cpu * 1000, "ms"),
            Row("python -c pass, median", statistics.median(floor) * 1000, "ms"),
        ],
        out,
    )
