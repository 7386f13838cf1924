"""Unbiased MMD^2: its mean, its power, and why averaging needs its own calibration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import UnitError
from stillwatch.stats import conformal, mmd


def by_definition(x, y, bandwidth):
    def kernel(a, b):
        return np.exp(-((a[:, None] - b[None]) ** 2).sum(axis=-1) / (2 * bandwidth**2))

    m, n = len(x), len(y)
    own = (kernel(x, x).sum() - m) / (m * (m - 1))
    other = (kernel(y, y).sum() - n) / (n * (n - 1))
    return own + other - 2 * kernel(x, y).mean()


def biased(x, y, bandwidth):
    """The V-statistic: looks like MMD^2 and is never negative."""
    joined = np.concatenate((x, y))
    sign = np.repeat([1 / len(x), -1 / len(y)], [len(x), len(y)])
    squared = ((joined[:, None] - joined[None]) ** 2).sum(axis=-1)
    return sign @ np.exp(-squared / (2 * bandwidth**2)) @ sign


@given(st.integers(2, 8), st.integers(2, 8), st.integers(1, 3), st.integers(0, 2**32))
def test_equals_its_definition(m, n, d, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(m, d)), rng.normal(1.0, 1.0, (n, d))
    value = mmd.mmd2_unbiased(x, y, 0.8)
    assert value == pytest.approx(by_definition(x, y, 0.8))
    assert value == pytest.approx(mmd.mmd2_unbiased(y[::-1], x, 0.8))
    assert mmd.averaged_mmd2(x, [y, y[1:].repeat(2, axis=0)], 0.8) == pytest.approx(
        (value + by_definition(x, y[1:].repeat(2, axis=0), 0.8)) / 2
    )


def test_mean_is_zero_where_the_biased_form_is_not(rng):
    values, wrong = [], []
    for _ in range(2500):
        x, y = rng.normal(size=(10, 2)), rng.normal(size=(14, 2))
        values.append(mmd.mmd2_unbiased(x, y, 1.0))
        wrong.append(biased(x, y, 1.0))
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 4 * error
    assert np.mean(wrong) > 20 * error
    assert min(values) < 0 <= min(wrong)


@pytest.fixture(scope="module")
def statistics():
    """Scores of 1,200 benign windows: against one fresh reference, and averaged over eight."""
    rng = np.random.default_rng(5)
    single, averaged = [], []
    for _ in range(1200):
        references = rng.normal(size=(8, 15, 2))
        window = rng.normal(size=(15, 2))
        single.append(mmd.mmd2_unbiased(window, references[0], 1.0))
        averaged.append(mmd.averaged_mmd2(window, list(references), 1.0))
    return np.array(single), np.array(averaged)


def test_averaged_statistic_calibrated_by_itself_is_exact(statistics, rng, check_level):
    _, averaged = statistics
    ties = np.zeros(999)
    p = []
    for _ in range(2000):
        scores = rng.choice(averaged, 1000, replace=False)
        p.append(conformal.jittered_p(scores[1:], scores[:1], ties, ties[:1])[0])
    check_level(p, exact=True)


def test_wrong_form_averaging_against_a_single_window_null_fails(statistics, check_level):
    """The averaged score varies less than the null it is compared with: 5 % becomes about 1 %."""
    single, averaged = statistics
    wrong = conformal.conservative_p(single, averaged)
    assert np.mean(wrong <= 0.05) < 0.03
    with pytest.raises(AssertionError, match="level"):
        check_level(wrong, exact=True)


def test_power_grows_with_contamination(rng):
    reference = rng.normal(size=(200, 3))
    bandwidth = mmd.median_bandwidth(reference)

    def window(share):
        rows = rng.normal(size=(60, 3))
        rows[: int(60 * share)] += 2.0
        return mmd.averaged_mmd2(rows, [reference[:100], reference[100:]], bandwidth)

    benign = np.array([window(0.0) for _ in range(199)])
    power = []
    for share in (0.0, 0.1, 0.3, 1.0):
        p = conformal.conservative_p(benign, [window(share) for _ in range(80)])
        power.append(np.mean(p <= 0.05))
    assert power == sorted(power)
    assert power[-1] == 1.0


def test_median_bandwidth():
    assert mmd.median_bandwidth(np.array([[0.0], [1.0], [5.0]])) == 4.0


def test_faulty_input_is_refused():
    rows = np.zeros((3, 2))
    for call in (
        lambda: mmd.median_bandwidth(rows),
        lambda: mmd.mmd2_unbiased(rows[:1], rows, 1.0),
        lambda: mmd.mmd2_unbiased(rows, rows[:1], 1.0),
        lambda: mmd.mmd2_unbiased(rows, rows, 0.0),
        lambda: mmd.averaged_mmd2(rows, [], 1.0),
        lambda: mmd.mmd2_unbiased(rows[0], rows, 1.0),
    ):
        with pytest.raises(UnitError):
            call()
