"""Rows of logs, and what a command printed."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from stillwatch.outputs import FILES

COMMAND = [sys.executable, "-m", "stillwatch"]


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, object]:
        content = json.loads(self.out)
        assert isinstance(content, dict)
        return content


Runner = Callable[..., Ran]
Row = dict[str, object]


def write_rows(path: Path, rows: Iterable[Row]) -> Path:
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def make_row(number: int, account: str = "a", **columns: object) -> Row:
    """Return a row with time, account and text; a minute later for each number."""
    day, minute = divmod(number, 1440)
    return {
        "exchange_id": f"x{number}",
        "time": f"2026-03-{2 + day % 25:02d}T{minute // 60:02d}:{minute % 60:02d}:00Z",
        "account_id": account,
        "messages": [{"role": "user", "content": f"Question {number}: what is {number} squared?"}],
        "response": f"The answer is {number * number}.",
        **columns,
    }


def digests(out: Path) -> dict[str, str]:
    return {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in FILES}


def campaigns(out: Path) -> list[dict[str, object]]:
    found = json.loads((out / "campaigns.json").read_text())["campaigns"]
    assert isinstance(found, list)
    return found


def balanced(summary: dict[str, object]) -> bool:
    """Say whether no row was lost in silence."""
    kept = (summary["exchanges"], summary["rejected"], summary["duplicates"])
    return summary["rows"] == sum(kept)  # type: ignore[arg-type]
