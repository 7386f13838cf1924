"""What is shared by chance: busy parties share much, and that is no evidence."""

from __future__ import annotations

import numpy as np
import pytest
from tests.campaigns.conftest import GraphMaker

from stillwatch.campaigns.coordination import Population
from stillwatch.campaigns.graph import FamilyGraph
from stillwatch.stats.permutation import monte_carlo_p

PARTIES = 400


def drawn(make_graph: GraphMaker, seed: int) -> FamilyGraph:
    """Every party draws minutes to be active in, a few parties a hundred times as many."""
    rng = np.random.default_rng(seed)
    busy = np.minimum(rng.pareto(1.0, PARTIES) + 1.0, 100.0)
    popular = rng.uniform(0.5, 1.5, 1500)
    touches = rng.random((1500, PARTIES)) < 1.0 - np.exp(-0.003 * np.outer(popular, busy))
    keys = {k: np.flatnonzero(row).tolist() for k, row in enumerate(touches) if row.sum() > 1}
    return make_graph("timing", keys, PARTIES)


def test_chance_is_what_random_groups_share(make_graph: GraphMaker) -> None:
    graph = drawn(make_graph, 1)
    rng = np.random.default_rng(2)
    groups = np.array([rng.choice(PARTIES, 20, replace=False) for _ in range(4000)])
    assert graph.chance.of(groups).mean() == pytest.approx(graph.sharing(groups).mean(), rel=0.15)


def test_the_busy_are_not_coordinated_and_the_plain_sum_says_they_are(
    make_graph: GraphMaker,
) -> None:
    """Groups of the busiest, drawn against anybody: nothing was planted."""
    rng = np.random.default_rng(3)
    population = Population((np.zeros(PARTIES, dtype=np.int64),))
    p: dict[str, list[float]] = {"excess": [], "sharing": []}
    for seed in range(60):
        graph = drawn(make_graph, 100 + seed)
        degree = np.bincount(graph.party, minlength=PARTIES)
        group = np.sort(rng.choice(np.argsort(-degree)[:60], 12, replace=False))
        draw = population.like(group)
        for name, found in p.items():
            statistic = getattr(graph, name)
            observed = float(statistic(group[None, :])[0])
            found.append(
                monte_carlo_p(
                    observed,
                    lambda generator, k, of=statistic, like=draw: of(like(generator, k)),
                    rng,
                    max_draws=99,
                    exceedances=10,
                ).p
            )
    assert np.mean(np.array(p["excess"]) <= 0.05) <= 0.1
    assert np.mean(np.array(p["sharing"]) <= 0.05) >= 0.9


def test_planted_sharing_among_the_busy_is_still_found(make_graph: GraphMaker) -> None:
    rng = np.random.default_rng(4)
    keys = {k: rng.choice(PARTIES, 20, replace=False).tolist() for k in range(100)}
    group = np.sort(rng.choice(PARTIES, 12, replace=False))
    keys |= {1000 + i: group[i : i + 2].tolist() for i in range(11)}
    graph = make_graph("network", keys, PARTIES)
    others = np.array([rng.choice(PARTIES, 12, replace=False) for _ in range(999)])
    assert graph.excess(group[None, :])[0] > graph.excess(others).max()
