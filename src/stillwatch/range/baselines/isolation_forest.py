"""Isolation forest over the features of an account, fitted on the reference.

Random cuts isolate what is unusual after few of them.
Blind spots: unusual is not guilty. The largest honest app is isolated first, and campaign accounts
of ordinary volume last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.errors import MissingExtraError
from stillwatch.range.baselines._windows import benign
from stillwatch.range.contracts import AccountView, Baseline, FloatArray


@dataclass(frozen=True, slots=True)
class IsolationForest:
    """Scores an account by how soon random cuts isolate it from the reference.

    Attributes:
        trees: Trees of the forest.
        seed: Seed of the cuts.
    """

    name: ClassVar[str] = "isolation_forest"
    summary: ClassVar[str] = "Isolation forest over the features of an account, fitted on the past."
    source: ClassVar[str] = "Liu, Ting and Zhou 2008; implementation of pyod (BSD-2-Clause)"

    trees: int = 100
    seed: int = 0

    def score(self, view: AccountView) -> FloatArray:
        """Return the anomaly score of each account.

        Raises:
            MissingExtraError: pyod is not installed.
        """
        try:
            from pyod.models.iforest import IForest  # noqa: PLC0415 (an optional extra)
        except ImportError as error:
            raise MissingExtraError(
                "the isolation forest needs pyod", "pip install stillwatch[range]"
            ) from error
        past, own = benign(view).matrix, view.matrix
        if len(past) < 2 or not len(own):
            return np.full(len(own), np.nan)
        model = IForest(n_estimators=self.trees, random_state=self.seed, n_jobs=1)
        model.fit(past)
        return np.asarray(model.decision_function(own), dtype=np.float64)


BASELINE: type[Baseline] = IsolationForest
