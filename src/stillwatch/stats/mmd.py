"""Unbiased maximum mean discrepancy: do a window's prompts follow the reference distribution?

The statistic has mean 0 under the null and may be negative. It is a score: averaged over several
references its variance is not that of one window, so it is judged by conformal calibration on
disjoint benign *accounts* given the very same average (see `conformal`), never against a
single-window null. References are disjoint from both.

Source: Gretton, Borgwardt, Rasch, Schölkopf and Smola 2012, A kernel two-sample test; the averaged
window statistic is that of arXiv 2606.05725.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import distance

from stillwatch.core.errors import UnitError

FloatArray = NDArray[np.float64]

__all__ = ["averaged_mmd2", "median_bandwidth", "mmd2_each", "mmd2_unbiased"]


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
    return float(mmd2_each([window], references, bandwidth).mean())


def mmd2_each(
    windows: Iterable[FloatArray], references: Sequence[FloatArray], bandwidth: float
) -> FloatArray:
    """Return the unbiased MMD^2 of every window and every reference, shape (windows, references).

    Args:
        windows: Rows of the units judged, each of shape (m, d), m >= 2.
        references: Samples of shape (n_r, d), n_r >= 2.
        bandwidth: Positive, in the units of the rows.

    Raises:
        UnitError: No reference, too few rows, or a bandwidth that is not positive.
    """
    if not bandwidth > 0.0 or not references:
        raise UnitError("MMD needs a positive bandwidth and at least one reference")
    own = np.array([_within(y, bandwidth) for y in references])
    starts = np.cumsum([0, *(len(y) for y in references[:-1])])
    sizes = np.array([len(y) for y in references])
    rows = np.concatenate([_rows(y) for y in references])
    found = [
        _within(x, bandwidth)
        + own
        - 2.0 * np.add.reduceat(_column_means(x, rows, bandwidth), starts) / sizes
        for x in windows
    ]
    return np.array(found, dtype=np.float64).reshape(-1, len(references))


def _within(rows: FloatArray, bandwidth: float) -> float:
    x = _rows(rows)
    total = float(_kernel(x, x, bandwidth).sum(dtype=np.float64))
    return (total - len(x)) / (len(x) * (len(x) - 1))


def _column_means(x: FloatArray, y: FloatArray, bandwidth: float) -> FloatArray:
    return np.asarray(_kernel(_rows(x), y, bandwidth).mean(axis=0, dtype=np.float64))


def _kernel(x: FloatArray, y: FloatArray, bandwidth: float) -> FloatArray:
    """Return the kernel of all pairs.

    Large products expand the square, centred so that no digits are lost; small ones are not worth
    the threads that a matrix product starts.
    """
    if len(x) * len(y) < 100_000:
        near = distance.cdist(x, y, "sqeuclidean")
        return np.asarray(np.exp(near / (-2.0 * bandwidth**2)))
    centre = y.mean(axis=0)
    a, b = x - centre, y - centre
    squared = a @ b.T
    squared *= -2.0
    squared += np.einsum("ij,ij->i", a, a)[:, None]
    squared += np.einsum("ij,ij->i", b, b)
    np.maximum(squared, 0.0, out=squared)
    squared *= -1.0 / (2.0 * bandwidth**2)
    kernel: FloatArray = np.exp(squared, out=squared)
    return kernel


def _rows(rows: FloatArray) -> FloatArray:
    """Check the rows; single precision stays single, for speed."""
    array = np.asarray(rows)
    if array.dtype != np.float32:
        array = array.astype(np.float64)
    if array.ndim != 2 or array.shape[0] < 2:
        raise UnitError(f"MMD needs at least two rows of features, got shape {array.shape}")
    return array
