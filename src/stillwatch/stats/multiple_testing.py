"""Error control over many hypotheses, as adjusted values: reject where the value is <= alpha.

NaN means "not tested": such a hypothesis does not count, and its adjusted value is NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stillwatch.core.errors import UnitError

FloatArray = NDArray[np.float64]

__all__ = [
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "e_bh",
    "e_bh_q",
    "holm",
    "replicability_q",
]

_NO_EVIDENCE = 1e-200


def benjamini_hochberg(p: ArrayLike) -> FloatArray:
    """Return q-values; FDR <= alpha for independent or positively dependent (PRDS) p-values.

    Conformal p-values that share one calibration set are PRDS.

    Args:
        p: p-values, shape (m,).

    Source: Benjamini and Hochberg 1995; Benjamini and Yekutieli 2001.
    """
    values = _flat(p)
    tested = ~np.isnan(values)
    return _spread(tested, _step_up(values[tested], float(tested.sum())))


def benjamini_yekutieli(p: ArrayLike) -> FloatArray:
    """Return q-values; FDR <= alpha under any dependence, at the price of a factor ln m.

    Args:
        p: p-values, shape (m,).

    Source: Benjamini and Yekutieli 2001.
    """
    values = _flat(p)
    tested = ~np.isnan(values)
    m = int(tested.sum())
    harmonic = float(np.sum(1.0 / np.arange(1, m + 1)))
    return _spread(tested, _step_up(values[tested], m * harmonic))


def holm(p: ArrayLike) -> FloatArray:
    """Return adjusted p-values; the chance of any false rejection is <= alpha, any dependence.

    Args:
        p: p-values, shape (m,).

    Source: Holm 1979.
    """
    values = _flat(p)
    tested = ~np.isnan(values)
    known = values[tested]
    order = np.argsort(known, kind="stable")
    adjusted = np.empty_like(known)
    steps = np.arange(known.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(known[order] * steps), 1.0)
    return _spread(tested, adjusted)


def e_bh(e: ArrayLike, alpha: float) -> NDArray[np.bool_]:
    """Say which hypotheses e-BH rejects; FDR <= alpha under any dependence.

    Args:
        e: e-values, shape (m,).
        alpha: False-discovery rate.

    Source: Wang and Ramdas 2022.
    """
    return e_bh_q(e) <= alpha


def e_bh_q(e: ArrayLike) -> FloatArray:
    """Return the smallest level at which e-BH rejects each hypothesis, capped at 1.

    Args:
        e: e-values, shape (m,).
    """
    values = _flat(e)
    tested = ~np.isnan(values)
    known = values[tested]
    return _spread(tested, _step_up(1.0 / np.maximum(known, _NO_EVIDENCE), float(tested.sum())))


def replicability_q(
    one: ArrayLike,
    other: ArrayLike,
    threshold: float = 0.05,
    other_threshold: float = 1.0,
    groups: ArrayLike | None = None,
    share: float = 0.5,
    weights: tuple[ArrayLike, ArrayLike] | None = None,
) -> FloatArray:
    """Return q-values of "both nulls are false", by the rule of Bogomolov and Heller.

    Each study selects what the other has to test: with r hypotheses at or below `threshold` in
    study one and s at or below `other_threshold` in the other, and a part w of the error budget
    given to the first, z = max(s one / w, r other / (1 - w)) goes through the Benjamini-Hochberg
    step-up over the hypotheses that both selected. The rate of claims with at least one true null
    is <= alpha when the two studies are independent of each other and each is independent or
    positively dependent within. With `other_threshold` 1 the first study alone selects (the
    two-stage rule of 2013).

    Hypotheses that overlap, such as a group and its parts, can be given one label each: the
    step-up then counts labels, not hypotheses, among the claims. That is self-consistent and
    claims no more than counting hypotheses, so the rate holds for labels too: many claims about
    one group do not make room for a false one about another.

    Weights spend a study's part of the budget unevenly: r other becomes W other / weight, with W
    the weights of the r hypotheses together, and s one likewise. A study's weights may depend on
    anything but its own p-values.

    Args:
        one: p-values of the first null, shape (m,). NaN: not tested, does not count in m.
        other: p-values of the second null, shape (m,). NaN: not claimed (q is NaN), but still
            counted in r and s, since whether it abstains may depend on the data.
        threshold: Selection threshold of the first study, fixed before looking.
        other_threshold: Selection threshold of the other study, fixed before looking.
        share: w, the part of the error budget given to the first study, fixed before looking.
        groups: Label of each hypothesis, blind to the p-values, shape (m,); all differ by default.
        weights: Positive weights of the hypotheses in study one and in the other, each of shape
            (m,); all alike by default.

    Returns:
        q-values, shape (m,); 1 where a study did not select the hypothesis.

    Source: Bogomolov and Heller 2013, JASA 108:1480 (two stages); Bogomolov and Heller 2018,
        Assessing replicability of findings across two studies of multiple features, Biometrika
        105:505 (both studies select); Blanchard and Roquain 2008, EJS 2:963 (self-consistency);
        Genovese, Roeder and Wasserman 2006, Biometrika 93:509 (weights).
    """
    first, second = _flat(one), _flat(other)
    if first.shape != second.shape:
        raise UnitError(f"two studies of {first.size} and {second.size} hypotheses")
    tested = ~np.isnan(first)
    chosen = tested & (first <= threshold)
    also = tested & ~(second > other_threshold)
    mine, theirs = np.ones((2, first.size)) if weights is None else map(_flat, weights)
    z = np.fmax(
        mine[also].sum() * first / (mine * share),
        theirs[chosen].sum() * second / (theirs * (1.0 - share)),
    )
    claimable = chosen & also & ~np.isnan(second)
    q = np.where(tested & ~np.isnan(second), 1.0, np.nan)
    labels = np.arange(first.size) if groups is None else np.asarray(groups)
    q[claimable] = _step_up(z[claimable], 1.0, labels[claimable])
    return q


def _step_up(p: FloatArray, factor: float, labels: ArrayLike | None = None) -> FloatArray:
    """Return min over k >= rank of factor p_(k) / (labels up to k), capped at 1, in order."""
    order = np.argsort(p, kind="stable")
    claimed = np.arange(1, p.size + 1)
    if labels is not None:
        new = np.zeros(p.size, dtype=np.int64)
        new[np.unique(np.asarray(labels)[order], return_index=True)[1]] = 1
        claimed = np.cumsum(new)
    ratios = p[order] * (factor / claimed)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.minimum.accumulate(ratios[::-1])[::-1], 1.0)
    return adjusted


def _spread(tested: NDArray[np.bool_], adjusted: FloatArray) -> FloatArray:
    result = np.full(tested.shape, np.nan)
    result[tested] = adjusted
    return result


def _flat(values: ArrayLike) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise UnitError(f"expected a flat array of hypotheses, got shape {array.shape}")
    if np.any(array < 0.0):
        raise UnitError("a p-value or e-value is negative")
    return array
