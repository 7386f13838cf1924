"""Exact binomial tails and the rates they bound; no normal approximation anywhere.

Source: Clopper and Pearson 1934.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from stillwatch.core.errors import UnitError

FloatArray = NDArray[np.float64]

__all__ = [
    "binomial_lower_tail",
    "binomial_upper_tail",
    "clopper_pearson",
    "needed_innocents",
    "zero_alarm_bound",
]


def binomial_upper_tail(hits: ArrayLike, trials: ArrayLike, rate: ArrayLike) -> FloatArray:
    """Return P(X >= hits) for X ~ Binomial(trials, rate); arguments broadcast."""
    x, n, p = np.broadcast_arrays(_floats(hits), _floats(trials), _floats(rate))
    inside = (x > 0) & (x <= n)
    tail = special.betainc(np.where(inside, x, 1.0), np.where(inside, n - x + 1.0, 1.0), p)
    return np.where(inside, tail, np.where(x > n, 0.0, 1.0))


def binomial_lower_tail(hits: ArrayLike, trials: ArrayLike, rate: ArrayLike) -> FloatArray:
    """Return P(X <= hits) for X ~ Binomial(trials, rate); arguments broadcast."""
    x, n, p = np.broadcast_arrays(_floats(hits), _floats(trials), _floats(rate))
    return binomial_upper_tail(n - x, n, 1.0 - p)


def clopper_pearson(
    hits: ArrayLike, trials: ArrayLike, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Return the exact two-sided interval of a rate; arguments broadcast.

    Args:
        hits: Number of alarms, 0 <= hits <= trials.
        trials: Number of units; 0 trials give (0, 1).
        confidence: Coverage, in (0, 1).

    Raises:
        UnitError: Counts are negative or hits exceed trials.
    """
    x, n = np.broadcast_arrays(_floats(hits), _floats(trials))
    if np.any((x < 0) | (x > n)):
        raise UnitError("hits must lie between 0 and trials")
    tail = (1.0 - confidence) / 2.0
    low = np.where(x > 0, special.betaincinv(np.maximum(x, 1), n - x + 1, tail), 0.0)
    high = np.where(x < n, special.betaincinv(x + 1, np.maximum(n - x, 1), 1.0 - tail), 1.0)
    return low, high


def zero_alarm_bound(innocents: int, confidence: float = 0.95) -> float:
    """Return the one-sided bound on the alarm rate after no alarm among so many innocents.

    1 - (1 - confidence)^(1 / n): 100 innocents bound it by 3.0 %, 1,000 by 0.30 %.

    Raises:
        UnitError: The number is negative.
    """
    if innocents < 0:
        raise UnitError("the number of innocents is negative")
    return 1.0 if innocents == 0 else -math.expm1(math.log1p(-confidence) / innocents)


def needed_innocents(rate: float, confidence: float = 0.95) -> int:
    """Return how many innocents without an alarm support the claim "at most this rate".

    2,995 for a rate of 0.001 at 95 %.

    Raises:
        UnitError: The rate is not in (0, 1).
    """
    if not 0.0 < rate < 1.0:
        raise UnitError("a claimed rate must lie strictly between 0 and 1")
    return math.ceil(math.log1p(-confidence) / math.log1p(-rate))


def _floats(values: ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64)
