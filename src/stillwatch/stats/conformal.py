"""Conformal p-values: any score becomes a p-value by its rank among benign calibration units.

The null is always that the unit is exchangeable with the calibration units; nature randomised.
Larger scores are more suspicious. Tie-breakers are numbers in (0, 1) fixed before scoring (see
`core.keyed.uniforms`); nobody can then re-roll them. A NaN score is an abstention: its p-value is
NaN, and a NaN calibration score calibrates nothing.

p-values that share a calibration set are positively dependent: Benjamini-Hochberg holds (Bates,
Candès, Lei, Romano and Sesia 2023), multiplying them after calibration to e-values does not.

Source: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005); Tibshirani,
Foygel Barber, Candès and Ramdas 2019 for the weighted form; Vovk 2012 for the conditional law.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from stillwatch.core.errors import UnitError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

__all__ = [
    "conditional_fpr_interval",
    "conservative_p",
    "jittered_p",
    "jittered_p_within",
    "randomised_p",
    "self_rank_p",
    "weighted_p",
]


def conservative_p(calibration: ArrayLike, scores: ArrayLike) -> FloatArray:
    """Return (1 + #{calibration >= score}) / (n + 1): safe with ties, at the cost of power.

    Args:
        calibration: Benign scores, shape (n,).
        scores: Scores to judge, shape (m,).
    """
    reference, judged = _floats(calibration), _floats(scores)
    return jittered_p(reference, judged, np.zeros(reference.size), np.zeros(judged.size))


def jittered_p(
    calibration: ArrayLike, scores: ArrayLike, calibration_ties: ArrayLike, score_ties: ArrayLike
) -> FloatArray:
    """Return the rank of each (score, tie-breaker) among the calibration pairs, over n + 1.

    Uniform on the grid k / (n + 1) under the null, ties or not; the default form.

    Args:
        calibration: Benign scores, shape (n,).
        scores: Scores to judge, shape (m,).
        calibration_ties: Tie-breakers of the calibration units, shape (n,).
        score_ties: Tie-breakers of the judged units, shape (m,).
    """
    reference, judged = _floats(calibration), _floats(scores)
    return jittered_p_within(
        np.zeros(reference.size, dtype=np.int64),
        reference,
        calibration_ties,
        np.zeros(judged.size, dtype=np.int64),
        judged,
        score_ties,
    )


def jittered_p_within(
    segments_cal: ArrayLike,
    calibration: ArrayLike,
    ties_cal: ArrayLike,
    segments_test: ArrayLike,
    scores: ArrayLike,
    ties_test: ArrayLike,
) -> FloatArray:
    """Return `jittered_p` with each unit ranked among calibration units of its own segment.

    Args:
        segments_cal: Integer segment codes of the calibration units, shape (n,).
        calibration: Benign scores, shape (n,).
        ties_cal: Tie-breakers of the calibration units, shape (n,).
        segments_test: Integer segment codes of the judged units, shape (m,).
        scores: Scores to judge, shape (m,).
        ties_test: Tie-breakers of the judged units, shape (m,).

    Returns:
        p-values, shape (m,); NaN where the segment has no calibration unit.
    """
    reference = _units(segments_cal, calibration, ties_cal)
    judged = _units(segments_test, scores, ties_test)
    at_or_above, size = _count_at_or_above(reference, judged)
    p = np.where(size > 0, (1.0 + at_or_above) / (size + 1.0), np.nan)
    return np.where(np.isnan(judged[1]), np.nan, p)


def self_rank_p(segments: ArrayLike, scores: ArrayLike, ties: ArrayLike) -> FloatArray:
    """Return the rank of each unit among all units of its segment, itself included, over n.

    Leave-one-out conformal: the other n - 1 units calibrate. Within a segment the p-values are a
    permutation of 1/n, ..., 1, so each is valid and planted units only push the others up.

    Args:
        segments: Integer segment codes, shape (n,).
        scores: Scores, shape (n,).
        ties: Tie-breakers, shape (n,).

    Returns:
        p-values, shape (n,); 1 for a unit alone in its segment.
    """
    units = _units(segments, scores, ties)
    at_or_above, size = _count_at_or_above(units, units)
    return np.where(np.isnan(units[1]), np.nan, at_or_above / np.maximum(size, 1.0))


def randomised_p(calibration: ArrayLike, scores: ArrayLike, uniforms: ArrayLike) -> FloatArray:
    """Return (#{>} + U (1 + #{=})) / (n + 1), exactly uniform under the null.

    Args:
        calibration: Benign scores, shape (n,).
        scores: Scores to judge, shape (m,).
        uniforms: One number in (0, 1) for each judged unit, fixed before scoring, shape (m,).
    """
    reference, judged, u = _floats(calibration), _floats(scores), _floats(uniforms)
    _same_length(judged, u)
    ordered = np.sort(reference[~np.isnan(reference)])
    above = ordered.size - np.searchsorted(ordered, judged, side="right")
    at_or_above = ordered.size - np.searchsorted(ordered, judged, side="left")
    p = (above + u * (1.0 + at_or_above - above)) / (ordered.size + 1.0)
    return np.where(np.isnan(judged), np.nan, p)


def weighted_p(
    calibration: ArrayLike,
    calibration_weights: ArrayLike,
    scores: ArrayLike,
    score_weights: ArrayLike,
) -> FloatArray:
    """Return the conservative p-value under a *known* shift from calibration to test.

    Weights are likelihood ratios of test over calibration, up to a common factor. Estimated
    weights forfeit exactness.

    Args:
        calibration: Benign scores, shape (n,).
        calibration_weights: Non-negative weights of the calibration units, shape (n,).
        scores: Scores to judge, shape (m,).
        score_weights: Positive weights of the judged units, shape (m,).

    Raises:
        UnitError: A weight is negative or not finite.
    """
    reference, judged = _floats(calibration), _floats(scores)
    w_ref, w_judged = _floats(calibration_weights), _floats(score_weights)
    _same_length(reference, w_ref)
    _same_length(judged, w_judged)
    if not all(np.all(np.isfinite(w) & (w >= 0.0)) for w in (w_ref, w_judged)):
        raise UnitError("conformal weights must be finite and not negative")
    known = ~np.isnan(reference)
    order = np.argsort(reference[known], kind="stable")
    ordered = reference[known][order]
    from_here = np.append(np.cumsum(w_ref[known][order][::-1])[::-1], 0.0)
    at_or_above = from_here[np.searchsorted(ordered, judged, side="left")]
    total = w_judged + from_here[0]
    p = (w_judged + at_or_above) / np.where(total > 0.0, total, np.nan)
    return np.where(np.isnan(judged), np.nan, p)


def conditional_fpr_interval(n: int, alpha: float, confidence: float = 0.90) -> tuple[float, float]:
    """Return where the realised false-positive rate lies, given one calibration set of size n.

    The guarantee of a conformal p-value is an average over calibration sets. Given one set, the
    rate at level alpha follows Beta(k, n + 1 - k) with k = floor(alpha (n + 1)).

    Args:
        n: Number of calibration units.
        alpha: Level of the test, in [0, 1].
        confidence: Mass of the central interval; 0.90 gives the 5th and 95th percentiles.
    """
    k = int(np.floor(alpha * (n + 1) + 1e-9))
    if k == 0:
        return 0.0, 0.0
    if k > n:
        return 1.0, 1.0
    tail = (1.0 - confidence) / 2.0
    low, high = special.betaincinv(k, n + 1 - k, np.array([tail, 1.0 - tail])).tolist()
    return low, high


_Units = tuple[IntArray, FloatArray, FloatArray]


def _count_at_or_above(reference: _Units, judged: _Units) -> tuple[FloatArray, FloatArray]:
    """Count reference units of the same segment at or above each judged unit, and the segment.

    One sort of everything; a judged unit sorts before the reference units equal to it.
    """
    known = ~np.isnan(reference[1])
    segments, scores, ties = (
        np.concatenate((r[known], j)) for r, j in zip(reference, judged, strict=True)
    )
    n = int(known.sum())
    is_reference = np.arange(segments.size) < n
    order = np.lexsort((is_reference, ties, scores, segments))
    below = np.empty(segments.size, dtype=np.int64)
    below[order] = np.cumsum(is_reference[order])
    in_order = np.sort(segments[:n])
    upto = np.searchsorted(in_order, judged[0], side="right")
    size = upto - np.searchsorted(in_order, judged[0], side="left")
    return (upto - below[n:]).astype(np.float64), size.astype(np.float64)


def _units(segments: ArrayLike, scores: ArrayLike, ties: ArrayLike) -> _Units:
    codes, values, breakers = np.asarray(segments, dtype=np.int64), _floats(scores), _floats(ties)
    _same_length(codes, values)
    _same_length(values, breakers)
    return codes, values, breakers


def _floats(values: ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


def _same_length(one: NDArray[np.generic], other: NDArray[np.generic]) -> None:
    if one.ndim != 1 or one.shape != other.shape:
        raise UnitError(f"expected two flat arrays of one length, got {one.shape}, {other.shape}")
