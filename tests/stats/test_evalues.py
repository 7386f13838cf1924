"""E-values: mean at most 1 by enumeration, Ville by simulation, and what must not be multiplied."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from stillwatch.core.errors import UnitError
from stillwatch.stats import conformal, evalues

ALPHA, RATE = 0.05, 0.25
BAR = math.log(1 / ALPHA)
CALIBRATORS = {
    "power": evalues.power_calibrator,
    "power 0.2": lambda p: evalues.power_calibrator(p, 0.2),
    "mixture": evalues.mixture_calibrator,
    "shafer": evalues.shafer_calibrator,
}
PROCESSES = {
    "likelihood": lambda x: evalues.likelihood_mixture(x, RATE, [0.3, 0.5, 0.9], [0.5, 0.3, 0.2]),
    "beta": lambda x: evalues.beta_mixture(x, RATE),
    "beta two-sided": lambda x: evalues.beta_mixture(x, RATE, 0.5, 0.5, one_sided=False),
    "betting": lambda x: evalues.betting(x, RATE),
}
ONE_SIDED = ("likelihood", "beta", "betting")


@pytest.fixture(scope="module")
def null_paths():
    return np.random.default_rng(11).random((4000, 300)) < RATE


def crossings(log_e):
    return float(np.mean(log_e.max(axis=-1) >= BAR))


def assert_ville(log_e, alpha=ALPHA):
    crossed = int(np.sum(log_e.max(axis=-1) >= math.log(1 / alpha)))
    assert crossed <= stats.binom.ppf(1 - 1e-5, log_e.shape[0], alpha)


@pytest.mark.parametrize("name", sorted(CALIBRATORS))
def test_calibrators_integrate_to_one(name):
    # With p = exp(-x) the integral is smooth; the part below 1e-9 is left out.
    total, _ = integrate.quad(
        lambda x: float(CALIBRATORS[name](math.exp(-x))) * math.exp(-x), 0, 200, limit=500
    )
    assert total <= 1 + 1e-8
    assert total > 0.9


@pytest.mark.parametrize("name", sorted(CALIBRATORS))
@pytest.mark.parametrize("n", [1, 19, 99, 999])
def test_calibrated_conformal_p_has_mean_below_one(name, n):
    e = CALIBRATORS[name](np.arange(1, n + 2) / (n + 1))
    assert e.mean() <= 1


def test_quoted_calibrator_figures():
    grid = np.arange(1, 101) / 100
    assert evalues.power_calibrator(grid).mean() == pytest.approx(0.93, abs=0.005)
    assert evalues.power_calibrator(1e-4) == pytest.approx(50)
    assert evalues.mixture_calibrator(1e-4) == pytest.approx(118, abs=0.5)
    assert evalues.mixture_calibrator(1.0) == 0.5
    assert evalues.shafer_calibrator(1.0) == 0.0


def test_wrong_form_p_of_zero_breaks_every_calibrator():
    """#{>=} / n is 0 once in n + 1 times, and then the evidence is infinite."""
    wrong = np.arange(100) / 99
    for calibrator in CALIBRATORS.values():
        assert calibrator(wrong).mean() == math.inf


@pytest.mark.parametrize("name", sorted(CALIBRATORS))
@given(p=st.lists(st.floats(0.0, 1.0), min_size=1))
def test_calibrators_decrease(name, p):
    e = CALIBRATORS[name](np.sort(p))
    assert np.all(e >= 0)
    assert np.all(e[1:] <= e[:-1] * (1 + 1e-7))


def test_calibrators_abstain_and_refuse():
    for calibrator in CALIBRATORS.values():
        assert np.isnan(calibrator([np.nan]))[0]
        assert calibrator([]).size == 0
        for p in (-0.1, 1.1):
            with pytest.raises(UnitError):
                calibrator([p])
    with pytest.raises(UnitError):
        evalues.power_calibrator([0.5], 1.0)


@given(st.floats(0.0, 1e300))
def test_e_to_p_is_markov(e):
    assert evalues.e_to_p(e) == min(1.0, 1 / e if e else 1.0)


