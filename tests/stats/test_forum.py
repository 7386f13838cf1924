"""Rules that combine members' evidence pass a simulated null; what is forbidden fails the same."""

from __future__ import annotations

import itertools
import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from stillwatch.core.errors import UnitError
from stillwatch.stats import forum

MEMBERS, LOOKS, CORRELATION, ALPHA = 3, 20, 0.36, 0.05
LIE = 1024.0
E_VALUES = st.floats(0, 1e300)


def null_paths(repeats, seed=5):
    """Return e-processes of members under the null, hit by shared shocks: (repeats, looks, M)."""
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((repeats, LOOKS, 1)) * math.sqrt(CORRELATION)
    own = rng.standard_normal((repeats, LOOKS, MEMBERS)) * math.sqrt(1 - CORRELATION)
    step = 1 / math.sqrt(LOOKS)  # the last look has log-variance 1
    return np.exp(np.cumsum(step * (shared + own) - step**2 / 2, axis=1))


@pytest.fixture(scope="module", params=[20_000, pytest.param(100_000, marks=pytest.mark.slow)])
def paths(request):
    return null_paths(request.param)


def check_e(values):
    """Fail unless the mean is at most 1, within 3 standard errors."""
    mean, error = values.mean(), values.std() / math.sqrt(values.size)
    assert mean - 3 * error <= 1.0, f"mean {mean:.3f}, standard error {error:.3f}"


def check_path(path):
    """Fail unless looking any number of times keeps the level: (repeats, looks)."""
    check_e(path[:, -1])
    crossed = int(np.sum(path.max(axis=-1) >= 1 / ALPHA))
    assert crossed <= stats.binom.ppf(1 - 1e-5, path.shape[0], ALPHA), crossed / path.shape[0]


def spoken(paths):
    """Members are silent while they have little to say."""
    return np.where(paths > 1.0, paths, np.nan)


def lied(paths):
    return np.concatenate([paths[..., :-1], np.full_like(paths[..., :1], LIE)], axis=-1)


OFFERED = {
    "mean": forum.board_mean,
    "mean of what was stated": lambda e: forum.board_mean(forum.as_counted(e)),
    "mean, fixed weights": lambda e: forum.board_mean(e, [0.5, 0.25, 0.125]),
    "mean, members silent at will": lambda e: forum.board_mean(spoken(e)),
    "two of three": lambda e: forum.at_least(e, 2),
    "two of three, one lies": lambda e: forum.at_least(lied(e), 2),
    "three of three, one lies": lambda e: forum.at_least(lied(e), 3),
    "best candidate, divided": forum.divided_by_candidates,
    "one adjusted": lambda e: forum.adjusted(e[..., 0]),
    "mean of adjusted": lambda e: forum.board_mean(
        np.stack([forum.adjusted(e[..., m], 0.3) for m in range(MEMBERS)], axis=-1)
    ),
}

FORBIDDEN = {
    "product under correlation": forum.product,
    "pairs under correlation": forum.pair_mean,
    "mean of those who spoke": lambda e: np.nan_to_num(np.nanmean(spoken(e), axis=-1)),
    "best of several detectors": lambda e: e.max(axis=-1),
    "weights after a look": lambda e: (e**2).sum(axis=-1) / e.sum(axis=-1),
    "one member twice in a product": lambda e: e[..., 0] * e[..., 0],
    "one liar twice in two of four": lambda e: forum.at_least(
        np.concatenate([lied(e), np.full_like(e[..., :1], LIE)], axis=-1), 2
    ),
    "a link as evidence": lambda e: forum.board_mean(
        np.concatenate([e[..., :2], np.full_like(e[..., :1], 100.0)], axis=-1)
    ),
    "evidence of another null": lambda e: forum.board_mean(
        np.concatenate([e[..., :2], e[..., 2:] * math.e**2], axis=-1)
    ),
}


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
@pytest.mark.parametrize("rule", sorted(OFFERED))
def test_a_rule_on_offer_keeps_its_promise(rule, paths):
    check_path(OFFERED[rule](paths))


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
@pytest.mark.parametrize("rule", sorted(FORBIDDEN))
def test_a_forbidden_rule_fails_the_same_check(rule, paths):
    with pytest.raises(AssertionError, match="mean"):
        check_e(FORBIDDEN[rule](paths)[:, -1])


def test_products_and_pairs_hold_for_independent_members(paths):
    rng = np.random.default_rng(1)
    alone = np.stack([paths[rng.permutation(len(paths)), :, m] for m in range(MEMBERS)], axis=-1)
    check_path(forum.product(alone))
    check_path(forum.pair_mean(alone))


