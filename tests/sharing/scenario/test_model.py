"""The assumed world is what it says: a martingale without a campaign, stated growth with one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from stillwatch.sharing.scenario.model import WORLDS, Assumptions, draw

RUNS = 2000


@pytest.fixture(scope="module")
def assumed() -> Assumptions:
    return Assumptions(controls=19, link_level=0.05, campaigns=1)


def test_the_same_seed_gives_the_same_run(assumed: Assumptions) -> None:
    one, again, other = (draw(WORLDS["campaign"], assumed, seed) for seed in (3, 3, 4))
    assert np.array_equal(one.growth, again.growth)
    assert one.links == again.links
    assert not np.array_equal(one.growth, other.growth)


def test_without_a_campaign_e_is_a_martingale(assumed: Assumptions) -> None:
    paths = np.exp(
        np.stack(
            [np.cumsum(draw(WORLDS["no campaign"], assumed, s).growth[:4], 0) for s in range(RUNS)]
        )
    )
    for member in range(3):
        last = paths[:, -1, member]
        assert abs(last.mean() - 1) <= 4 * last.std() / RUNS**0.5
        crossed = int(np.sum(paths[:, :, member].max(axis=1) >= 20))
        assert crossed <= stats.binom.ppf(1 - 1e-5, RUNS, 0.05)


def test_with_one_it_grows_as_stated_and_shocks_are_shared(assumed: Assumptions) -> None:
    growth = np.stack([draw(WORLDS["campaign"], assumed, s).growth for s in range(RUNS)])
    means = growth.mean(axis=1)
    error = means.std(axis=0) / RUNS**0.5
    assert np.all(np.abs(means.mean(axis=0) - [0.65, 0.15, 0.0]) <= 4 * error + 1e-12)
    within = growth[:, :, :2] - growth[:, :, :2].mean(axis=1, keepdims=True)
    measured = np.corrcoef(within.reshape(-1, 2), rowvar=False)[0, 1]
    assert measured == pytest.approx(assumed.correlation, abs=0.02)


def test_links_by_chance_have_mean_one(assumed: Assumptions) -> None:
    links = np.array([draw(WORLDS["no campaign"], assumed, s).links for s in range(RUNS)])
    assert abs(links.mean() - 1) <= 4 * links.std() / links.size**0.5
    real = np.array([draw(WORLDS["campaign"], Assumptions(), s).links for s in range(50)])
    assert np.mean(real == 100.0) > 0.9
