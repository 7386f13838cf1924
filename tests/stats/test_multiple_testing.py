"""Error rates over many hypotheses, by simulation, and against definitions and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stillwatch.core.errors import UnitError
from stillwatch.stats import conformal, multiple_testing

ALPHA = 0.1
RULES = {
    "benjamini_hochberg": multiple_testing.benjamini_hochberg,
    "benjamini_yekutieli": multiple_testing.benjamini_yekutieli,
    "holm": multiple_testing.holm,
}
p_lists = st.lists(st.floats(0.0, 1.0) | st.sampled_from([0.01, 0.02, 0.5]), max_size=30)


def correlated(rng, repetitions, m, correlation):
    """Standard normals with one common factor, shape (repetitions, m)."""
    common = np.sqrt(correlation) * rng.standard_normal((repetitions, 1))
    return common + np.sqrt(1 - correlation) * rng.standard_normal((repetitions, m))


def false_share(rejected, null):
    """False-discovery proportions, one for each repetition."""
    return (rejected & null).sum(axis=1) / np.maximum(rejected.sum(axis=1), 1)


def assert_at_most(proportions, bound):
    error = np.std(proportions) / np.sqrt(len(proportions))
    assert np.mean(proportions) <= bound + 4.5 * error + 1e-9


@given(p_lists)
def test_equal_scipy_and_definitions(p):
    values = np.array(p)
    for method, rule in (("bh", "benjamini_hochberg"), ("by", "benjamini_yekutieli")):
        expected = stats.false_discovery_control(values, method=method) if p else values
        np.testing.assert_allclose(RULES[rule](values), expected, atol=1e-300)
    order = np.argsort(values, kind="stable")
    adjusted, worst = np.empty(values.size), 0.0
    for step, i in enumerate(order):
        worst = max(worst, min(1.0, values[i] * (values.size - step)))
        adjusted[i] = worst
    np.testing.assert_allclose(multiple_testing.holm(values), adjusted)


@given(st.lists(st.floats(0.0, 1e6), max_size=20), st.sampled_from([0.01, 0.05, 0.2]))
def test_e_bh_equals_its_definition(e, alpha):
    m = len(e)
    ordered = sorted(e, reverse=True)
    passed = [k for k in range(1, m + 1) if ordered[k - 1] * k * alpha >= m * (1 - 1e-12)]
    expected = np.array([v >= ordered[passed[-1] - 1] if passed else False for v in e], dtype=bool)
    mask = multiple_testing.e_bh_q(e) <= alpha * (1 + 1e-9)
    np.testing.assert_array_equal(mask, expected)


def test_e_bh_by_hand():
    mask = multiple_testing.e_bh([50.0, 25.0, 1.0, 0.0], 0.1)
    np.testing.assert_array_equal(mask, [True, True, False, False])
    np.testing.assert_allclose(multiple_testing.e_bh_q([50.0, 25.0, 1.0, 0.0])[:2], 0.08)


@pytest.mark.parametrize("rule", sorted(RULES))
@given(p=p_lists, seed=st.integers(0, 999))
@settings(max_examples=40)
def test_adjusted_values_are_sane(rule, p, seed):
    values = np.array(p)
    adjusted = RULES[rule](values)
    assert np.all((adjusted >= np.minimum(values, 1)) & (adjusted <= 1))
    order = np.random.default_rng(seed).permutation(values.size)
    np.testing.assert_array_equal(RULES[rule](values[order]), adjusted[order])
    assert np.all(np.diff(adjusted[np.argsort(values)]) >= 0)
    with_gaps = np.concatenate((values, [np.nan, np.nan]))
    np.testing.assert_array_equal(RULES[rule](with_gaps)[: values.size], adjusted)
    assert np.isnan(RULES[rule](with_gaps)[values.size :]).all()


@pytest.mark.parametrize("tied", [False, True])
def test_bh_on_conformal_p_values_of_one_calibration_set(rng, tied):
    """They are dependent, yet the rate stays at alpha m0 / m (Bates et al. 2023)."""
    m, nulls = 50, 40
    null = np.arange(m) < nulls
    rejected = np.empty((2000, m), dtype=bool)
    for repetition in range(2000):
        scores = rng.normal(np.repeat([0.0, 0.0, 3.0], [199, nulls, m - nulls]))
        if tied:
            scores = np.floor(2 * scores)
        ties = rng.random(scores.size)
        p = conformal.jittered_p(scores[:199], scores[199:], ties[:199], ties[199:])
        rejected[repetition] = multiple_testing.benjamini_hochberg(p) <= ALPHA
    share = false_share(rejected, null)
    assert_at_most(share, ALPHA * nulls / m)
    assert share.mean() > 0.06
    assert rejected[:, ~null].mean() > 0.5


@pytest.mark.parametrize("correlation", [0.0, 0.7])
def test_rates_under_positive_dependence(rng, correlation):
    m, nulls = 40, 30
    null = np.arange(m) < nulls
    z = correlated(rng, 2000, m, correlation) + np.where(null, 0.0, 3.0)
    p = stats.norm.sf(z)
    # exp(lambda z - lambda^2 / 2) has mean one under the null.
    e = np.exp(3.0 * z - 4.5)
    for rule in RULES.values():
        rejected = np.array([rule(row) for row in p]) <= ALPHA
        assert_at_most(false_share(rejected, null), ALPHA * nulls / m)
    family_wise = (np.array([multiple_testing.holm(row) for row in p]) <= ALPHA)[:, null].any(
        axis=1
    )
    assert_at_most(family_wise, ALPHA)
    rejected = np.array([multiple_testing.e_bh(row, ALPHA) for row in e])
    assert_at_most(false_share(rejected, null), ALPHA * nulls / m)
    assert rejected[:, ~null].any()


def test_wrong_form_bh_under_any_dependence_fails(rng):
    """Uniform p-values that always touch the step-up line: the rate is alpha (1 + ... + 1/m).

    With chance alpha / k, k random hypotheses fall into ((k - 1) alpha / m, k alpha / m].
    """
    m, alpha = 20, 0.05
    everyone = np.ones(m, dtype=bool)
    chance = alpha / np.arange(1, m + 1)
    sizes = rng.choice(m + 1, 5000, p=np.append(1 - chance.sum(), chance))
    p = rng.uniform(alpha, 1, (sizes.size, m))
    chosen = rng.permuted(np.tile(np.arange(m), (sizes.size, 1)), axis=1) < sizes[:, None]
    low = np.maximum(sizes - 1, 0)[:, None] * alpha / m
    p = np.where(chosen, low + rng.random(p.shape) * alpha / m, p)
    assert stats.kstest(p[:, 0], "uniform").pvalue > 1e-4
    bh, by = (
        np.array([RULES[f"benjamini_{name}"](row) for row in p]) <= alpha
        for name in ("hochberg", "yekutieli")
    )
    with pytest.raises(AssertionError):
        assert_at_most(false_share(bh, everyone), alpha)
    assert_at_most(false_share(by, everyone), alpha)
    e_bh = np.array([multiple_testing.e_bh(row, alpha) for row in 0.5 / np.sqrt(p)])
    assert_at_most(false_share(e_bh, everyone), alpha)


MIXTURES = {
    "both null": (1.0, 0.0, 0.0),
    "primary null": (0.0, 1.0, 0.0),
    "follow-up null": (0.0, 0.0, 1.0),
    "halves": (0.0, 0.5, 0.5),
    "thirds": (0.3, 0.3, 0.2),
    "mostly null": (0.8, 0.1, 0.05),
}


def two_studies(rng, mixture, correlation, repetitions=1500, m=40):
    """p-values of two studies and where a null holds; the rest have both signals."""
    counts = np.round(np.array(mixture) * m).astype(int)
    kind = np.repeat(np.arange(4), [*counts, m - counts.sum()])
    primary = correlated(rng, repetitions, m, correlation) + np.where(np.isin(kind, (2, 3)), 4, 0)
    follow = correlated(rng, repetitions, m, correlation) + np.where(np.isin(kind, (1, 3)), 4, 0)
    return stats.norm.sf(primary), stats.norm.sf(follow), kind < 3


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("mixture", sorted(MIXTURES))
def test_replicability_keeps_its_rate(rng, mixture, correlation):
    primary, follow, null = two_studies(rng, MIXTURES[mixture], correlation)
    q = np.array(
        [multiple_testing.replicability_q(*pair) for pair in zip(primary, follow, strict=True)]
    )
    for alpha in (0.05, 0.1, 0.2):
        assert_at_most(false_share(q <= alpha, null), alpha)
    if not null.all():
        assert (q <= ALPHA)[:, ~null].mean() > 0.6


def test_replicability_with_studies_correlated_within_a_candidate(rng):
    """Outside the theorem: one candidate's two p-values share half their variance."""
    m = 40
    null = np.arange(m) < 30
    shared = rng.standard_normal((2500, m))
    first, second = (np.sqrt(0.5) * (shared + rng.standard_normal((2500, m))) for _ in range(2))
    shift = np.where(null, 0.0, 4.0)
    p, r = stats.norm.sf(first + shift), stats.norm.sf(second + shift)
    q = np.array([multiple_testing.replicability_q(*pair) for pair in zip(p, r, strict=True)])
    assert_at_most(false_share(q <= ALPHA, null), ALPHA)


