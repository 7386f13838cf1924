"""Permutation p-values: exact early stopping, fair draws, and selection inside the null."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stillwatch.core.errors import UnitError
from stillwatch.stats import permutation

NULLS = 10_000


def normal(rng, k):
    return rng.standard_normal(k)


def poisson(rng, k):
    return rng.poisson(0.8, k)


def test_early_stopping_is_exact(rng, check_level):
    p = [
        permutation.monte_carlo_p(x, normal, rng, max_draws=999, exceedances=10).p
        for x in rng.standard_normal(NULLS)
    ]
    check_level(p, exact=True)


def test_ties_count_against_us(rng, check_level):
    p = [
        permutation.monte_carlo_p(x, poisson, rng, max_draws=999, exceedances=10).p
        for x in rng.poisson(0.8, NULLS)
    ]
    check_level(p)


def test_wrong_form_peeking_fails(rng, check_level):
    """Stopping as soon as the running estimate looks significant."""
    null = rng.standard_normal((NULLS, 200))
    observed = rng.standard_normal((NULLS, 1))
    running = (1 + np.cumsum(null >= observed, axis=1)) / (np.arange(200) + 2)
    with pytest.raises(AssertionError, match="level"):
        check_level(running.min(axis=1))


def test_wrong_form_ignoring_ties_fails(rng, check_level):
    null, observed = rng.poisson(0.8, (NULLS, 199)), rng.poisson(0.8, (NULLS, 1))
    with pytest.raises(AssertionError):
        check_level((1 + (null > observed).sum(axis=1)) / 200)


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=60),
    st.integers(0, 4),
    st.integers(1, 8),
    st.integers(1, 70),
)
def test_equals_drawing_one_at_a_time(null, observed, exceedances, batch):
    hits, expected = 0, None
    for step, value in enumerate(null, start=1):
        hits += value >= observed
        if hits == exceedances:
            expected = (exceedances / step, step)
            break
    expected = expected or ((1 + hits) / (len(null) + 1), len(null))
    stream = iter(null)
    result = permutation.monte_carlo_p(
        observed,
        lambda rng, k: [next(stream) for _ in range(k)],
        np.random.default_rng(0),
        max_draws=len(null),
        exceedances=exceedances,
        batch=batch,
    )
    assert (result.p, result.draws) == expected
    assert result.mean == pytest.approx(np.mean(null[: result.draws]))


def test_ties_up_to_rounding_are_ties(rng):
    result = permutation.monte_carlo_p(0.1 + 0.2, lambda rng, k: np.full(k, 0.3), rng, 99)
    assert result.p == 1.0


def test_abstains_and_never_claims_zero(rng):
    assert math.isnan(permutation.monte_carlo_p(math.nan, normal, rng).p)
    assert permutation.monte_carlo_p(1e9, normal, rng, max_draws=99).p == 0.01
    assert permutation.monte_carlo_p(math.inf, normal, rng, max_draws=99).p == 0.01
    nan_draws = permutation.monte_carlo_p(0.0, lambda r, k: np.full(k, np.nan), rng, max_draws=9)
    assert nan_draws.p == 1.0
    assert permutation.monte_carlo_p(0.0, normal, rng, max_draws=0).p == 1.0


def test_wrong_number_of_draws_is_refused(rng):
    with pytest.raises(UnitError):
        permutation.monte_carlo_p(0.0, lambda r, k: np.zeros(k + 1), rng)


GROUPS, SIZE = 32, 5


def largest_group_mean(values, rng):
    return values[rng.permutation(values.size)].reshape(GROUPS, SIZE).mean(axis=1).max()


def test_selection_belongs_in_the_null(rng, check_level):
    """The best of 32 groups, judged as if fixed in advance: 81 % false alarms at 5 %."""
    right, wrong = [], []
    for _ in range(1000):
        values = rng.standard_normal(GROUPS * SIZE)
        means = values.reshape(GROUPS, SIZE).mean(axis=1)
        p = permutation.max_statistic_p(
            means, lambda r, v=values: largest_group_mean(v, r), rng, draws=99
        )
        right.append(p.min())
        untested = rng.permuted(np.tile(values, (99, 1)), axis=1)[:, :SIZE].mean(axis=1)
        wrong.append((1 + np.sum(untested >= means.max())) / 100)
    check_level(right)
    with pytest.raises(AssertionError):
        check_level(wrong)
    assert np.mean(np.array(wrong) <= 0.05) == pytest.approx(0.81, abs=0.05)


def test_planted_group_is_found_with_growing_power(rng):
    power = []
    for signal in (0.0, 1.0, 2.0, 4.0):
        found = 0
        for _ in range(60):
            values = rng.standard_normal(GROUPS * SIZE)
            values[:SIZE] += signal
            means = values.reshape(GROUPS, SIZE).mean(axis=1)
            p = permutation.max_statistic_p(
                means, lambda r, v=values: largest_group_mean(v, r), rng, draws=99
            )
            found += p[0] <= 0.05
        power.append(found / 60)
    assert power == sorted(power)
    assert power[-1] > 0.95


def test_max_statistic_without_candidates(rng):
    p = permutation.max_statistic_p([1.0, np.nan], lambda r: -math.inf, rng, draws=9)
    np.testing.assert_array_equal(p, [0.1, np.nan])


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(0, 2**32))
def test_permute_within_keeps_strata(strata, seed):
    codes = np.array(strata, dtype=np.int64)
    order = permutation.permute_within(codes, np.random.default_rng(seed))
    assert sorted(order) == list(range(codes.size))
    np.testing.assert_array_equal(codes[order], codes)


def test_permute_within_is_uniform(rng):
    codes = np.array([0, 1, 0, 1, 0])
    seen = [tuple(permutation.permute_within(codes, rng)) for _ in range(6000)]
    counts = np.array([seen.count(s) for s in set(seen)])
    assert counts.size == 12
    assert stats.chisquare(counts).pvalue > 1e-4


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=6),
    st.integers(0, 2**32),
)
def test_draws_have_the_wanted_strata_without_repeats(sizes, seed):
    available = np.array([max(s) for s in sizes])
    wanted = np.array([min(s) for s in sizes])
    rng = np.random.default_rng(seed)
    strata = rng.permutation(np.repeat(np.arange(available.size), available))
    population = permutation.Strata(strata)
    wanted = wanted[: population.sizes.size]
    drawn = population.draw(wanted, rng, 7)
    assert drawn.shape == (7, wanted.sum())
    for row in drawn:
        assert np.unique(row).size == row.size
        np.testing.assert_array_equal(np.bincount(strata[row], minlength=wanted.size), wanted)


def test_draws_are_uniform_and_rows_independent(rng):
    drawn = permutation.Strata([0, 1, 0, 1, 0, 0]).draw([2, 1], rng, 24_000)
    sets = [tuple(sorted(row)) for row in drawn.tolist()]
    counts = np.array([sets.count(s) for s in set(sets)])
    assert counts.size == 12
    assert stats.chisquare(counts).pvalue > 1e-4
    first = drawn[:, 0] == 0
    again = np.corrcoef(first[:-1], first[1:])[0, 1]
    assert abs(again) < 4 / math.sqrt(first.size)


def test_draws_repeat_under_a_seed():
    population = permutation.Strata(np.arange(90) % 3)
    one, two = (population.draw([5, 0, 9], np.random.default_rng(3), 4) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_draws_of_a_large_group_need_memory_for_the_result_only(rng):
    strata = np.arange(100_000) % 20
    permutation.Strata(strata).draw(np.full(20, 10), rng, 1)
    tracemalloc.start()
    drawn = permutation.Strata(strata).draw(np.full(20, 1000), rng, 64)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < drawn.nbytes + 8_000_000


def test_impossible_draws_are_refused(rng):
    for strata, wanted in (([0, 0], [3]), ([0, 2], [1, 1]), ([0], [-1]), ([-1], [1])):
        with pytest.raises(UnitError):
            permutation.Strata(strata).draw(wanted, rng, 1)


def test_nothing_wanted(rng):
    assert permutation.Strata([0, 0]).draw([0], rng, 3).shape == (3, 0)
    assert permutation.Strata([]).draw([], rng, 3).shape == (3, 0)
