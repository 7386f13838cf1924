"""Mahalanobis distance of an account's mean prompt from the reference accounts' means.

Mean and covariance are those of the reference accounts' mean prompts; a tenth of the average
variance is added to every direction, as 128 dimensions ask for more accounts than a small reference
has.
Blind spots: any narrow app is far from the mean. It measures topic, not intent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.range.baselines._windows import benign, means
from stillwatch.range.contracts import AccountView, Baseline, FloatArray


@dataclass(frozen=True, slots=True)
class Mahalanobis:
    """Scores an account by the distance of its mean prompt vector from the reference's.

    Attributes:
        least: Prompts below which it abstains.
        shrinkage: Share of the average variance that is added to every direction.
    """

    name: ClassVar[str] = "mahalanobis"
    summary: ClassVar[str] = "Distance of the mean prompt vector from benign accounts' means."
    source: ClassVar[str] = "Mahalanobis 1936; as a baseline in arXiv 2606.05725"

    least: int = 5
    shrinkage: float = 0.1

    def score(self, view: AccountView) -> FloatArray:
        """Return the distance of each account."""
        own = means(view, self.least)
        base = means(benign(view), self.least)
        base = base[~np.isnan(base[:, 0])]
        if len(base) < 3:
            return np.full(len(own), np.nan)
        spread = np.cov(base, rowvar=False)
        spread += (self.shrinkage * np.trace(spread) / len(spread) + 1e-12) * np.eye(len(spread))
        away = own - base.mean(axis=0)
        squared = np.einsum("ij,ij->i", away @ np.linalg.inv(spread), away)
        return np.asarray(np.sqrt(np.maximum(squared, 0.0)), dtype=np.float64)


BASELINE: type[Baseline] = Mahalanobis
