"""Many runs: the goals of the scenario, and worlds in which a broken rule would show."""

from __future__ import annotations

import pytest
from scipy import stats

from stillwatch.sharing.scenario.model import WORLDS, Assumptions
from stillwatch.sharing.scenario.outcomes import effect, harm, median, rate

ASSUMED = Assumptions()
SEEDS = [120, pytest.param(1000, marks=pytest.mark.slow)]


def within(share: float, runs: int, bound: float) -> bool:
    return round(share * runs) <= stats.binom.ppf(1 - 1e-5, runs, bound)


@pytest.mark.parametrize("runs", SEEDS)
def test_together_detects_sooner_and_leaks_less(runs: int) -> None:
    found = effect(WORLDS["campaign"], ASSUMED, range(runs))
    _, b, c = found.detected_together
    assert b.value < found.detected_alone[1].value
    assert c.value < found.detected_alone[2].value == ASSUMED.days
    assert found.total_together.high < found.total_alone.low
    assert found.ratio.high < 0.85
    assert found.worse.value < 0.2


@pytest.mark.parametrize("runs", SEEDS)
@pytest.mark.parametrize("world", ["no campaign", "liar, popular template", "shared proxy"])
def test_innocents_are_acted_on_within_the_nominal_rate(world: str, runs: int) -> None:
    found = harm(WORLDS[world], ASSUMED, range(runs))
    assert within(found.acted.value, 2 * runs, 0.05)
    assert within(found.irreversible.value, 2 * runs, 0.01)
    assert within(found.corroborated.value, runs, 0.05)
    if world == "shared proxy":
        assert found.through_others.value == 0


@pytest.mark.parametrize("runs", SEEDS)
def test_one_liar_corroborates_nothing(runs: int) -> None:
    found = harm(WORLDS["liar"], ASSUMED, range(runs))
    assert within(found.corroborated.value, runs, 0.05)
    assert within(found.irreversible.value, 2 * runs, 0.01)
    assert found.through_others.value > 0.9  # what one contributor may bring about, and only that


def test_the_rule_on_link_families_is_what_protects_innocents() -> None:
    found = harm(WORLDS["shared proxy, taken for an operator"], ASSUMED, range(60))
    assert found.through_others.value > 0.5


def test_intervals() -> None:
    one = median([5.0, 1.0, 3.0])
    assert (one.value, one.low, one.high) == (3.0, 1.0, 5.0)
    hundred = median([float(n) for n in range(1, 101)])
    assert (hundred.value, hundred.low, hundred.high) == (50.5, 40.0, 61.0)
    none = rate([False] * 100)
    assert none.value == none.low == 0
    assert none.high == pytest.approx(0.0362, abs=1e-4)
