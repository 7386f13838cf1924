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
    opening: float = 0.5,
) -> IntArray:
    """Draw times in sessions that follow the local day.

    Args:
        rng: Source of randomness.
        account: Account of each exchange, sorted.
        zones: Hours from UTC of each account.
        span: Days to fill.
        hours: Relative activity by local hour, shape (24,).
        weekend: Activity on Saturday and Sunday relative to a weekday.
        opening: Chance that an exchange opens a new session.
    """
    n = len(account)
    opens = np.concatenate(([True], account[1:] != account[:-1]))[:n] | (rng.random(n) < opening)
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


def shifts(rng: np.random.Generator, account: IntArray, joins: FloatArray, span: Span) -> IntArray:
    """Draw times from one dispatcher, which hands out work in small batches.

    Args:
        rng: Source of randomness.
        account: Account of each exchange, sorted.
        joins: Share of the span that has passed when each account joins.
        span: Days to fill.

    The load by the hour is uneven and shared by all; an account gets two requests or so at once.
    """
    n = len(account)
    hours = span.days * 24
    load = np.cumsum(rng.gamma(2.0, 1.0, hours))
    opens = np.concatenate(([True], account[1:] != account[:-1]))[:n] | (rng.random(n) < 0.55)
    batch = np.cumsum(opens) - 1
    first = np.interp(joins[account[opens]] * hours, np.arange(hours), load)
    aim = first + (load[-1] - first) * rng.random(len(first))
    start = np.interp(aim, load, np.arange(hours)) + rng.random(len(first))
    delay = np.where(opens, 0.0, rng.exponential(5.0 / 60.0, n))
    return inside(np.minimum(start[batch] + delay, hours - 1e-6) * HOUR_US, span)


def inside(since_start: FloatArray, span: Span) -> IntArray:
    """Turn microseconds since the start into UTC, wrapped into the span."""
    return np.asarray(START_US + since_start.astype(np.int64) % (span.days * DAY_US))


def earlier(
    rng: np.random.Generator, time_us: IntArray, collects: IntArray, judged: IntArray
) -> IntArray:
    """Choose for each of `judged` one of `collects` at least an hour before it; -1 if none."""
    order = collects[np.argsort(time_us[collects], kind="stable")]
    ready = np.searchsorted(time_us[order], time_us[judged] - HOUR_US)
    back = (rng.random(len(judged)) ** 2 * ready).astype(np.int64)
    chosen = np.append(order, -1)[np.maximum(ready - 1 - back, 0)]
    return np.where(ready > 0, chosen, -1)
