"""The share of an account's exchanges that show a behaviour, shrunk towards none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def shrunken_share(hits: FloatArray, exchanges: FloatArray, prior: float) -> FloatArray:
    """Return hits / (exchanges + prior): two hits in two exchanges weigh less than 50 in 50.

    Args:
        hits: Exchanges that show the behaviour.
        exchanges: All exchanges; none gives NaN.
        prior: Exchanges without the behaviour that are added to every account.
    """
    with np.errstate(invalid="ignore"):
        return np.where(exchanges > 0, hits / (exchanges + prior), np.nan)