def rate_of(wrong, primary, follow, null):
    q = np.array([wrong(*pair) for pair in zip(primary, follow, strict=True)])
    return false_share(q <= ALPHA, null)


def test_wrong_form_combining_the_two_nulls_fails(rng):
    """Fisher's combination answers "is either null false", which is another question."""
    primary, follow, null = two_studies(rng, MIXTURES["halves"], 0.0)

    def fisher(p, r):
        return multiple_testing.benjamini_hochberg(stats.chi2.sf(-2 * np.log(p * r), 4))

    with pytest.raises(AssertionError):
        assert_at_most(rate_of(fisher, primary, follow, null), ALPHA)


def test_wrong_form_forgetting_the_unselected_fails(rng):
    """Selecting on the primary p-values and then counting only the selected ones."""
    primary, follow, null = two_studies(rng, MIXTURES["primary null"], 0.0, m=200)

    def forget(p, r):
        selected = p <= 0.05
        return multiple_testing.benjamini_hochberg(np.where(selected, np.maximum(p, r), np.nan))

    with pytest.raises(AssertionError):
        assert_at_most(rate_of(forget, primary, follow, null), ALPHA)


@given(
    st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)), max_size=20),
    st.sampled_from([0.05, 0.3, 1.0]),
    st.sampled_from([0.05, 0.2]),
)
def test_replicability_equals_the_procedure(pairs, threshold, alpha):
    """The published form: the largest r with r pairs below (r alpha / 2m, r alpha / 2R)."""
    p, r = np.array(pairs).reshape(-1, 2).T
    selected = p <= threshold
    m, size = p.size, selected.sum()
    largest = 0
    for k in range(1, int(size) + 1):
        below = selected & (p <= k * alpha / (2 * m)) & (r <= k * alpha / (2 * size))
        if below.sum() >= k:
            largest = k
    rejected = np.zeros(m, dtype=bool)
    if largest:
        rejected = selected & (p <= largest * alpha / (2 * m)) & (r <= largest * alpha / (2 * size))
    np.testing.assert_array_equal(
        multiple_testing.replicability_q(p, r, threshold) <= alpha, rejected
    )


