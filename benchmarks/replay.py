"""Replay of 14 days, hour by hour, against one scan of the same data.

Run: python -m benchmarks replay
Gate: the last look of the replay sees every exchange and finds the accounts that the scan finds.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from benchmarks._measure import Row, show, stillwatch, traffic

EXCHANGES, ACCOUNTS = 1_000_000, 50_000


def main(out: Path, size: float = 1.0) -> None:
    exchanges, accounts = int(EXCHANGES * size), max(10, int(ACCOUNTS * size))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw = traffic(folder / "raw.parquet", exchanges, accounts)
        common = ("--threads", "2", "--json", "--out")
        once = stillwatch("scan", raw, *common, folder / "scan")
        steps = stillwatch("replay", raw, "--every", "1h", *common, folder / "replay")
        tables = [(folder / n / "accounts.parquet").read_bytes() for n in ("scan", "replay")]
        assert tables[0] == tables[1], "the last look differs from the scan"
        looks = json.loads((folder / "replay" / "run.json").read_bytes())["looks"]
    show(
        "replay",
        [
            Row("one scan: processor", once.cpu_seconds, "s"),
            Row("wall", once.wall_seconds, "s"),
            Row("replay --every 1h: processor", steps.cpu_seconds, "s"),
            Row("wall", steps.wall_seconds, "s"),
            Row("looks", looks, ""),
            Row("processor, replay over scan", steps.cpu_seconds / once.cpu_seconds, "x", 3),
            Row("wall, replay over scan", steps.wall_seconds / once.wall_seconds, "x", 3),
            Row("peak memory", steps.peak_gb, "GB", 4),
        ],
        out,
    )
