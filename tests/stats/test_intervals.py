"""Exact tails and intervals, against sums and against the figures everyone quotes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stillwatch.core.errors import UnitError
from stillwatch.stats import intervals


@given(st.integers(0, 40), st.floats(0.0, 1.0), st.integers(-2, 45))
def test_tails_are_sums_of_the_mass(trials, rate, hits):
    mass = np.array(
        [math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(trials + 1)]
    )
    upper = mass[max(hits, 0) :].sum()
    lower = mass[: hits + 1].sum() if hits >= 0 else 0.0
    assert intervals.binomial_upper_tail(hits, trials, rate) == pytest.approx(upper, abs=1e-12)
    assert intervals.binomial_lower_tail(hits, trials, rate) == pytest.approx(lower, abs=1e-12)


def test_binomial_p_is_super_uniform(rng, check_level):
    check_level(intervals.binomial_upper_tail(rng.binomial(400, 0.02, 20_000), 400, 0.02))
    check_level(intervals.binomial_lower_tail(rng.binomial(400, 0.02, 20_000), 400, 0.02))


def test_wrong_form_gaussian_z_at_small_n_fails(rng, check_level):
    hits = rng.binomial(50, 0.01, 20_000)
    z = (hits - 0.5) / np.sqrt(50 * 0.01 * 0.99)
    with pytest.raises(AssertionError):
        check_level(stats.norm.sf(z))


@given(st.integers(1, 200), st.data())
def test_clopper_pearson_equals_scipy(trials, data):
    hits = data.draw(st.integers(0, trials))
    low, high = intervals.clopper_pearson(hits, trials)
    expected = stats.binomtest(hits, trials).proportion_ci(0.95, "exact")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize("rate", [0.001, 0.05, 0.5, 0.99])
@pytest.mark.parametrize("trials", [1, 10, 137])
def test_clopper_pearson_covers(trials, rate):
    """Coverage summed exactly over all outcomes, no simulation."""
    x = np.arange(trials + 1)
    low, high = intervals.clopper_pearson(x, trials)
    covered = (low <= rate) & (rate <= high)
    assert stats.binom.pmf(x, trials, rate)[covered].sum() >= 0.95


def test_no_trials_know_nothing():
    low, high = intervals.clopper_pearson(0, 0)
    assert (float(low), float(high)) == (0.0, 1.0)
    assert intervals.zero_alarm_bound(0) == 1.0


def test_quoted_figures():
    assert intervals.zero_alarm_bound(100) == pytest.approx(0.030, abs=5e-4)
    assert intervals.zero_alarm_bound(1000) == pytest.approx(0.0030, abs=5e-5)
    assert intervals.needed_innocents(1e-3) == 2995


@given(st.floats(1e-5, 0.5))
def test_needed_innocents_is_the_smallest(rate):
    n = intervals.needed_innocents(rate)
    assert intervals.zero_alarm_bound(n) <= rate * (1 + 1e-9)
    assert n == 1 or intervals.zero_alarm_bound(n - 1) > rate * (1 - 1e-9)


def test_impossible_counts_are_refused():
    for call in (
        lambda: intervals.clopper_pearson(3, 2),
        lambda: intervals.zero_alarm_bound(-1),
        lambda: intervals.needed_innocents(0.0),
    ):
        with pytest.raises(UnitError):
            call()