def test_replicability_abstentions():
    q = multiple_testing.replicability_q([0.001, np.nan, 0.01, 0.9], [0.001, 0.001, np.nan, 0.001])
    np.testing.assert_allclose(q, [0.006, np.nan, np.nan, 1.0])
    alone = multiple_testing.replicability_q([0.001, np.nan], [0.001, np.nan])
    np.testing.assert_allclose(alone, [0.002, np.nan])
    assert multiple_testing.replicability_q([], []).size == 0


def test_replicability_counts_groups_not_hypotheses(rng):
    """Fifty claims about one group make no room for a false claim about another."""
    rounds, pieces, nulls = 2000, 50, 20
    labels = np.r_[np.zeros(pieces, dtype=int), np.arange(1, nulls + 1)]
    first = np.full((rounds, pieces + nulls), 1e-7)
    second = np.concatenate([np.full((rounds, pieces), 1e-7), rng.random((rounds, nulls))], axis=1)
    false = {True: [], False: []}
    for one, other in zip(first, second, strict=True):
        for by_group, shares in false.items():
            q = multiple_testing.replicability_q(
                one, other, 0.05, 1.0, labels if by_group else None
            )
            claimed = labels[q <= ALPHA]
            wrong = np.unique(claimed[claimed > 0]).size
            shares.append(wrong / max(np.unique(claimed).size, 1))
    assert np.mean(false[True]) <= ALPHA + 3 * np.std(false[True]) / np.sqrt(rounds)
    assert np.mean(false[False]) > 2 * ALPHA, "the wrong form fails"


