"""Geometry of the calibration plots: how p-values of the innocent spread, and against what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stillwatch.report._format import percent
from stillwatch.report._plots import LEFT, PLOT, Bar

BINS: Final = 20
TOP: Final = 24
HEIGHT: Final = 160
SIDE: Final = 320


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bars of equal width over 0 to 1, and the height that a uniform spread would have."""

    bars: tuple[Bar, ...]
    maximum: str
    uniform_y: str
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """One quantile: where it is drawn, and its level and value."""

    x: str
    y: str
    level: float
    value: float


def histogram(quantiles: Sequence[float]) -> Histogram | None:
    """Lay out a histogram of p-values known by their quantiles; None where there are none.

    Args:
        quantiles: Evenly spaced quantiles; each stands for an equal share of the values.
    """
    if not quantiles:
        return None
    counts = [0] * BINS
    for value in quantiles:
        counts[min(int(value * BINS), BINS - 1)] += 1
    shares = tuple(count / len(quantiles) for count in counts)
    largest = max(shares)
    width = PLOT / BINS
    bars = tuple(
        Bar(
            f"{LEFT + width * place:.1f}",
            f"{TOP + HEIGHT * (1 - share / largest):.1f}",
            f"{width - 2:.1f}",
            f"{HEIGHT * share / largest:.1f}",
            f"{place / BINS:.2f} to {(place + 1) / BINS:.2f}: {percent(share)}",
        )
        for place, share in enumerate(shares)
        if share
    )
    uniform = TOP + HEIGHT * (1 - 1 / BINS / largest)
    return Histogram(bars, percent(largest), f"{uniform:.1f}", shares)


def quantile_dots(quantiles: Sequence[float]) -> tuple[Dot, ...]:
    """Lay out quantiles against those of a uniform spread, in a square from 0 to 1.

    A dot above the diagonal is a p-value larger than it had to be: fewer alarms than allowed.
    """
    n = len(quantiles)
    return tuple(
        Dot(
            f"{LEFT + SIDE * (rank + 1) / n:.1f}",
            f"{TOP + SIDE * (1 - value):.1f}",
            (rank + 1) / n,
            value,
        )
        for rank, value in enumerate(quantiles)
    )