def test_average_of_dependent_e_values_keeps_its_mean(rng):
    p = rng.random(200_000)
    e = np.stack((evalues.power_calibrator(p, 0.7), evalues.power_calibrator(1 - p, 0.7)), axis=-1)
    mean = evalues.weighted_average(e, [3, 1])
    assert mean.mean() == pytest.approx(1.0, abs=0.02)
    np.testing.assert_allclose(evalues.weighted_average([4.0, np.nan], [1, 1]), 2.5)
    np.testing.assert_allclose(evalues.weighted_average([4.0, np.inf], [1, 0]), 4.0)
    for weights in ([-1, 2], [0, 0], [np.nan, 1]):
        with pytest.raises(UnitError):
            evalues.weighted_average([1.0, 1.0], weights)


def test_wrong_form_product_of_dependent_e_values_fails(rng):
    """The extreme case: five copies of one e-value."""
    e = evalues.power_calibrator(rng.random(50_000))
    assert np.mean(evalues.weighted_average(np.stack([e] * 5, axis=-1), np.ones(5)) >= 20) < ALPHA
    assert np.mean(e**5 >= 20) > ALPHA


@pytest.mark.parametrize("name", sorted(PROCESSES))
@pytest.mark.parametrize("steps", [1, 5, 12])
def test_mean_is_one_over_all_paths(name, steps):
    paths = np.array(list(itertools.product((0, 1), repeat=steps)))
    e = np.exp(PROCESSES[name](paths))
    for rate in (RATE, 0.2, 0.05):
        chance = np.prod(np.where(paths == 1, rate, 1 - rate), axis=1)
        for t in range(steps):
            mean = float(chance @ e[:, t])
            if rate == RATE:
                assert mean == pytest.approx(1.0, abs=1e-9)
            elif name in ONE_SIDED:
                assert mean <= 1 + 1e-9


def test_betting_mean_is_one_over_three_valued_paths():
    support, chance = np.array([0.0, 0.3, 1.0]), np.array([0.5, 0.3, 0.2])
    index = np.array(list(itertools.product(range(3), repeat=8)))
    mean = float(support @ chance)
    total = np.prod(chance[index], axis=1) @ np.exp(evalues.betting(support[index], mean))
    np.testing.assert_allclose(total, 1.0)


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_ville(name, null_paths):
    log_e = PROCESSES[name](null_paths)
    for alpha in (0.001, 0.01, 0.05, 0.1):
        assert_ville(log_e, alpha)
    assert crossings(log_e) > 0.005
    p = evalues.anytime_p(log_e)
    assert np.all(np.diff(p, axis=1) <= 0)
    np.testing.assert_allclose(np.mean(p[:, -1] <= ALPHA * (1 + 1e-12)), crossings(log_e))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_ville_over_long_paths(name, rng):
    assert_ville(PROCESSES[name](rng.random((4000, 2000)) < RATE))


@pytest.mark.parametrize("name", ONE_SIDED)
def test_ville_below_the_boundary(name, rng):
    assert_ville(PROCESSES[name](rng.random((2000, 200)) < 0.2))


def test_two_sided_mixture_is_not_for_the_one_sided_null(rng):
    log_e = PROCESSES["beta two-sided"](rng.random((500, 1000)) < 0.1)
    with pytest.raises(AssertionError):
        assert_ville(log_e)


def test_wrong_form_peeking_at_a_fixed_n_p_value_fails(null_paths):
    """A binomial test looked at 96 times."""
    looks = np.linspace(14, 299, 96).astype(int)
    counts = np.cumsum(null_paths, axis=1)[:, looks]
    p = stats.binom.sf(counts - 1, looks + 1, RATE)
    false_alarms = np.mean(p.min(axis=1) <= ALPHA)
    assert false_alarms > 0.15
    with pytest.raises(AssertionError):
        assert_ville(-np.log(p))


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_power_grows_with_the_signal(name, rng):
    power = [
        crossings(PROCESSES[name](rng.random((100, 700)) < q)) for q in (0.25, 0.28, 0.32, 0.4)
    ]
    assert power == sorted(power)
    assert power[-1] > 0.99


def test_betting_power_quoted(rng):
    assert crossings(evalues.betting(rng.random((400, 2000)) < 0.30, 0.25)) > 0.9


def smoothed_p(scores, calibration, uniforms):
    """Smoothed conformal p-values of the last score of each row."""
    above = (calibration > scores[:, None]).sum(axis=1)
    return (above + uniforms) / (calibration.shape[1] + 1)


def gambler(p, densities):
    """log E_t of a gambler who multiplies calibrated p-values, his capital split over the bets."""
    paths = [evalues.sequential_product(density(p)) for density in densities]
    return np.logaddexp.reduce(paths) - math.log(len(paths))


