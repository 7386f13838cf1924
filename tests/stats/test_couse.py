"""Co-use tails on popular templates: the easy null, and the hard one that breaks them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stillwatch.core.errors import UnitError
from stillwatch.stats import couse

ACCOUNTS, TEMPLATES = 4000, 300


@given(st.lists(st.floats(0.0, 1.0), max_size=6), st.integers(-1, 7))
def test_poisson_binomial_sums_all_outcomes(chances, threshold):
    expected = 0.0
    for outcome in itertools.product((0, 1), repeat=len(chances)):
        if sum(outcome) >= threshold:
            expected += math.prod(
                q if hit else 1 - q for q, hit in zip(chances, outcome, strict=True)
            )
    assert couse.poisson_binomial_tail(chances, threshold) == pytest.approx(expected, abs=1e-12)


def test_poisson_binomial_keeps_tiny_tails():
    tail = couse.poisson_binomial_tail(np.full(1000, 1e-4), 12)
    assert tail == pytest.approx(stats.binom.sf(11, 1000, 1e-4), rel=1e-9)
    assert tail < 1e-19


def test_hypergeometric_counts_draws():
    marked = {0, 1, 2}
    draws = list(itertools.combinations(range(7), 4))
    for shared in range(-1, 5):
        expected = np.mean([len(marked & set(d)) >= shared for d in draws])
        assert couse.hypergeometric_tail(shared, 7, 3, 4) == pytest.approx(expected)


def test_hypergeometric_holds_when_templates_are_equally_popular(rng, check_level):
    shared = rng.hypergeometric(30, 270, 25, 20_000)
    check_level(couse.hypergeometric_tail(shared, 300, 30, 25))


def table(rng, zipf, accounts=ACCOUNTS, templates=TEMPLATES):
    """A table drawn with odds x_a y_t, popularity y falling by a Zipf law."""
    y = (np.arange(templates) + 1.0) ** -zipf
    x = rng.lognormal(0.0, 0.3, accounts)
    odds = np.outer(x, y) * 40 / y.sum()
    chances = odds / (1 + odds)
    return rng.random(chances.shape) < chances, chances


@pytest.fixture(scope="module")
def zipf_table():
    used, chances = table(np.random.default_rng(3), 0.8)
    return used, chances


def disjoint_pairs(used):
    first, second = np.arange(0, len(used), 2), np.arange(1, len(used), 2)
    return first, second, (used[first] & used[second]).sum(axis=1)


def test_fitted_tails_hold_under_zipf_popularity(zipf_table, check_level):
    used, _ = zipf_table
    first, second, shared = disjoint_pairs(used)
    model = couse.fit_co_use(used.sum(axis=1), used.sum(axis=0))
    check_level(model.pair_tails(first, second, shared))


def test_true_odds_hold_under_zipf_popularity(zipf_table, check_level):
    used, chances = zipf_table
    first, second, shared = disjoint_pairs(used)
    check_level(
        [
            couse.poisson_binomial_tail(chances[a] * chances[b], x)
            for a, b, x in zip(first, second, shared.tolist(), strict=True)
        ]
    )


def test_wrong_form_hypergeometric_under_zipf_popularity_fails(zipf_table, check_level):
    used, _ = zipf_table
    first, second, shared = disjoint_pairs(used)
    degrees = used.sum(axis=1)
    wrong = couse.hypergeometric_tail(shared, TEMPLATES, degrees[first], degrees[second])
    assert np.mean(wrong <= 0.05) == pytest.approx(0.44, abs=0.05)
    with pytest.raises(AssertionError):
        check_level(wrong)


def test_planted_sharing_is_found(zipf_table, rng):
    tail = np.arange(100, TEMPLATES)
    power = []
    for planted in (0, 5, 10, 20):
        used = zipf_table[0].copy()
        for a in range(0, 100, 2):
            used[a : a + 2, rng.choice(tail, planted, replace=False)] = True
        model = couse.fit_co_use(used.sum(axis=1), used.sum(axis=0))
        first, second, shared = (v[:50] for v in disjoint_pairs(used))
        power.append(np.mean(model.pair_tails(first, second, shared) <= 0.01))
    assert power == sorted(power)
    assert power[-1] > 0.9


@given(st.integers(1, 12), st.integers(1, 12), st.floats(0.0, 1.0), st.integers(0, 2**32))
def test_fit_reproduces_the_degrees_of_any_table(accounts, templates, share, seed):
    used = np.random.default_rng(seed).random((accounts, templates)) < share
    model = couse.fit_co_use(used.sum(axis=1), used.sum(axis=0))
    chances = model.chances[np.ix_(model.account_class, model.template_class)]
    assert np.all((chances >= 0) & (chances <= 1))
    np.testing.assert_allclose(chances.sum(axis=1), used.sum(axis=1), rtol=1e-3, atol=1e-9)
    np.testing.assert_allclose(chances.sum(axis=0), used.sum(axis=0), rtol=1e-3, atol=1e-9)


def test_fit_sets_the_certain_aside():
    model = couse.fit_co_use([4, 2, 2, 0], [3, 2, 2, 1])
    chances = model.chances[np.ix_(model.account_class, model.template_class)]
    np.testing.assert_allclose(chances[0], 1.0)
    np.testing.assert_allclose(chances[3], 0.0)
    np.testing.assert_allclose(chances[1], [1.0, 0.5, 0.5, 0.0], rtol=1e-3)


def test_degrees_of_no_table_are_refused():
    for rows, columns in (([2], [1]), ([3, 0], [2, 1]), ([2, 2], [4])):
        with pytest.raises(UnitError):
            couse.fit_co_use(rows, columns)
    with pytest.raises(UnitError):
        couse.poisson_binomial_tail([1.5], 1)


def test_pair_tails_do_not_depend_on_order(zipf_table):
    used, _ = zipf_table
    model = couse.fit_co_use(used.sum(axis=1), used.sum(axis=0))
    first, second, shared = (v[:50] for v in disjoint_pairs(used))
    tails = model.pair_tails(first, second, shared)
    np.testing.assert_array_equal(model.pair_tails(second, first, shared), tails)
    np.testing.assert_array_equal(
        model.pair_tails(first[::-1], second[::-1], shared[::-1]), tails[::-1]
    )
    assert model.pair_tails([0], [1], [0])[0] == 1.0
    assert model.pair_tails([], [], []).size == 0


def test_swaps_keep_both_degrees(rng):
    used, _ = table(rng, 0.8, 30, 40)
    before = used.copy()
    for drawn in couse.swap_draws(used, rng, 5, 2000):
        np.testing.assert_array_equal(drawn.sum(axis=0), used.sum(axis=0))
        np.testing.assert_array_equal(drawn.sum(axis=1), used.sum(axis=1))
        assert (drawn != used).any()
    np.testing.assert_array_equal(used, before)
    assert not next(couse.swap_draws(np.zeros((2, 2), bool), rng, 1, 9)).any()


def test_swaps_reach_every_table_equally(rng):
    seen = [
        tuple(np.argmax(drawn, axis=1).tolist())
        for drawn in couse.swap_draws(np.eye(3, dtype=bool), rng, 6000, 30)
    ]
    counts = np.array([seen.count(s) for s in set(seen)])
    assert counts.size == 6
    assert stats.chisquare(counts).pvalue > 1e-4


def largest_overlap(used):
    shared = used.astype(np.float32) @ used.T
    np.fill_diagonal(shared, 0)
    return float(shared.max()) + float(np.abs(shared).mean())


def test_swap_p_values_are_exact_even_badly_mixed(rng, check_level):
    """Thirty swaps mix nothing, and the level still holds."""
    p = []
    for _ in range(1000):
        used, _ = table(rng, 0.8, 10, 60)
        draws = [largest_overlap(t) for t in couse.swap_draws(used, rng, 19, 30)]
        p.append((1 + np.sum(np.array(draws) >= largest_overlap(used))) / 20)
    check_level(p)


def test_fitted_tails_agree_with_swaps(rng):
    """The slow exact reference, on pairs with many, some and few uses."""
    used, _ = table(rng, 0.8, 150, 100)
    degrees = used.sum(axis=1)
    model = couse.fit_co_use(degrees, used.sum(axis=0))
    order = np.argsort(degrees)
    pairs = np.array([order[[-1, -2]], order[[70, 80]], order[[10, 20]]])
    first, second = pairs.T
    overlaps = np.array(
        [
            (t[first] & t[second]).sum(axis=1)
            for t in couse.swap_draws(used, rng, 800, 6 * int(used.sum()))
        ]
    )
    for column in range(3):
        x = int(np.quantile(overlaps[:, column], 0.9)) + 1
        fast = model.pair_tails(first[[column]], second[[column]], [x])[0]
        slow = np.mean(overlaps[:, column] >= x)
        assert slow <= fast * 1.2 + 0.01
        assert fast <= 3 * slow + 0.02
