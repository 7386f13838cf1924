"""Scan: a million raw exchanges of 50,000 accounts, and the same from sketches.

Run: python -m benchmarks scan [--large]
Gate: both scans give the same bytes. Peak memory is measured at a tenth of the input too and, with
`--large`, at ten times.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from benchmarks._measure import Row, Used, show, stillwatch, traffic

EXCHANGES, ACCOUNTS = 1_000_000, 50_000
WALL, WALL_SKETCHES, PEAK_GB = 90, 30, 4


def scanned(source: Path, folder: Path) -> tuple[Used, bytes]:
    """Scan, and return what it used and the table of accounts it wrote."""
    used = stillwatch("scan", source, "--out", folder, "--threads", "2", "--json")
    return used, (folder / "accounts.parquet").read_bytes()


def main(out: Path, size: float = 1.0, large: bool = False) -> None:
    exchanges, accounts = int(EXCHANGES * size), max(10, int(ACCOUNTS * size))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw = traffic(folder / "raw.parquet", exchanges, accounts)
        tenth = traffic(folder / "tenth.parquet", exchanges // 10, accounts // 10)
        small, _ = scanned(tenth, folder / "small")
        whole, found = scanned(raw, folder / "whole")
        stillwatch("sketch", raw, "--out", folder / "sketches", "--threads", "2")
        kept, again = scanned(folder / "sketches", folder / "kept")
        assert found == again, "a scan of the sketches finds something else"
        inputs = json.loads((folder / "whole" / "campaigns.json").read_bytes())["inputs"]
        assert inputs["exchanges"] == exchanges, inputs
        rows = [
            Row(f"{exchanges:,} raw exchanges: wall", whole.wall_seconds, "s", WALL),
            Row("processor, over two cores", whole.cpu_seconds, "s"),
            Row("peak memory", whole.peak_gb, "GB", PEAK_GB),
            Row("the same from sketches: wall", kept.wall_seconds, "s", WALL_SKETCHES),
            Row("processor, over two cores", kept.cpu_seconds, "s"),
            Row("peak memory", kept.peak_gb, "GB", PEAK_GB),
            Row("a tenth, raw: processor", small.cpu_seconds, "s"),
            Row("peak memory", small.peak_gb, "GB"),
            Row("peak memory, whole over a tenth", whole.peak_gb / small.peak_gb, "x"),
        ]
        if large:
            raw.unlink()
            tenfold = traffic(folder / "tenfold.parquet", 10 * exchanges, 10 * accounts)
            huge, _ = scanned(tenfold, folder / "huge")
            rows += [
                Row(f"{10 * exchanges:,} raw: wall", huge.wall_seconds, "s"),
                Row("processor, over two cores", huge.cpu_seconds, "s"),
                Row("peak memory", huge.peak_gb, "GB", PEAK_GB),
                Row("peak memory, tenfold over whole", huge.peak_gb / whole.peak_gb, "x"),
            ]
    show("scan", rows, out)
