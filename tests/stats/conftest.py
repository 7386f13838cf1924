"""The one check every p-value has to pass, and every wrong form has to fail."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import ArrayLike
from scipy import stats

settings.register_profile("stats", deadline=None, derandomize=True)
settings.load_profile("stats")

LEVELS = (0.001, 0.01, 0.05, 0.1)
DOUBT = 1e-5

CheckLevel = Callable[..., None]


def check_level(p_values: ArrayLike, exact: bool = False) -> None:
    """Fail unless null p-values keep every level, within the exact binomial interval.

    With `exact` they must also reach it: the interval is then two-sided.
    """
    p = np.asarray(p_values, dtype=np.float64)
    assert p.size >= 1000
    assert np.all((p > 0.0) & (p <= 1.0)), "a p-value left (0, 1]"
    for alpha in LEVELS:
        hits = int(np.sum(p <= alpha * (1 + 1e-12)))
        low, high = (int(v) for v in stats.binom.ppf([DOUBT, 1 - DOUBT], p.size, alpha))
        report = f"level {alpha}: {hits}/{p.size} = {hits / p.size:.5f}, interval {low} to {high}"
        assert hits <= high, report
        if exact:
            assert hits >= low, report


@pytest.fixture(name="check_level")
def _check_level() -> CheckLevel:
    return check_level


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260801)
