"""What the benchmarks share: clocks, processes that are measured, bars, tables, JSON."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow.parquet as pq

from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.range.generate import benchmark_table

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure beside its bar.

    Attributes:
        what: What was measured.
        measured: The figure.
        unit: Its unit.
        bar: The figure to reach; None where there is none.
        at_least: Whether the bar is a floor; else it is a ceiling.
    """

    what: str
    measured: float
    unit: str
    bar: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        if self.bar is None:
            return None
        return self.measured >= self.bar if self.at_least else self.measured <= self.bar


@dataclass(frozen=True, slots=True)
class Used:
    """What a process used: seconds of wall clock and of processor, and its peak memory."""

    wall_seconds: float
    cpu_seconds: float
    peak_gb: float


def show(name: str, rows: Sequence[Row], out: Path) -> None:
    """Print a table and write it as JSON into a folder."""
    print(f"\n## {name}\n\n| What | Measured | Bar | |\n|---|---|---|---|")
    verdict = {None: "", True: "met", False: "not met"}
    for row in rows:
        sign = "at least" if row.at_least else "at most"
        bar = "" if row.bar is None else f"{sign} {_written(row.bar)} {row.unit}"
        measured = f"{_written(row.measured)} {row.unit}"
        print(f"| {row.what} | {measured} | {bar} | {verdict[row.met]} |")
    out.mkdir(parents=True, exist_ok=True)
    record = {
        "benchmark": name,
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "rows": [asdict(row) | {"met": row.met} for row in rows],
    }
    (out / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")


def _written(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cpu_seconds(work: Callable[[], T], repeats: int) -> tuple[float, T]:
    """Return the least processor time of several runs, and what the last one returned."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        best = min(best, time.process_time() - start)
    return best, result


def stillwatch(*arguments: str | Path) -> Used:
    """Run one command line in a process of its own.

    Raises:
        SystemExit: The command failed.
    """
    command = [str(Path(sys.executable).with_name("stillwatch")), *map(str, arguments)]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"failed: {' '.join(command)}")
    return Used(seconds, usage.ru_utime + usage.ru_stime, _bytes(usage) / 1e9)


def _bytes(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def traffic(path: Path, exchanges: int, accounts: int) -> Path:
    """Write raw exchanges of made-up traffic, spread over 14 days, to a Parquet file."""
    with pq.ParquetWriter(path, EXCHANGE_SCHEMA, compression="zstd") as writer:
        for batch in benchmark_table(exchanges, accounts):
            writer.write_batch(batch)
    return path
