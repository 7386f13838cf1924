"""MMD windows: do an account's prompts follow the distribution of the benign past?

The unbiased MMD² between the account's window of prompts and each of several draws from the
reference accounts, averaged over the draws. The bandwidth is the median distance of reference rows.
Blind spots: "as the pooled past" is false of nearly every new customer and every narrow app; a
campaign spread over cover traffic keeps each window close to the past.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.errors import UnitError
from stillwatch.range.baselines._windows import benign, windows
from stillwatch.range.contracts import AccountView, Baseline, FloatArray
from stillwatch.stats.mmd import median_bandwidth, mmd2_each


@dataclass(frozen=True, slots=True)
class MmdWindows:
    """Scores an account by the averaged MMD² of its prompts from benign draws.

    Attributes:
        least: Prompts below which it abstains.
        most: Prompts of an account looked at, evenly spaced.
        draws: Reference draws.
        drawn: Prompts in a draw, each from another account.
    """

    name: ClassVar[str] = "mmd_windows"
    summary: ClassVar[str] = "Unbiased MMD² of an account's prompts from draws of the benign past."
    source: ClassVar[str] = "arXiv 2606.05725; Gretton et al. 2012"

    least: int = 5
    most: int = 100
    draws: int = 5
    drawn: int = 100

    def score(self, view: AccountView) -> FloatArray:
        """Return the averaged statistic of each account; it may be negative."""
        scores = np.full(len(view.accounts), np.nan)
        try:
            draws = self._draws(benign(view))
            bandwidth = median_bandwidth(draws[0])
        except UnitError:  # the reference is too small or all alike
            return scores
        enough = np.bincount(view.owner, minlength=len(scores)) >= self.least
        chosen = (rows for rows in windows(view, self.most) if len(rows) >= self.least)
        scores[enough] = mmd2_each(chosen, draws, bandwidth).mean(axis=1)
        return scores

    def _draws(self, reference: AccountView) -> list[FloatArray]:
        rng = np.random.default_rng(0)
        sampled: list[FloatArray] = []
        for _ in range(self.draws):
            who = rng.permutation(len(reference.turns))[: self.drawn]
            rows = [rng.choice(reference.turns[account]) for account in who]
            sampled.append(reference.embeddings[np.array(rows, dtype=np.int64)].astype(float))
        return sampled


BASELINE: type[Baseline] = MmdWindows
