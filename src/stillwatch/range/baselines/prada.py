"""PRADA: are the distances between an account's queries as spread as a normal law?

A set G of queries grows: a query joins when its distance to the nearest member exceeds T, and T
then rises to the mean less the standard deviation of the distances of members when they joined. The
distances to the nearest member, those beyond three standard deviations dropped, are tested for
normality; the score is 1 - W of Shapiro and Wilk. W is no p-value: the distances depend on each
other. T is updated only from the 20th member on: with one member the deviation is 0 and T would
freeze. Prompts have no predicted class, so there is one G an account.
Blind spots: meant for synthetic images. A template app (B5) repeats itself as jittered copies do,
and a harvest of natural prompts looks natural.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import shapiro

from stillwatch.range.baselines._windows import windows
from stillwatch.range.contracts import AccountView, Baseline, FloatArray


@dataclass(frozen=True, slots=True)
class Prada:
    """Scores an account by how far its nearest distances are from normal: 1 - W.

    Attributes:
        least: Prompts below which it abstains.
        most: Prompts of an account looked at, evenly spaced.
        settled: Members of G from which T is updated.
    """

    name: ClassVar[str] = "prada"
    summary: ClassVar[str] = "1 - Shapiro-Wilk W of distances to a growing set of own prompts."
    source: ClassVar[str] = "Juuti et al. 2019, PRADA, arXiv 1805.02628"

    least: int = 20
    most: int = 200
    settled: int = 20

    def score(self, view: AccountView) -> FloatArray:
        """Return 1 - W an account."""
        return np.array([self._one(rows) for rows in windows(view, self.most)], dtype=float)

    def _one(self, rows: FloatArray) -> float:
        if len(rows) < self.least:
            return np.nan
        nearest = self._nearest(np.asarray(cdist(rows, rows)))
        kept = nearest[np.abs(nearest - nearest.mean()) <= 3.0 * nearest.std()]
        if np.ptp(kept) < 1e-9:
            return 1.0
        return 1.0 - float(shapiro(kept).statistic)

    def _nearest(self, distances: FloatArray) -> FloatArray:
        """Return the distance of each query but the first to the nearest earlier member of G."""
        closest = distances[0].copy()
        nearest, joined, threshold = np.empty(len(closest) - 1), [], 0.0
        for k in range(1, len(closest)):
            nearest[k - 1] = closest[k]
            if closest[k] > threshold:
                joined.append(closest[k])
                np.minimum(closest, distances[k], out=closest)
                if len(joined) >= self.settled:
                    threshold = max(threshold, float(np.mean(joined) - np.std(joined)))
        return nearest


BASELINE: type[Baseline] = Prada
