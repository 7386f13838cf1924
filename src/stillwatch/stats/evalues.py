"""E-values: calibration from p-values, combination, e-processes and change detectors.

An e-value has mean at most 1 under the null, so it exceeds 1 / alpha with chance at most alpha. An
e-process may be looked at any number of times (Ville). Processes are returned as log E_t, with
time on the last axis; every other axis is an independent stream.

Averages of e-values hold under any dependence. Products hold only when each factor is valid *given
the past*: see `sequential_product`.

Source: Vovk and Wang 2021, E-values: calibration, combination and applications; Shafer 2021,
Testing by betting; Waudby-Smith and Ramdas 2024, Estimating means of bounded random variables by
betting; Shin, Ramdas and Rinaldo 2023, E-detectors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from stillwatch.core.errors import UnitError

FloatArray = NDArray[np.float64]

__all__ = [
    "anytime_p",
    "beta_mixture",
    "betting",
    "cusum",
    "e_to_p",
    "likelihood_mixture",
    "mixture_calibrator",
    "power_calibrator",
    "sequential_product",
    "shafer_calibrator",
    "shiryaev_roberts",
    "weighted_average",
]


def power_calibrator(p: ArrayLike, kappa: float = 0.5) -> FloatArray:
    """Return kappa p^(kappa - 1). With n calibration units and kappa = 1/2 at most sqrt(n + 1) / 2.

    Args:
        p: p-values in [0, 1], any shape; NaN stays NaN.
        kappa: In (0, 1); smaller pays more for very small p-values.

    Raises:
        UnitError: kappa or a p-value is out of range.
    """
    if not 0.0 < kappa < 1.0:
        raise UnitError("kappa must lie strictly between 0 and 1")
    with np.errstate(divide="ignore"):
        return np.asarray(kappa * _probabilities(p) ** (kappa - 1.0))


def mixture_calibrator(p: ArrayLike) -> FloatArray:
    """Return the power calibrator averaged over kappa: (1 - p + p ln p) / (p (ln p)^2).

    Args:
        p: p-values in [0, 1], any shape; NaN stays NaN, 1 gives 1/2.
    """
    values = _probabilities(p)
    middle = values < 1.0 - 1e-4
    inner = np.where(middle, np.maximum(values, 1e-300), 0.5)
    log_p = np.log(inner)
    exact = (1.0 - inner + inner * log_p) / (inner * log_p**2)
    near_one = 0.5 + (1.0 - values) / 6.0  # first two terms at p = 1, where the quotient cancels
    e = np.where(middle, exact, near_one)
    return np.where(values == 0.0, np.inf, e)


def shafer_calibrator(p: ArrayLike) -> FloatArray:
    """Return p^(-1/2) - 1, which is 0 at p = 1.

    Args:
        p: p-values in [0, 1], any shape; NaN stays NaN.
    """
    with np.errstate(divide="ignore"):
        return np.asarray(_probabilities(p) ** -0.5 - 1.0)


def e_to_p(e: ArrayLike) -> FloatArray:
    """Return min(1, 1 / e), the only p-value an e-value gives without further assumptions."""
    return np.asarray(1.0 / np.maximum(_evidence(e), 1.0))


def weighted_average(e: ArrayLike, weights: ArrayLike) -> FloatArray:
    """Return the weighted mean of e-values over the last axis; valid under any dependence.

    Weights must be fixed before looking. An abstaining e-value (NaN) counts as 1, no evidence:
    sharing its weight out among the others would let the data choose the weights.

    Args:
        e: e-values, shape (..., k).
        weights: Non-negative weights with a positive sum, shape (k,).

    Raises:
        UnitError: Weights are negative, not finite or all zero.
    """
    w = np.asarray(weights, dtype=np.float64)
    if not (np.all(np.isfinite(w) & (w >= 0.0)) and w.sum() > 0.0):
        raise UnitError("weights of e-values must be finite, not negative, and not all zero")
    values = _evidence(e)
    used = np.where(np.isnan(values) | (w == 0.0), 1.0, values)
    return np.asarray(used @ (w / w.sum()))


def sequential_product(e: ArrayLike) -> FloatArray:
    """Return the log of the running product of e-values over the last axis.

    Valid only when each factor has mean at most 1 *given the ones before*: independent units, or
    online p-values whose calibration set grows by each observation. Conformal p-values that share
    one fixed calibration set are not such: their product raised a false alarm in 95 % of null
    runs at 5 %. Average those.

    Args:
        e: e-values in order of time, shape (..., t).
    """
    return np.asarray(np.cumsum(_log(_evidence(e)), axis=-1))


def likelihood_mixture(
    hits: ArrayLike, rate: float, alternatives: ArrayLike, weights: ArrayLike
) -> FloatArray:
    """Return log E_t of a weighted mixture of likelihood ratios, for hits of mean <= rate.

    Args:
        hits: 0 or 1, shape (..., t).
        rate: Largest mean under the null given the past, in (0, 1).
        alternatives: Rates above it, shape (j,).
        weights: Their weights, fixed in advance, shape (j,).

    Raises:
        UnitError: An alternative is not above the rate, or the weights do not sum to 1.
    """
    q, w = np.asarray(alternatives, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if not np.all((q > rate) & (q < 1.0)):
        raise UnitError("every alternative rate must lie strictly between the null rate and 1")
    if np.any(w < 0.0) or not np.isclose(w.sum(), 1.0):
        raise UnitError("mixture weights must not be negative and must sum to 1")
    s, misses = _running_counts(hits, rate)
    gain, loss = np.log(q / rate), np.log1p(-q) - np.log1p(-rate)
    terms = s[..., None] * gain + misses[..., None] * loss
    return np.asarray(special.logsumexp(terms, b=w, axis=-1))


def beta_mixture(
    hits: ArrayLike, rate: float, a: float = 1.0, b: float = 1.0, one_sided: bool = True
) -> FloatArray:
    """Return log E_t of the likelihood ratio mixed over a Beta(a, b) prior on the true rate.

    Args:
        hits: 0 or 1, shape (..., t).
        rate: Mean under the null given the past, in (0, 1).
        a: First prior parameter, positive.
        b: Second prior parameter, positive.
        one_sided: Truncate the prior to rates above `rate`; valid for every mean <= rate. Without
            it the null is a mean of *exactly* `rate`.
    """
    s, misses = _running_counts(hits, rate)
    log_e = special.betaln(a + s, b + misses) - special.betaln(a, b)
    log_e = log_e - s * np.log(rate) - misses * np.log1p(-rate)
    if one_sided:
        above = np.asarray(special.betaincc(a + s, b + misses, rate), dtype=np.float64)
        log_e = log_e + _log(above) - np.log(special.betaincc(a, b, rate))
    return np.asarray(log_e, dtype=np.float64)


def betting(values: ArrayLike, mean: float, caution: float = 0.5) -> FloatArray:
    """Return log E_t of a gambler who bets that bounded values exceed their null mean.

    E_t is the product of 1 + bet (value - mean), with bets chosen from earlier values only.

    Args:
        values: In [0, 1], shape (..., t); mean at most `mean` given the past under the null.
        mean: In (0, 1).
        caution: Bets stay below caution / mean; at most 1/2 keeps every factor above 1/2.

    Raises:
        UnitError: A value or parameter is out of range.
    """
    x = np.asarray(values, dtype=np.float64)
    if not np.all((x >= 0.0) & (x <= 1.0)):
        raise UnitError("values to bet on must lie in [0, 1]")
    if not (0.0 < mean < 1.0 and 0.0 < caution <= 0.5):
        raise UnitError("the null mean must lie in (0, 1) and caution in (0, 1/2]")
    seen = np.arange(x.shape[-1]) + 1.0
    # One imagined value at the null mean, of the largest variance, keeps the first bets small.
    centre = (mean + _before(np.cumsum(x, axis=-1))) / seen
    spread = (0.25 + _before(np.cumsum((x - centre) ** 2, axis=-1))) / seen
    excess = centre - mean
    bet = np.clip(excess / (spread + excess**2), 0.0, caution / mean)
    return np.asarray(np.cumsum(np.log1p(bet * (x - mean)), axis=-1))


def anytime_p(log_e: ArrayLike) -> FloatArray:
    """Return 1 / max over s <= t of E_s, capped at 1: a p-value valid at every look.

    Args:
        log_e: log E_t, shape (..., t).
    """
    best = np.maximum.accumulate(np.asarray(log_e, dtype=np.float64), axis=-1)
    return np.asarray(np.exp(-np.maximum(best, 0.0)))


def shiryaev_roberts(log_increments: ArrayLike) -> FloatArray:
    """Return log R_t with R_t = (R_{t-1} + 1) L_t and R_0 = 0.

    Alarming at R_t >= A keeps the mean time to a false alarm at A or more.

    Args:
        log_increments: log L_t, each L_t with mean at most 1 before the change given the past,
            shape (..., t).
    """
    return _detector(log_increments, np.logaddexp)


def cusum(log_increments: ArrayLike) -> FloatArray:
    """Return log M_t with M_t = max(M_{t-1}, 1) L_t: later alarms than Shiryaev-Roberts.

    Args:
        log_increments: As for `shiryaev_roberts`, shape (..., t).
    """
    return _detector(log_increments, np.maximum)


def _detector(log_increments: ArrayLike, join: np.ufunc) -> FloatArray:
    steps = np.asarray(log_increments, dtype=np.float64)
    state = np.full(steps.shape[:-1], -np.inf)
    path = np.empty_like(steps)
    for t in range(steps.shape[-1]):
        state = join(state, 0.0) + steps[..., t]
        path[..., t] = state
    return path


def _running_counts(hits: ArrayLike, rate: float) -> tuple[FloatArray, FloatArray]:
    x = np.asarray(hits, dtype=np.float64)
    if not np.all((x == 0.0) | (x == 1.0)):
        raise UnitError("hits must be 0 or 1")
    if not 0.0 < rate < 1.0:
        raise UnitError("the null rate must lie strictly between 0 and 1")
    counts = np.cumsum(x, axis=-1)
    return counts, np.arange(1, x.shape[-1] + 1) - counts


def _before(running: FloatArray) -> FloatArray:
    """Shift along time by one: what was known before each step."""
    known = np.zeros_like(running)
    known[..., 1:] = running[..., :-1]
    return known


def _log(values: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(values))


def _probabilities(p: ArrayLike) -> FloatArray:
    values = np.asarray(p, dtype=np.float64)
    if np.any((values < 0.0) | (values > 1.0)):
        raise UnitError("a p-value lies outside [0, 1]")
    return values


def _evidence(e: ArrayLike) -> FloatArray:
    values = np.asarray(e, dtype=np.float64)
    if np.any(values < 0.0):
        raise UnitError("an e-value is negative")
    return values
