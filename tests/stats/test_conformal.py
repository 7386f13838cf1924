"""Conformal p-values keep their level, and the forms that look right do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from stillwatch.core.errors import UnitError
from stillwatch.stats import conformal

N, NULLS = 999, 10_000
LAWS = {
    "continuous": lambda rng, size: rng.normal(size=size),
    "tied": lambda rng, size: rng.poisson(0.7, size=size).astype(float),
}
tied_scores = hnp.arrays(np.float64, st.integers(0, 30), elements=st.integers(0, 4).map(float))


@pytest.fixture(scope="module", params=sorted(LAWS))
def nulls(request):
    """Null scores and tie-breakers; in each row, unit 0 is judged and the others calibrate."""
    rng = np.random.default_rng(7)
    scores = LAWS[request.param](rng, (NULLS, N + 1))
    return request.param, scores, rng.random((NULLS, N + 1))


def each(nulls, judge):
    _, scores, ties = nulls
    return np.array(
        [judge(s[1:], s[:1], t[1:], t[:1])[0] for s, t in zip(scores, ties, strict=True)]
    )


def test_jittered_is_exact(nulls, check_level):
    check_level(each(nulls, conformal.jittered_p), exact=True)


def test_randomised_is_exact(nulls, check_level):
    p = each(nulls, lambda c, s, ct, st: conformal.randomised_p(c, s, st))
    check_level(p, exact=True)
    assert stats.kstest(p, "uniform").pvalue > 1e-4


def test_conservative_never_exceeds(nulls, check_level):
    p = each(nulls, lambda c, s, ct, st: conformal.conservative_p(c[:199], s))
    check_level(p)
    if nulls[0] == "continuous":
        assert np.mean(p <= 0.1) > 0.09


def counts_of_ties(rng, rate):
    """How many of N calibration units exceed and equal the judged one, for 0/1 scores."""
    score = rng.random(NULLS) < rate
    ones = rng.binomial(N, rate, NULLS)
    return np.where(score, 0, ones), np.where(score, ones, N - ones)


def test_wrong_form_mid_rank_fails(rng, check_level):
    above, equal = counts_of_ties(rng, 0.08)
    with pytest.raises(AssertionError, match=r"level 0\.05"):
        check_level((above + 0.5 * (1 + equal)) / (N + 1))
    check_level((above + 1 + equal) / (N + 1))


def test_wrong_form_strict_rank_fails(rng, check_level):
    """With every score shared by two units the strict rank doubles the level."""
    pairs = rng.integers(0, (N + 1) // 2, NULLS)
    with pytest.raises(AssertionError, match=r"level 0\.001"):
        check_level((1 + 2 * pairs) / (N + 1))
    above, equal = counts_of_ties(rng, 0.08)
    with pytest.raises(AssertionError, match=r"level 0\.001"):
        check_level((1 + above) / (N + 1))
    check_level((1 + above + equal) / (N + 1))


def test_wrong_form_without_the_added_one_fails(rng, check_level):
    scores = rng.normal(size=(NULLS, 100))
    wrong = (scores[:, 1:] >= scores[:, :1]).mean(axis=1)
    assert np.mean(wrong <= 0.001) == pytest.approx(0.01, abs=0.003)
    with pytest.raises(AssertionError):
        check_level(wrong)
    with pytest.raises(AssertionError, match=r"level 0\.001"):
        check_level(np.maximum(wrong, 1e-9))


def test_within_segments_is_exact_where_pooling_is_not(rng, check_level):
    segments = rng.integers(0, 2, (2000, 400))
    scores = rng.normal(size=segments.shape) + 3.0 * segments
    ties = rng.random(segments.shape)
    low = []
    pooled = []
    for g, s, t in zip(segments, scores, ties, strict=True):
        args = (g[20:], s[20:], t[20:], g[:20], s[:20], t[:20])
        low.append(conformal.jittered_p_within(*args)[0])
        pooled.append(conformal.jittered_p(s[20:], s[:20], t[20:], t[:20])[g[:20] == 1][:1])
    check_level(low)
    with pytest.raises(AssertionError):
        check_level(np.concatenate(pooled))


def test_within_equals_one_call_a_segment(rng):
    g, h = rng.integers(0, 5, 300), rng.integers(0, 6, 80)
    s, t = rng.poisson(2.0, 300).astype(float), rng.poisson(3.0, 80).astype(float)
    u, v = rng.random(300), rng.random(80)
    p = conformal.jittered_p_within(g, s, u, h, t, v)
    for segment in range(5):
        a, b = g == segment, h == segment
        np.testing.assert_array_equal(p[b], conformal.jittered_p(s[a], t[b], u[a], v[b]))
    assert np.isnan(p[h == 5]).all()


def test_self_rank_is_a_permutation_of_the_grid(rng):
    segments = rng.integers(0, 3, 200)
    p = conformal.self_rank_p(segments, rng.poisson(1.0, 200), rng.random(200))
    for segment in range(3):
        mine = np.sort(p[segments == segment])
        np.testing.assert_allclose(mine, np.arange(1, mine.size + 1) / mine.size)


def test_self_rank_is_leave_one_out(rng):
    scores, ties = rng.poisson(1.0, 50).astype(float), rng.random(50)
    p = conformal.self_rank_p(np.zeros(50, dtype=int), scores, ties)
    for i in range(50):
        rest = np.arange(50) != i
        left_out = conformal.jittered_p(scores[rest], scores[[i]], ties[rest], ties[[i]])
        assert p[i] == pytest.approx(left_out[0])


def test_self_rank_level_with_planted_units(rng, check_level):
    scores = rng.poisson(1.0, (NULLS, 50)).astype(float)
    scores[:, 45:] += 5.0
    segments = np.repeat(np.arange(NULLS), 50)
    p = conformal.self_rank_p(segments, scores.ravel(), rng.random(scores.size))
    check_level(p.reshape(NULLS, 50)[:, 0])


def test_self_rank_alone_or_abstaining():
    p = conformal.self_rank_p([0, 1, 1, 1], [9.0, 1.0, np.nan, 2.0], [0.5] * 4)
    np.testing.assert_array_equal(p, [1.0, 1.0, np.nan, 0.5])


def test_weighted_with_equal_weights_is_conservative(rng):
    c, s = rng.poisson(2.0, 99), rng.poisson(2.0, 40)
    p = conformal.weighted_p(c, np.full(99, 0.3), s, np.full(40, 0.3))
    np.testing.assert_allclose(p, conformal.conservative_p(c, s))


def test_weighted_repairs_a_known_shift(rng, check_level):
    """Calibration N(0, 1), test N(1, 1): the likelihood ratio is exp(x - 1/2)."""
    c, s = rng.normal(size=(NULLS, 499)), rng.normal(1.0, size=(NULLS, 1))
    judge = conformal.weighted_p
    p = np.array([judge(a, np.exp(a), b, np.exp(b))[0] for a, b in zip(c, s, strict=True)])
    check_level(p)
    with pytest.raises(AssertionError):
        check_level((1 + (c >= s).sum(axis=1)) / 500)


def test_weights_are_refused_when_negative():
    with pytest.raises(UnitError):
        conformal.weighted_p([1.0], [-1.0], [1.0], [1.0])


def test_conditional_interval_is_the_beta_law(rng):
    low, high = conformal.conditional_fpr_interval(999, 0.01)
    assert high == pytest.approx(0.0157, abs=1e-4)
    realised = rng.random((4000, 999))
    realised.partition(9, axis=1)
    inside = (realised[:, 9] > low) & (realised[:, 9] < high)
    assert np.mean(inside) == pytest.approx(0.90, abs=0.02)
    assert conformal.conditional_fpr_interval(99, 0.005) == (0.0, 0.0)
    assert conformal.conditional_fpr_interval(10, 1.0) == (1.0, 1.0)
    assert conformal.conditional_fpr_interval(99, 0.29)[0] > stats.beta.ppf(0.05, 28, 72)


@given(tied_scores, tied_scores, st.randoms(use_true_random=False))
def test_jittered_equals_its_definition(calibration, scores, random):
    u = np.array([random.random() for _ in calibration])
    v = np.array([random.random() for _ in scores])
    expected = [
        (1 + sum((c, a) >= (s, b) for c, a in zip(calibration, u, strict=True)))
        / (1 + calibration.size)
        for s, b in zip(scores, v, strict=True)
    ]
    p = conformal.jittered_p(calibration, scores, u, v)
    if calibration.size == 0:
        assert np.isnan(p).all()
        return
    np.testing.assert_allclose(p, expected)
    conservative = conformal.conservative_p(calibration, scores)
    assert np.all(p <= conservative)
    assert np.all(conformal.randomised_p(calibration, scores, v) <= conservative)


@given(tied_scores.filter(len), tied_scores, st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_order_of_units_does_not_matter(calibration, scores, random):
    u, v = np.linspace(0, 1, calibration.size), np.linspace(1, 0, scores.size)
    p = conformal.jittered_p(calibration, scores, u, v)
    a, b = list(range(calibration.size)), list(range(scores.size))
    random.shuffle(a)
    random.shuffle(b)
    np.testing.assert_array_equal(conformal.jittered_p(calibration[a], scores[b], u[a], v[b]), p[b])


@given(tied_scores.filter(len), tied_scores)
@settings(max_examples=50)
def test_larger_scores_are_more_suspicious(calibration, scores):
    u, v = np.linspace(0, 1, calibration.size), np.full(scores.size, 0.5)
    p = conformal.jittered_p(calibration, np.sort(scores), u, v)
    assert np.all(np.diff(p) <= 0)
    assert np.all((p > 0) & (p <= 1))


def test_abstentions_neither_calibrate_nor_alarm():
    p = conformal.jittered_p([1.0, np.nan, 3.0], [np.nan, 2.0, np.inf], [0.1] * 3, [0.2] * 3)
    np.testing.assert_allclose(p, [np.nan, 2 / 3, 1 / 3])
    assert np.isnan(conformal.randomised_p([1.0], [np.nan], [0.5])).all()
    assert np.isnan(conformal.weighted_p([1.0], [1.0], [np.nan], [1.0])).all()


@pytest.mark.parametrize("empty", [[], np.array([])])
def test_nothing_to_judge(empty):
    assert conformal.jittered_p([1.0], empty, [0.5], empty).size == 0
    assert conformal.conservative_p([1.0], empty).size == 0
    assert conformal.self_rank_p(empty, empty, empty).size == 0


def test_lengths_must_agree():
    with pytest.raises(UnitError):
        conformal.jittered_p([1.0, 2.0], [1.0], [0.5], [0.5])