GAMBLERS = {
    "powers": [lambda p, k=k: evalues.power_calibrator(p, k) for k in (0.7, 0.8, 0.9, 0.97)],
    "beta densities": [stats.beta(a, b).pdf for a in (0.7, 1, 1.4) for b in (0.7, 1, 1.4)],
}


def test_wrong_form_multiplying_over_a_shared_calibration_set_fails(rng):
    """600 p-values against one calibration set of 50, and against one that grows."""
    runs, steps, n = 400, 600, 50
    scores, uniforms = rng.standard_normal((runs, n + steps)), rng.random((runs, steps))
    fixed = np.stack(
        [conformal.randomised_p(s[:n], s[n:], u) for s, u in zip(scores, uniforms, strict=True)]
    )
    online = np.stack(
        [smoothed_p(scores[:, n + t], scores[:, : n + t], uniforms[:, t]) for t in range(steps)],
        axis=1,
    )
    for densities in GAMBLERS.values():
        with pytest.raises(AssertionError):
            assert_ville(gambler(fixed, densities))
        assert_ville(gambler(online, densities))
    assert crossings(gambler(fixed, GAMBLERS["beta densities"])) > 0.4
    # Averages survive: at any one time the mean over units has mean at most 1.
    average = evalues.weighted_average(evalues.power_calibrator(fixed), np.ones(steps))
    assert np.mean(average >= 1 / ALPHA) <= ALPHA


def log_ratio(x, low=0.2, high=0.4):
    return np.where(x, math.log(high / low), math.log((1 - high) / (1 - low)))


def mean_time_to_alarm(log_path, bar):
    alarmed = log_path >= math.log(bar)
    first = np.where(alarmed.any(axis=1), alarmed.argmax(axis=1) + 1, log_path.shape[1])
    return float(first.mean())


def test_change_detectors_keep_the_mean_time_to_a_false_alarm(rng):
    quiet = log_ratio(rng.random((3000, 1500)) < 0.2)
    for bar in (20, 100):
        shiryaev = mean_time_to_alarm(evalues.shiryaev_roberts(quiet), bar)
        cusum = mean_time_to_alarm(evalues.cusum(quiet), bar)
        assert bar <= shiryaev <= cusum
    changed = log_ratio(rng.random((300, 500)) < 0.4)
    assert mean_time_to_alarm(evalues.cusum(changed), 100) < 60


def test_shiryaev_roberts_mean_is_time():
    """E[R_t] = t exactly, summed over all paths; CUSUM never exceeds it."""
    paths = np.array(list(itertools.product((0, 1), repeat=10)))
    chance = np.prod(np.where(paths == 1, 0.2, 0.8), axis=1)
    shiryaev = np.exp(evalues.shiryaev_roberts(log_ratio(paths == 1)))
    np.testing.assert_allclose(chance @ shiryaev, np.arange(1, 11))
    assert np.all(np.exp(evalues.cusum(log_ratio(paths == 1))) <= shiryaev * (1 + 1e-12))


def test_detectors_survive_an_impossible_observation():
    path = evalues.shiryaev_roberts([0.0, -math.inf, 0.0])
    np.testing.assert_allclose(np.exp(path), [1.0, 0.0, 1.0])


@given(st.lists(st.booleans(), max_size=30))
def test_processes_do_not_look_ahead(hits):
    x = np.array(hits, dtype=float)
    for process in PROCESSES.values():
        whole = process(x)
        assert whole.shape == x.shape
        assert np.all(np.isfinite(whole))
        np.testing.assert_allclose(process(x[: len(hits) // 2]), whole[: len(hits) // 2])


def test_faulty_input_is_refused():
    for call in (
        lambda: evalues.likelihood_mixture([0.5], 0.2, [0.5], [1.0]),
        lambda: evalues.likelihood_mixture([1], 0.2, [0.1], [1.0]),
        lambda: evalues.likelihood_mixture([1], 0.2, [0.5], [0.7]),
        lambda: evalues.beta_mixture([1], 1.0),
        lambda: evalues.betting([1.5], 0.5),
        lambda: evalues.betting([0.5], 0.5, caution=0.9),
        lambda: evalues.e_to_p(-1.0),
    ):
        with pytest.raises(UnitError):
            call()
