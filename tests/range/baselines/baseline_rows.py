"""Small made-up traffic for the baselines: ordinary people, and whatever a test plants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import orjson
import pyarrow as pa

from stillwatch.core.catalogue import units
from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.range.baselines import view_of
from stillwatch.range.contracts import AccountView, Baseline, FloatArray

START = datetime(2026, 3, 2, tzinfo=UTC)
STARTS = ("ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "zu")
WORDS = [start + end for start in STARTS for end in ("fin", "gor", "hal", "jam")]
Rows = list[dict[str, object]]


def said(rng: np.random.Generator, words: int, vocabulary: list[str] = WORDS) -> str:
    """Return a sentence of random words, some far more usual than others."""
    picks = np.minimum(rng.zipf(1.4, words) - 1, len(vocabulary) - 1)
    return " ".join(vocabulary[k] for k in picks)


def row(account: str, seconds: float, prompt: str, **columns: object) -> dict[str, object]:
    """Return one exchange."""
    number = int(account[1:])
    return {
        "time": START + timedelta(seconds=float(seconds)),
        "account_id": account,
        "account_created": START - timedelta(days=90),
        "ip": f"10.{ord(account[0])}.{number % 250}.{number // 250}",
        "messages": orjson.dumps([{"role": "user", "content": prompt}]).decode(),
        "plan": "free",
        "model": "atlas-4",
        "status": 200,
        **columns,
    }


def people(count: int, prompts: int = 24, seed: int = 0, mark: str = "p") -> Rows:
    """Return ordinary accounts: their own address, their own words, their own hours."""
    rng = np.random.default_rng(seed)
    return [
        row(f"{mark}{k}", second, said(rng, int(rng.integers(6, 24))))
        for k in range(count)
        for second in np.sort(rng.uniform(0, 7 * 86_400, prompts))
    ]


def table(rows: Rows) -> pa.Table:
    """Return rows as exchanges, sorted by time."""
    return pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA).sort_by("time")


def scores(name: str, rows: Rows, reference: Rows | None = None) -> dict[str, float]:
    """Return the score of every account under a baseline."""
    past = view_of(table(reference)) if reference else None
    view = view_of(table(rows), past)
    return dict(zip(view.accounts.to_pylist(), run(name, view).tolist(), strict=True))


def run(name: str, view: AccountView) -> FloatArray:
    """Score a view under a baseline."""
    return units("range.baselines", Baseline)[name].score(view)


def of(found: dict[str, float], mark: str) -> FloatArray:
    """Return the scores of the accounts whose id starts with a letter."""
    return np.array([value for key, value in found.items() if key.startswith(mark)])
