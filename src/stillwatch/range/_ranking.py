"""How well a score ranks: the area under its curve, and the best it does at a precision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.range.contracts import FloatArray


def auc(values: FloatArray, hidden: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve; ties count half (Mann and Whitney 1947)."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2.0
    positives = int(hidden.sum())
    above = float(middle[place][hidden].sum()) - positives * (positives + 1) / 2.0
    return above / (positives * (len(values) - positives))


def oracle(
    scores: FloatArray, hidden: NDArray[np.bool_], precision: float
) -> tuple[float, int, int]:
    """Return the threshold of most recall at a precision, chosen with the truth in hand.

    Args:
        scores: Flagged when at or above the threshold; minus infinity is never flagged.
        hidden: Whether each account belongs to a campaign.
        precision: The least allowed.

    Returns:
        Threshold, members found, accounts flagged; infinity, 0, 0 where nothing qualifies.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.append(ranked[:-1] != ranked[1:], [True])[: len(ranked)] & np.isfinite(ranked)
    found = np.cumsum(hidden[order])[last]
    flagged = np.flatnonzero(last) + 1
    good = np.flatnonzero((found >= precision * flagged) & (found > 0))
    if not len(good):
        return float("inf"), 0, 0
    k = good[int(np.argmax(found[good]))]
    return float(ranked[last][k]), int(found[k]), int(flagged[k])