def test_blocks_are_averaged_inside_and_multiplied_across(paths):
    """The first two share their shocks; the third is another draw."""
    apart = np.roll(paths[..., 2], 1, axis=0)
    mixed = np.stack([paths[..., 0], paths[..., 1], apart], axis=-1)
    check_path(forum.product(mixed, ["a", "a", "b"]))
    with pytest.raises(AssertionError, match="mean"):
        check_e(forum.product(mixed)[:, -1])
    assert forum.product([2.0, 4.0, 5.0], [0, 0, 1]) == 15.0


def test_one_over_p_is_no_e_value(paths):
    ranks = np.random.default_rng(2).integers(1, 1001, len(paths)) / 1000
    with pytest.raises(AssertionError, match="mean"):
        check_e(1 / ranks)


def test_the_best_look_counts_only_when_adjusted(paths):
    """Whoever knows more than the member may stop it at its best moment."""
    path = paths[..., 0]
    check_e(forum.adjusted(path)[:, -1])
    with pytest.raises(AssertionError, match="mean"):
        check_e(path.max(axis=-1))


@pytest.mark.parametrize("kappa", [0.1, 0.5, 0.9])
def test_an_adjuster_spends_what_it_has(kappa):
    # With e = exp(x) the integral of A(e) / e^2 is that of A(exp(x)) exp(-x).
    total, _ = integrate.quad(
        lambda x: float(forum.adjusted([math.exp(x)], kappa)[0]) * math.exp(-x), 0, 600, limit=400
    )
    assert total == pytest.approx(1.0)


def supported(link, others):
    pairs = zip(link, others, strict=True)
    v = [[astuple(forum.support(x, look)) for look in run] for x, run in pairs]
    return np.moveaxis(np.array(v), -1, 0)


