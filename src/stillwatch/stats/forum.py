"""Evidence of several forum members about one campaign: what adds up, and to what.

Every function takes e-values with the members on the last axis; other axes are looks or repeats.
An enrolled member that has said nothing is NaN and counts 0. To leave it out would let members
speak only when their value is high, which inflates a mean of M members up to M-fold.

Never combine: values of different nulls; two values over the same records, or of one member, by
product; the best of several detectors; weights chosen after a look; a link with evidence. The
tests hold each of these against the same simulated null that the rules below pass.

Source: Vovk and Wang 2021, E-values: calibration, combination and applications (means, products,
U-statistics); Vovk and Wang 2020, Combining p-values via averaging (orders of p-values);
Dawid et al. 2011, Insuring against loss of evidence, and Choe and Ramdas 2024, Combining evidence
across filtrations (adjusters); Wang and Ramdas 2022 (e-BH).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stillwatch.core.errors import UnitError
from stillwatch.stats.multiple_testing import e_bh

FloatArray = NDArray[np.float64]

__all__ = [
    "E_LOG2_MAX",
    "P_BOUNDS",
    "Support",
    "adjusted",
    "as_counted",
    "at_least",
    "board_mean",
    "continued",
    "counted",
    "divided_by_candidates",
    "e_log2",
    "link_e",
    "listed",
    "merged_p",
    "own_question",
    "p_bound",
    "pair_mean",
    "product",
    "support",
]

E_LOG2_MAX: Final = 10
"""What one member can say at most: 2^10. It bounds what a lie can do."""

P_BOUNDS: Final = ("1e-4", "1e-3", "1e-2", "1e-1")
"""The steps in which a p-value is stated, smallest first."""


def e_log2(e: float) -> int | None:
    """Return floor(log2 e), clipped to 0..10: the form in which a member states an e-value.

    Args:
        e: An e-value.

    Returns:
        None for e < 1, which counts 0. Rounding down and clipping keep the mean at most 1.

    Raises:
        UnitError: The value is negative or no number.
    """
    if math.isnan(e) or e < 0.0:
        raise UnitError("an e-value is negative or no number")
    if e < 1.0:
        return None
    return min(math.frexp(e)[1] - 1, E_LOG2_MAX) if math.isfinite(e) else E_LOG2_MAX


def counted(stated: int | None) -> float:
    """Return the e-value that a stated `e_log2` counts for: 2^stated, or 0 for None.

    Raises:
        UnitError: The stated value is not in 0..10.
    """
    if stated is None:
        return 0.0
    if not 0 <= stated <= E_LOG2_MAX:
        raise UnitError(f"e_log2 lies in 0..{E_LOG2_MAX}")
    return float(2**stated)


def as_counted(e: ArrayLike) -> FloatArray:
    """Return what e-values count for once they are stated: `counted(e_log2(e))`, any shape.

    Args:
        e: e-values; NaN, silence, stays NaN.
    """
    values = _evidence(e)
    with np.errstate(invalid="ignore"):
        exponent = np.frexp(np.minimum(values, 2.0**E_LOG2_MAX))[1] - 1
    return np.where(values < 1.0, 0.0, np.where(np.isnan(values), np.nan, np.ldexp(1.0, exponent)))


def p_bound(p: float) -> str | None:
    """Return the smallest of `P_BOUNDS` that is not below p: the true p-value rounded up.

    Args:
        p: A p-value in [0, 1].

    Returns:
        None for p > 0.1, which is not worth a statement.

    Raises:
        UnitError: p is out of range.
    """
    if not 0.0 <= p <= 1.0:
        raise UnitError("a p-value lies outside [0, 1]")
    return next((bound for bound in P_BOUNDS if p <= float(bound)), None)


def divided_by_candidates(e: ArrayLike) -> FloatArray:
    """Return max_k E_k / K over the last axis: the best of K candidate clusters, paid for.

    At most the mean of all K, so an e-value although the cluster was chosen by its evidence.

    Args:
        e: e-values of every candidate that was scored, shape (..., K).
    """
    values = _heard(e)
    return np.asarray(values.max(axis=-1) / values.shape[-1])


def board_mean(e: ArrayLike, weights: ArrayLike | None = None) -> FloatArray:
    """Return the weighted mean over all enrolled members; valid under any dependence.

    Args:
        e: e-values, shape (..., M); NaN, a silent member, counts 0.
        weights: Fixed before the campaign, not negative, sum at most 1, shape (M,); 1/M each by
            default.

    Raises:
        UnitError: Weights that are negative or sum to more than 1.
    """
    values = _heard(e)
    if weights is None:
        return np.asarray(values.mean(axis=-1))
    w = np.asarray(weights, dtype=np.float64)
    if not (np.all(w >= 0.0) and w.sum() <= 1.0 + 1e-12):
        raise UnitError("weights of forum members must not be negative or sum to more than 1")
    return np.asarray(values @ w)


def product(e: ArrayLike, blocks: ArrayLike | None = None) -> FloatArray:
    """Return the product over members, or over blocks of members of the mean inside each block.

    Valid only if what differs by block is independent under the null, or if each factor has mean
    at most 1 given all that came before it and the decision to compute it. Shared users, one
    release calendar, public templates, one calibration set or one faulty detector break that.

    Args:
        e: e-values, shape (..., M); silence counts 0.
        blocks: Label of the block of each member, shape (M,); each member is one by default.
    """
    values = _heard(e)
    if blocks is None:
        return np.asarray(values.prod(axis=-1))
    labels = np.asarray(blocks)
    means = [values[..., labels == label].mean(axis=-1) for label in np.unique(labels)]
    return np.asarray(np.prod(means, axis=0))


def pair_mean(e: ArrayLike) -> FloatArray:
    """Return the mean of E_i E_j over pairs, U_2: for independent members of whom few see it.

    Valid under the conditions of `product`.

    Args:
        e: e-values, shape (..., M), M >= 2; silence counts 0.

    Raises:
        UnitError: Fewer than two members.
    """
    values = _heard(e)
    members = values.shape[-1]
    if members < 2:
        raise UnitError("a mean over pairs needs two forum members")
    pairs = values.sum(axis=-1) ** 2 - (values**2).sum(axis=-1)
    return np.asarray(pairs / (members * (members - 1)))


def at_least(e: ArrayLike, r: int) -> FloatArray:
    """Return E^(r), the mean of the M - r + 1 smallest: "fewer than r members see it" is the null.

    Then at least M - r + 1 of the members' nulls are true, and the smallest values have no larger
    mean than theirs. So r - 1 lying members change nothing; two of M members give the minimum.

    Args:
        e: e-values, shape (..., M); silence counts 0.
        r: 1..M, fixed beforehand; 1 gives the plain mean.

    Raises:
        UnitError: r is out of range.
    """
    values = _heard(e)
    members = values.shape[-1]
    if not 1 <= r <= members:
        raise UnitError(f"r lies in 1..{members}, the number of forum members")
    return np.asarray(np.sort(values, axis=-1)[..., : members - r + 1].mean(axis=-1))


def adjusted(path: ArrayLike, kappa: float = 0.5) -> FloatArray:
    """Return A(largest value so far) with A(e) = kappa e^(1 - kappa): insured against a late look.

    An e-process whose increments are valid given a member's own past only need not be one given
    what the board has shown. Adjusted it is an e-process for every observer, since the integral
    of A(e) / e^2 from 1 on is 1.

    Args:
        path: E_t, shape (..., t); it starts from 1, so the largest value so far is at least 1.
        kappa: In (0, 1), fixed beforehand.

    Raises:
        UnitError: kappa is out of range.
    """
    if not 0.0 < kappa < 1.0:
        raise UnitError("kappa must lie strictly between 0 and 1")
    best = np.maximum.accumulate(np.maximum(_evidence(path), 1.0), axis=-1)
    return np.asarray(kappa * best ** (1.0 - kappa))


def link_e(score: float, controls: ArrayLike, threshold: float, campaigns: int) -> float:
    """Return L = 1{p <= threshold} / (threshold campaigns), p the rank of a match among controls.

    Null: my cluster matches the campaign as benign ones of its kind do.

    Args:
        score: How well my cluster matches.
        controls: Scores of matched benign clusters, shape (n,); p = (1 + #{>= score}) / (1 + n).
        threshold: Fixed beforehand, at least 1 / (1 + n): below that no match could pass.
        campaigns: Number of the board's campaigns that were compared.

    Raises:
        UnitError: A threshold that no match can reach, a score that is no number, or no campaign.
    """
    known = np.asarray(controls, dtype=np.float64)
    if not 1.0 / (1 + known.size) <= threshold <= 1.0:
        raise UnitError(f"{known.size} controls cannot show a match at the level {threshold}")
    if campaigns < 1 or math.isnan(score) or np.any(np.isnan(known)):
        raise UnitError("a link needs at least one campaign, and scores that are numbers")
    p = (1 + int(np.count_nonzero(known >= score))) / (1 + known.size)
    return 1.0 / (threshold * campaigns) if p <= threshold else 0.0


@dataclass(frozen=True, slots=True)
class Support:
    """What the others' evidence adds to a question of my own, each with an error rate of its own.

    Attributes:
        value: V = min(L, mean of the others), an e-value for "not linked, or nobody else sees a
            campaign". One contributor who lies can lift it: for steps that can be undone.
        despite_liar: V = min(L, E^(2) of the others), for "not linked, or fewer than two others
            see it". No single liar can lift it. 0 with fewer than two contributors.
    """

    value: float
    despite_liar: float


def support(link: float, others: ArrayLike) -> Support:
    """Return what the other members' evidence comes to over one link.

    The mean is kept for what one contributor may justify: to go over to E^(2) as soon as a second
    speaks would let any member undo the evidence of another by stating next to nothing.

    Args:
        link: L of `link_e`; 0 for a link of a kind that innocents share as well.
        others: As the board counts them, shape (M - 1,); NaN is silence.
    """
    values = _heard(others)
    second = float(at_least(values, 2)) if np.count_nonzero(values) >= 2 else 0.0
    return Support(min(link, float(board_mean(values))), min(link, second))


def own_question(own: ArrayLike, supported: ArrayLike) -> FloatArray:
    """Return T_m = own / 2 + V / 2, for "my cluster is benign".

    Assumes that a link of the declared family implies the same operator. The weights are fixed:
    who would wait for V and halve its own evidence only then would take the better of two.

    Args:
        own: E_m, any shape.
        supported: V, the same shape; 0 while there is none.
    """
    return np.asarray((_evidence(own) + _evidence(supported)) / 2.0)


def continued(at_switch: ArrayLike, fresh: ArrayLike) -> FloatArray:
    """Return T_m at a switch time, times an e-process that starts from 1 there.

    Args:
        at_switch: T_m(switch), shape (...,); the time is decided on the past.
        fresh: E_m from exchanges after the switch alone, shape (..., t).
    """
    return np.asarray(_evidence(at_switch)[..., None] * _evidence(fresh))


def listed(e: ArrayLike, alpha: float) -> NDArray[np.bool_]:
    """Say which campaigns of a period are listed: e-BH, FDR <= alpha under any dependence.

    Args:
        e: One e-value for every campaign that was evaluated, shape (K,); NaN, a campaign that was
            withdrawn, counts 0 and keeps its place in K.
        alpha: False-discovery rate.
    """
    return e_bh(_heard(e), alpha)


def merged_p(p: ArrayLike, k: int = 1) -> FloatArray:
    """Return min(1, (M / k) p_(k)) over the last axis; valid under any dependence.

    Args:
        p: p-values, shape (..., M); NaN, silence, counts 1.
        k: Which order to take, 1..M, fixed beforehand; 1 is Bonferroni's rule.

    Raises:
        UnitError: A p-value or k is out of range.

    Source: Rueger 1978; Vovk and Wang 2020.
    """
    values = np.asarray(p, dtype=np.float64)
    values = np.where(np.isnan(values), 1.0, values)
    members = values.shape[-1]
    if not 1 <= k <= members:
        raise UnitError(f"k lies in 1..{members}, the number of forum members")
    if np.any((values < 0.0) | (values > 1.0)):
        raise UnitError("a p-value lies outside [0, 1]")
    return np.asarray(np.minimum(1.0, members / k * np.sort(values, axis=-1)[..., k - 1]))


def _heard(e: ArrayLike) -> FloatArray:
    values = _evidence(e)
    return np.where(np.isnan(values), 0.0, values)


def _evidence(e: ArrayLike) -> FloatArray:
    values = np.asarray(e, dtype=np.float64)
    if np.any(values < 0.0):
        raise UnitError("an e-value is negative")
    return values
