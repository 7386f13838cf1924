"""Unbiased maximum mean discrepancy: do a window's prompts follow the reference distribution?

The statistic has mean 0 under the null and may be negative. It is a score: averaged over several
references its variance is not that of one window, so it is judged by conformal calibration on
disjoint benign *accounts* given the very same average (see `conformal`), never against a
single-window null. References are disjoint from both.

Source: Gretton, Borgwardt, Rasch, Schölkopf and Smola 2012, A kernel two-sample test; the averaged
window statistic is that of arXiv 2606.05725.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import distance

from stillwatch.core.errors import UnitError

FloatArray = NDArray[np.float64]

__all__ = ["averaged_mmd2", "median_bandwidth", "mmd2_unbiased"]


def median_bandwidth(rows: FloatArray) -> float:
    """Return the median distance between reference rows, to be fixed before any test.

    Args:
        rows: Reference rows, shape (n, d).

    Raises:
        UnitError: Fewer than two rows, or more than half of the pairs coincide.
    """
    distances = distance.pdist(_rows(rows))
    median = float(np.median(distances))
    if median == 0.0:
        raise UnitError("most reference rows coincide, so no bandwidth can be read from them")
    return median


def mmd2_unbiased(x: FloatArray, y: FloatArray, bandwidth: float) -> float:
    """Return the unbiased estimate of MMD^2 under the kernel exp(-|x - y|^2 / (2 bandwidth^2)).

    Args:
        x: Rows of one sample, shape (m, d), m >= 2.
        y: Rows of the other, shape (n, d), n >= 2.
        bandwidth: Positive, in the units of the rows.

    Raises:
        UnitError: Too few rows, or a bandwidth that is not positive.
    """
    return averaged_mmd2(x, [y], bandwidth)


def averaged_mmd2(window: FloatArray, references: Sequence[FloatArray], bandwidth: float) -> float:
    """Return the mean over references of the unbiased MMD^2 between the window and each of them.

    Args:
        window: Rows of the unit judged, shape (m, d), m >= 2.
        references: Samples of shape (n_r, d), n_r >= 2.
        bandwidth: Positive, in the units of the rows.

    Raises:
        UnitError: No reference, too few rows, or a bandwidth that is not positive.
    """
    if not bandwidth > 0.0 or not references:
        raise UnitError("MMD needs a positive bandwidth and at least one reference")
    own = _within(window, bandwidth)
    terms = [_within(y, bandwidth) - 2.0 * _across(window, y, bandwidth) for y in references]
    return own + float(np.mean(terms))


def _within(rows: FloatArray, bandwidth: float) -> float:
    squared = distance.pdist(_rows(rows), "sqeuclidean")
    return float(np.exp(-squared / (2.0 * bandwidth**2)).mean())


def _across(x: FloatArray, y: FloatArray, bandwidth: float) -> float:
    squared = distance.cdist(_rows(x), _rows(y), "sqeuclidean")
    return float(np.exp(-squared / (2.0 * bandwidth**2)).mean())


def _rows(rows: FloatArray) -> FloatArray:
    array = np.asarray(rows, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] < 2:
        raise UnitError(f"MMD needs at least two rows of features, got shape {array.shape}")
    return array
