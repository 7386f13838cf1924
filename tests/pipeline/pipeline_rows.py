"""Small traffic for the pipeline, and ways to read what it wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.records import EXCHANGE_SCHEMA, SKETCH_SCHEMA, Reject

START_US = 1_772_409_600_000_000  # 2 March 2026, 00:00 UTC
MINUTE_US = 60_000_000
Row = dict[str, object]


class Silent:
    """Hears of progress and keeps it to itself."""

    def start(self, stage: str, total: int | None, unit: str) -> None:
        pass

    def advance(self, amount: int) -> None:
        pass

    def done(self) -> None:
        pass


class Rejects(list[Reject]):
    """Collects rejects."""

    def add(self, reject: Reject) -> None:
        self.append(reject)


def exchange(number: int, account: str = "a", **columns: object) -> Row:
    """Return an exchange, a minute later for each number."""
    text = f"Question {number} about gardens: what grows {number} metres from the wall in a shade?"
    return {
        "exchange_id": f"x{number}",
        "time": START_US + number * MINUTE_US,
        "account_id": account,
        "messages": json.dumps([{"role": "user", "content": text}]),
        "response": f"Answer {number}.",
        **columns,
    }


def write_exchanges(path: Path, rows: Iterable[Row]) -> Path:
    """Write exchanges as Parquet."""
    pq.write_table(pa.Table.from_pylist(list(rows), schema=EXCHANGE_SCHEMA), path)
    return path


def sketches_in(files: Iterable[Path]) -> list[Row]:
    """Return the rows of sketch files, in order."""
    tables = [pq.read_table(file) for file in files]
    assert all(table.schema.equals(SKETCH_SCHEMA) for table in tables)
    return [row for table in tables for row in table.to_pylist()]


def campaigns_in(out: Path) -> list[Row]:
    """Return the campaigns of a results folder."""
    found = json.loads((out / "campaigns.json").read_text())["campaigns"]
    assert isinstance(found, list)
    return found