@pytest.mark.parametrize("branch", ["not linked", "not coordinated"])
@pytest.mark.parametrize("repeats", [3000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_support_holds_whichever_part_of_its_null_is_true(branch, repeats):
    paths = null_paths(repeats, seed=8)[:, :: 4 if repeats > 3000 else 1]
    own, others = paths[..., 0], forum.as_counted(paths[..., 1:])
    link = np.full(len(paths), 100.0)
    if branch == "not linked":
        rng = np.random.default_rng(3)
        link = np.array([forum.link_e(x[0], x[1:], 0.05, 1) for x in rng.random((len(paths), 100))])
        assert link.mean() == pytest.approx(1.0, abs=0.3)
        others = np.full_like(others, LIE)
    for v in supported(link, others):
        check_path(v)
        check_path(forum.own_question(own, v))


def test_one_liar_lifts_one_kind_of_support_and_not_the_other():
    """Two others, one of whom sees nothing and says so, while the other lies."""
    others = forum.as_counted(lied(null_paths(3000, seed=9))[..., 1:])
    value, despite_liar = supported(np.full(len(others), 100.0), others)
    check_path(despite_liar)
    with pytest.raises(AssertionError, match="mean"):
        check_e(value[:, -1])


@given(st.floats(0, 1024), st.lists(st.floats(0, 1024), min_size=1, max_size=6), st.floats(0, 1024))
def test_nobody_can_take_back_what_another_stated(link, others, more):
    """A member that speaks up, with however little, lowers no support."""
    silent = forum.support(link, [*others, math.nan])
    spoke = forum.support(link, [*others, more])
    assert spoke.value >= silent.value * (1 - 1e-12)
    assert spoke.despite_liar >= silent.despite_liar * (1 - 1e-12)
    assert silent.despite_liar <= silent.value * (1 + 1e-12)


def test_own_evidence_continues_after_a_switch(paths):
    switch = 9
    at_switch = forum.own_question(paths[:, switch, 0], forum.board_mean(paths[:, switch, 1:]))
    fresh = paths[:, switch + 1 :, 0] / paths[:, switch, None, 0]
    check_path(forum.continued(at_switch, fresh))
    with pytest.raises(AssertionError, match="mean"):  # the exchanges before the switch once more
        check_e(at_switch * paths[:, -1, 0])


@pytest.mark.parametrize("k", [1, 2, 3])
def test_merged_p_values_keep_their_level(k):
    rng = np.random.default_rng(k)
    shared, own = rng.standard_normal((40_000, 1)), rng.standard_normal((40_000, MEMBERS))
    p = stats.norm.sf(0.8 * shared + 0.6 * own)
    for alpha in (0.01, 0.05, 0.2):
        hits = int(np.sum(forum.merged_p(p, k) <= alpha))
        assert hits <= stats.binom.ppf(1 - 1e-5, len(p), alpha)
    assert np.mean(p.min(axis=-1) <= 0.05) > 0.06  # the smallest as it is would not


def test_campaigns_are_listed_at_a_false_discovery_rate():
    """Half of ten campaigns are real; shocks are shared; withdrawn ones keep their place."""
    rates = []
    for path in null_paths(4000, seed=6)[:, -1]:
        e = np.concatenate([np.repeat(path, 2)[:5], [400, 90, 40, 25, np.nan]])
        chosen = forum.listed(e, ALPHA)
        rates.append(chosen[:5].sum() / max(chosen.sum(), 1))
    assert np.mean(rates) <= ALPHA
    assert forum.listed([200, np.nan], 0.01).tolist() == [True, False]
    assert forum.listed([199, np.nan], 0.01).tolist() == [False, False]


def test_worked_figures():
    """Day 11 and day 14 of the worked scenario."""
    link = forum.link_e(0.86, np.linspace(0, 0.8, 1999), 1 / 2000, 20)
    assert link == pytest.approx(100.0)
    assert forum.support(link, [16.0, math.nan]) == forum.Support(8.0, 0.0)
    assert forum.own_question(1.6, 8.0) == pytest.approx(4.8)
    assert forum.support(link, [128.0, math.nan]).value == 64.0
    assert forum.support(50.0, [128.0, math.nan]).value == 50.0
    assert forum.board_mean([128.0, math.nan, math.nan]) == pytest.approx(128 / 3)
    assert forum.at_least([128.0, 2.0, 0.0], 2) == 1.0
    assert forum.at_least([128.0, 2.0], 2) == 2.0
    assert forum.support(0.0, [LIE, LIE]).value == 0.0
    assert forum.support(LIE, [LIE, 2.0]) == forum.Support(513.0, 2.0)  # one of them may lie


def test_an_e_value_is_stated_rounded_down():
    cases = {0: None, 0.99: None, 1: 0, 1.99: 0, 2: 1, 181: 7, 1023.9: 9, 1024: 10, 1e9: 10}
    assert {e: forum.e_log2(e) for e in cases} == cases
    assert forum.e_log2(math.inf) == 10
    assert [forum.counted(x) for x in (None, 0, 7)] == [0.0, 1.0, 128.0]


@given(E_VALUES)
def test_a_stated_value_never_exceeds_the_true_one(e):
    counts = forum.counted(forum.e_log2(e))
    assert counts <= e
    assert counts > min(e, 1024) / 2 or e < 1
    assert float(forum.as_counted(e)) == counts


@given(st.floats(0, 1))
def test_a_stated_p_value_is_never_below_the_true_one(p):
    stated = forum.p_bound(p)
    assert p > 0.1 if stated is None else p <= float(stated)
    assert forum.p_bound(1e-3) == "1e-3"
    assert forum.p_bound(0) == "1e-4"


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=8))
def test_more_members_asked_for_is_less_evidence(e):
    by_r = [float(forum.at_least(e, r)) for r in range(1, len(e) + 1)]
    assert by_r[0] == pytest.approx(float(forum.board_mean(e)))
    assert by_r[-1] == min(e)
    assert all(a >= b - 1e-9 * a for a, b in itertools.pairwise(by_r))


@pytest.mark.parametrize(
    "call",
    [
        lambda: forum.board_mean([1.0, -1.0]),
        lambda: forum.board_mean([1.0, 1.0], [0.6, 0.6]),
        lambda: forum.board_mean([1.0, 1.0], [1.5, -0.5]),
        lambda: forum.at_least([1.0, 2.0], 3),
        lambda: forum.at_least([1.0, 2.0], 0),
        lambda: forum.pair_mean([1.0]),
        lambda: forum.adjusted([1.0], 1.0),
        lambda: forum.link_e(0.5, [0.1] * 9, 0.05, 1),
        lambda: forum.link_e(math.nan, [0.1] * 99, 0.05, 1),
        lambda: forum.link_e(0.5, [0.1] * 99, 0.05, 0),
        lambda: forum.counted(11),
        lambda: forum.counted(-1),
        lambda: forum.e_log2(-1.0),
        lambda: forum.e_log2(math.nan),
        lambda: forum.p_bound(1.1),
        lambda: forum.merged_p([0.1, 0.2], 3),
        lambda: forum.merged_p([1.1, 0.2]),
    ],
)
def test_what_is_out_of_range_is_refused(call):
    with pytest.raises(UnitError):
        call()
