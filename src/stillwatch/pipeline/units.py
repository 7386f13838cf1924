"""Accounts and parties under analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.relations.profiles import Profiles


@dataclass(frozen=True, slots=True)
class Unit:
    """Accounts, or parties (organisations, or accounts without one): what is known of them.

    Attributes:
        keys: Sorted keys, one a unit.
        rows: Merged rollups, in the order of the keys.
        profiles: Profile columns.
        scores: Each detector's scores; NaN where it abstains.
        segments: Segment of each unit, for calibration.
        ties: Tie-breakers, uniform in (0, 1), fixed before anything is scored.
    """

    keys: NDArray[np.int64]
    rows: pa.Table
    profiles: Profiles
    scores: Mapping[str, NDArray[np.float64]]
    segments: NDArray[np.str_]
    ties: NDArray[np.float64]
