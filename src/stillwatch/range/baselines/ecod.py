"""ECOD: how far each feature of an account lies in the tail of the reference.

The negative logarithms of the empirical tail probabilities are added over the features.
Blind spots: features count alike and as independent; an account that is large is far out in all of
them, and campaign accounts of ordinary volume in none.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.errors import MissingExtraError
from stillwatch.range.baselines._windows import benign
from stillwatch.range.contracts import AccountView, Baseline, FloatArray


@dataclass(frozen=True, slots=True)
class Ecod:
    """Scores an account by the sum of its features' empirical tail depths."""

    name: ClassVar[str] = "ecod"
    summary: ClassVar[str] = "Sum of empirical tail depths over the features of an account."
    source: ClassVar[str] = "Li et al. 2022, ECOD; implementation of pyod (BSD-2-Clause)"

    def score(self, view: AccountView) -> FloatArray:
        """Return the outlier score of each account.

        Raises:
            MissingExtraError: pyod is not installed.
        """
        try:
            from pyod.models.ecod import ECOD  # noqa: PLC0415 (an optional extra)
        except ImportError as error:
            raise MissingExtraError("ECOD needs pyod", "pip install stillwatch[range]") from error
        past, own = benign(view).matrix, view.matrix
        if len(past) < 2 or not len(own):
            return np.full(len(own), np.nan)
        varied = np.ptp(np.concatenate((past, own)), axis=0) > 0  # a constant has no skewness
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # nor one that is constant in the past
            model = ECOD(n_jobs=1)
            model.fit(past[:, varied])
            return np.asarray(model.decision_function(own[:, varied]), dtype=np.float64)


BASELINE: type[Baseline] = Ecod
