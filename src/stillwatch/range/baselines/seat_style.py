"""SEAT-style: how many of an account's prompts are near copies of each other.

The method learns an encoder that brings a query close to its perturbed copies and alarms when an
account has sent more pairs of similar queries than its budget. Here the encoder is the fixed one of
`_embedding`, the distance below which two prompts are similar is the 1st percentile of the
distances between prompts of different reference accounts, and the score is the number of similar
pairs.
Blind spots: a business app with a template (B1, B5, B10) has the most pairs of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.spatial.distance import pdist

from stillwatch.range.baselines._windows import benign, windows
from stillwatch.range.contracts import AccountView, Baseline, FloatArray


@dataclass(frozen=True, slots=True)
class SeatStyle:
    """Scores an account by the number of its pairs of prompts that are nearly the same.

    Attributes:
        most: Prompts of an account looked at, evenly spaced.
        quantile: Share of pairs of strangers' prompts that count as similar.
        sample: Reference accounts of which one prompt each sets the distance.
    """

    name: ClassVar[str] = "seat_style"
    summary: ClassVar[str] = "Pairs of an account's prompts closer than 1 % of strangers' are."
    source: ClassVar[str] = (
        "Zhang, Chen and Wagner 2021, SEAT: Similarity Encoder by Adversarial Training"
    )

    most: int = 200
    quantile: float = 0.01
    sample: int = 500

    def score(self, view: AccountView) -> FloatArray:
        """Return the number of similar pairs an account."""
        if not len(view.accounts):
            return np.zeros(0)
        near = self._distance(benign(view))
        return np.array(
            [
                np.sum(pdist(rows) <= near) if len(rows) > 1 else 0
                for rows in windows(view, self.most)
            ],
            dtype=float,
        )

    def _distance(self, reference: AccountView) -> float:
        firsts = np.array([rows[0] for rows in reference.turns], dtype=np.int64)
        order = np.random.default_rng(0).permutation(len(firsts))[: self.sample]
        rows = reference.embeddings[firsts[order]].astype(np.float64)
        return float(np.quantile(pdist(rows), self.quantile)) if len(rows) > 1 else 0.0


BASELINE: type[Baseline] = SeatStyle
