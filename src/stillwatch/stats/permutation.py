"""Permutation and Monte Carlo p-values: the null is randomised by us.

Draws must be exchangeable with the observed statistic under the null, and computed by the same
code. Ties count against us, also when they differ in the last bits only. Whatever was chosen by
looking at the data (a cluster, a template, a threshold) has to be chosen again in every draw.

Source: Besag and Clifford 1991, Sequential Monte Carlo p-values, Biometrika 78:301; Phipson and
Smyth 2010 for the added one; Westfall and Young 1993 for the maximum statistic.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stillwatch.core.compiled import kernel
from stillwatch.core.errors import UnitError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

__all__ = [
    "MonteCarlo",
    "Strata",
    "max_statistic_p",
    "monte_carlo_p",
    "permute_within",
]

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class MonteCarlo:
    """A Monte Carlo test.

    Attributes:
        p: p-value in (0, 1]; NaN when the observed statistic is.
        draws: Number of null draws the p-value rests on.
        mean: Mean statistic of those draws: what to expect under the null.
    """

    p: float
    draws: int
    mean: float


def monte_carlo_p(
    observed: float,
    draw: Callable[[np.random.Generator, int], ArrayLike],
    rng: np.random.Generator,
    max_draws: int = 9999,
    exceedances: int = 20,
    batch: int = 256,
) -> MonteCarlo:
    """Test an observed statistic against drawn ones, with exact early stopping.

    Stops at the h-th draw that reaches the observed statistic, at draw l: p = h / l. Otherwise
    p = (1 + g) / (B + 1) after B draws, g of which reached it. Both are exact; stopping at any
    other moment is not. Draws of the batch after the l-th are thrown away.

    Args:
        observed: Observed statistic; larger is more extreme.
        draw: Returns that many independent null statistics, shape (k,). NaN counts against us.
        rng: Random generator, handed on to `draw`.
        max_draws: B; the smallest possible p is 1 / (B + 1).
        exceedances: h.
        batch: Largest number of draws asked for at once. The first batch is an eighth of it and
            each is twice the one before, since most tests stop early.
    """
    if math.isnan(observed):
        return MonteCarlo(math.nan, 0, math.nan)
    reached = drawn = 0
    total = 0.0
    step = max(1, batch // 8)
    while drawn < max_draws:
        wanted = min(step, max_draws - drawn)
        step = min(2 * step, batch)
        null = np.asarray(draw(rng, wanted), dtype=np.float64)
        if null.shape != (wanted,):
            raise UnitError(f"asked for {wanted} null draws, got shape {null.shape}")
        hits = np.flatnonzero(_reaches(null, observed))
        if reached + hits.size >= exceedances:
            last = int(hits[exceedances - reached - 1]) + 1
            drawn += last
            total += float(null[:last].sum())
            return MonteCarlo(exceedances / drawn, drawn, total / drawn)
        reached += hits.size
        drawn += wanted
        total += float(null.sum())
    return MonteCarlo((1 + reached) / (drawn + 1), drawn, total / drawn if drawn else math.nan)


def max_statistic_p(
    observed: ArrayLike,
    rebuild: Callable[[np.random.Generator], float],
    rng: np.random.Generator,
    draws: int = 999,
) -> FloatArray:
    """Judge every candidate against the best one of re-selected null data.

    Valid although the candidates were chosen from the data, because each draw permutes the labels,
    *rebuilds* its candidates and returns the largest statistic. Controls the chance of any false
    candidate.

    Args:
        observed: Statistics of the chosen candidates, shape (c,).
        rebuild: Permutes, rebuilds, and returns the maximum (minus infinity: no candidate).
        rng: Random generator, handed on to `rebuild`.
        draws: Number of permutations.

    Returns:
        p-values, shape (c,); NaN where the statistic is.
    """
    statistics = np.asarray(observed, dtype=np.float64)
    null = np.array([rebuild(rng) for _ in range(draws)], dtype=np.float64)
    reached = _reaches(null[:, None], statistics[None, :]).sum(axis=0)
    return np.where(np.isnan(statistics), np.nan, (1.0 + reached) / (draws + 1.0))


def permute_within(strata: ArrayLike, rng: np.random.Generator) -> IntArray:
    """Return a uniform permutation that keeps every index in its stratum.

    Args:
        strata: Stratum codes, shape (n,).
        rng: Random generator.

    Returns:
        Indices, shape (n,): `strata[result]` equals `strata`.
    """
    codes = np.asarray(strata)
    permutation = np.empty(codes.size, dtype=np.int64)
    permutation[np.argsort(codes, kind="stable")] = np.lexsort((rng.random(codes.size), codes))
    return permutation


class Strata:
    """A population cut into strata, ready to draw comparable groups from.

    Args:
        strata: Stratum code of each unit of the population, from 0, shape (n,).

    Attributes:
        codes: The codes, shape (n,).
        sizes: Units in each stratum, shape (s,).
    """

    def __init__(self, strata: ArrayLike) -> None:
        self.codes = np.asarray(strata, dtype=np.int64)
        if self.codes.size and self.codes.min() < 0:
            raise UnitError("stratum codes must not be negative")
        self.sizes = np.bincount(self.codes)
        self._pool = np.argsort(self.codes, kind="stable")
        self._starts = np.cumsum(self.sizes) - self.sizes

    def draw(self, wanted: ArrayLike, rng: np.random.Generator, k: int) -> IntArray:
        """Draw k random groups with a given number of members from each stratum.

        Args:
            wanted: Members wanted from each stratum, shape (s,).
            rng: Random generator.
            k: Number of groups.

        Returns:
            Population indices, shape (k, c) with c = sum(wanted); each row is drawn without
            replacement, ordered by stratum.

        Raises:
            UnitError: A stratum holds fewer units than wanted.
        """
        counts = np.asarray(wanted, dtype=np.int64)
        some = np.flatnonzero(counts)
        if some.size and (
            counts.min() < 0
            or some[-1] >= self.sizes.size
            or np.any(counts[some] > self.sizes[some])
        ):
            raise UnitError("a stratum holds fewer units than the draw wants from it")
        drawn = np.empty((k, int(counts.sum())), dtype=np.int64)
        pool = self._pool.copy()  # a draw depends on the generator only, not on earlier draws
        _fill_draws(pool, self._starts[some], self.sizes[some], counts[some], rng, drawn)
        return drawn


@kernel
def _fill_draws(
    pool: IntArray,
    starts: IntArray,
    sizes: IntArray,
    wanted: IntArray,
    rng: np.random.Generator,
    drawn: IntArray,
) -> None:
    """Fill each row by partial Fisher-Yates shuffles; the pool need not be reset in between."""
    for row in range(drawn.shape[0]):
        column = 0
        for stratum in range(wanted.size):
            start = starts[stratum]
            for i in range(wanted[stratum]):
                j = start + i + int(rng.random() * (sizes[stratum] - i))
                pick = pool[j]
                pool[j] = pool[start + i]
                pool[start + i] = pick
                drawn[row, column] = pick
                column += 1


def _reaches(null: FloatArray, observed: float | FloatArray) -> NDArray[np.bool_]:
    slack = _ROUNDING * np.abs(observed)
    return ~(null < observed - np.where(np.isfinite(slack), slack, 0.0))
