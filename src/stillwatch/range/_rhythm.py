"""When accounts speak: people by day in sessions, machines evenly, jobs at their hour."""

from __future__ import annotations

from typing import Final

import numpy as np

from stillwatch.range.contracts import DAY_US, HOUR_US, START_US, FloatArray, IntArray, Span

AWAKE: Final = np.array(
    [3, 2, 1, 1, 1, 2, 4, 7, 10, 12, 13, 12, 10, 11, 12, 12, 11, 10, 10, 12, 13, 12, 9, 5], float
)
"""Relative activity of people by local hour."""
OFFICE: Final = np.array(
    [0, 0, 0, 0, 0, 0, 1, 4, 11, 15, 15, 13, 8, 12, 15, 14, 12, 7, 3, 2, 1, 1, 0, 0], float
)
SECOND_US: Final = 1_000_000


def owners(counts: IntArray) -> IntArray:
    """Return the account of each exchange, given each account's number of exchanges."""
    return np.repeat(np.arange(len(counts)), counts).astype(np.int64)


def human(
    rng: np.random.Generator,
    account: IntArray,
    zones: IntArray,
    span: Span,
    hours: FloatArray = AWAKE,
    weekend: float = 0.6,
) -> IntArray:
    """Draw times in sessions that follow the local day.

    Args:
        rng: Source of randomness.
        account: Account of each exchange, sorted.
        zones: Hours from UTC of each account.
        span: Days to fill.
        hours: Relative activity by local hour, shape (24,).
        weekend: Activity on Saturday and Sunday relative to a weekday.
    """
    n = len(account)
    opens = np.concatenate(([True], account[1:] != account[:-1]))[:n] | (rng.random(n) < 0.4)
    session = np.cumsum(opens) - 1
    starts = int(opens.sum())
    weights = np.where(np.arange(span.days) % 7 >= 5, weekend, 1.0)
    day = rng.choice(span.days, starts, p=weights / weights.sum())
    hour = rng.choice(24, starts, p=hours / hours.sum()) + rng.random(starts)
    hour -= zones[account[opens]]
    gaps = np.where(opens, 0.0, rng.lognormal(np.log(75.0), 1.0, n)) * SECOND_US
    elapsed = np.cumsum(gaps)
    elapsed -= elapsed[opens][session]
    when = day[session] * DAY_US + hour[session] * HOUR_US + elapsed
    return inside(when, span)


def steady(rng: np.random.Generator, account: IntArray, span: Span) -> IntArray:
    """Spread each account's exchanges evenly over the span, each at random in its slot.

    `account` is sorted.
    """
    counts = np.bincount(account)
    rank = np.arange(len(account)) - np.repeat(np.cumsum(counts) - counts, counts)
    slot = (rank + rng.random(len(account))) / counts[account]
    return inside(slot * span.days * DAY_US, span)


def shifts(rng: np.random.Generator, n: int, span: Span, evenness: float = 2.0) -> IntArray:
    """Draw n times from one dispatcher: an uneven load by the hour that all workers share.

    Args:
        rng: Source of randomness.
        n: Number of times.
        span: Days to fill.
        evenness: Shape of the gamma law of the hourly load; small is bursty.
    """
    load = rng.gamma(evenness, 1.0, span.days * 24)
    hour = rng.choice(len(load), n, p=load / load.sum())
    return inside((hour + rng.random(n)) * HOUR_US, span)


def inside(since_start: FloatArray, span: Span) -> IntArray:
    """Turn microseconds since the start into UTC, wrapped into the span."""
    return np.asarray(START_US + since_start.astype(np.int64) % (span.days * DAY_US))
