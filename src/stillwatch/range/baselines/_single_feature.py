"""Shows that no single feature of an account tells the campaigns apart.

Each feature is turned into the best detector it can be, with the truth in hand: either direction,
any threshold. A composition in which one of them does well would be too easy to prove anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.range._features import features
from stillwatch.range._ranking import auc
from stillwatch.range.contracts import Composition, FloatArray


@dataclass(frozen=True, slots=True)
class SingleFeature:
    """How well one feature alone would do.

    Attributes:
        feature: Name; a leading `-` means that small values are suspicious.
        threshold: Where the F1 score is best.
        precision: At the threshold.
        recall: At the threshold.
        auc: Area under the ROC curve, at least 0.5 as the direction is chosen with the truth.
        precision_at_half: Best precision among thresholds that find at least half.
    """

    feature: str
    threshold: float
    precision: float
    recall: float
    auc: float
    precision_at_half: float


def baseline_table(composition: Composition) -> list[SingleFeature]:
    """Measure every single feature on all campaign members against everybody else.

    Returns:
        One row a feature, best AUC first. Empty when there is no campaign.
    """
    accounts, values = features(composition.exchanges)
    place = pc.index_in(accounts, composition.labels["account_id"].combine_chunks())
    hidden = composition.labels["campaign_id"].is_valid().take(place).to_numpy()
    if not hidden.any():
        return []
    rows = [_best(name, column, hidden) for name, column in values.items()]
    return sorted(rows, key=lambda row: -row.auc)


def _best(name: str, values: FloatArray, hidden: NDArray[np.bool_]) -> SingleFeature:
    area = auc(values, hidden)
    sign = 1.0 if area >= 0.5 else -1.0
    order = np.argsort(-sign * values, kind="stable")
    ranked = sign * values[order]
    last = np.concatenate((ranked[1:] != ranked[:-1], [True]))
    found = np.cumsum(hidden[order])[last]
    flagged = np.flatnonzero(last) + 1
    precision, recall = found / flagged, found / hidden.sum()
    score = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    k = int(np.argmax(score))
    return SingleFeature(
        feature=name if sign > 0 else f"-{name}",
        threshold=float(sign * ranked[last][k]),
        precision=float(precision[k]),
        recall=float(recall[k]),
        auc=max(area, 1.0 - area),
        precision_at_half=float(precision[recall >= 0.5].max()),
    )