@given(
    st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)), max_size=20),
    st.floats(0.05, 0.95),
)
def test_replicability_by_groups_never_claims_more(pairs, share):
    p, r = np.array(pairs).reshape(-1, 2).T
    single = multiple_testing.replicability_q(p, r, share=share)
    together = multiple_testing.replicability_q(p, r, groups=np.zeros(p.size), share=share)
    assert np.all(together >= single)


def test_replicability_keeps_its_rate_whatever_the_share(rng):
    primary, follow, null = two_studies(rng, MIXTURES["halves"], 0.0)
    for share in (0.2, 0.8):
        q = np.array(
            [
                multiple_testing.replicability_q(one, other, share=share)
                for one, other in zip(primary, follow, strict=True)
            ]
        )
        assert_at_most(false_share(q <= ALPHA, null), ALPHA)


def test_faulty_input_is_refused():
    for call in (
        lambda: multiple_testing.replicability_q([0.1], [0.1, 0.2]),
        lambda: multiple_testing.benjamini_hochberg([[0.1]]),
        lambda: multiple_testing.holm([-0.1]),
    ):
        with pytest.raises(UnitError):
            call()


@pytest.mark.parametrize("mixture", ["primary null", "follow-up null", "halves", "thirds"])
def test_replicability_keeps_its_rate_with_weights_from_the_other_study(rng, mixture):
    """Each study's weights depend on the other's selection and on sizes drawn beforehand."""
    primary, follow, null = two_studies(rng, MIXTURES[mixture], 0.0)
    sizes = np.exp(rng.normal(0.0, 1.5, primary.shape[1]))
    q = np.array(
        [
            multiple_testing.replicability_q(
                one,
                other,
                0.05,
                0.3,
                share=0.2,
                weights=(np.where(other <= 0.3, sizes, 1.0), np.where(one <= 0.05, sizes, 1.0)),
            )
            for one, other in zip(primary, follow, strict=True)
        ]
    )
    for alpha in (0.05, 0.2):
        assert_at_most(false_share(q <= alpha, null), alpha)


def test_wrong_form_weights_from_the_same_study_fail(rng):
    """Whoever weighs by the p-value that is then tested has tested it twice."""
    rows = rng.random((3000, 30))
    one = np.full(30, 1e-9)

    def q_of(other):
        weights = (np.ones(30), 1.0 / other)
        return multiple_testing.replicability_q(one, other, weights=weights)

    false = np.array([np.any(q_of(other) <= ALPHA) for other in rows])
    assert false.mean() > 2 * ALPHA


def test_equal_weights_change_nothing(rng):
    one, other = rng.random((2, 50)) ** 4
    plain = multiple_testing.replicability_q(one, other)
    alike = multiple_testing.replicability_q(one, other, weights=(np.full(50, 3.0), np.full(50, 7)))
    np.testing.assert_allclose(alike, plain)
