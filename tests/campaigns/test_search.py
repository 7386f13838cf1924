"""The search: leaving out tests that cannot matter changes no q-value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.campaigns.conftest import GraphMaker, SceneMaker

from stillwatch.campaigns import search
from stillwatch.campaigns.scene import Scene
from stillwatch.campaigns.search import Search
from stillwatch.core.records import Family

PARTIES = 300
GROUPS = {k: list(range(15 * k, 15 * k + 15)) for k in range(8)}
FAMILIES: tuple[Family, ...] = ("content", "network")


def scene(make_graph: GraphMaker, make_scene: SceneMaker, harvesting: int) -> Scene:
    """Eight coordinated groups, each on keys of both families; some of them harvest."""
    network = {3 * k + i: users[i::2] for k, users in GROUPS.items() for i in range(2)}
    keys = {"content": GROUPS, "network": network}
    graphs = {family: make_graph(family, keys[family], PARTIES) for family in FAMILIES}
    scores = np.random.default_rng(2).random(PARTIES)
    scores[: 15 * harvesting] += 2.0
    return make_scene(graphs, scores.tolist(), benign=np.linspace(0, 1, 5000).tolist())


def test_where_nobody_extracts_nothing_is_drawn(
    make_graph: GraphMaker, make_scene: SceneMaker
) -> None:
    found, _ = Search().run(scene(make_graph, make_scene, harvesting=0), 0)
    assert len(found) >= len(GROUPS)
    assert all(item.coordination == search.UNTESTED for item in found)
    assert not any(item.q_value <= 1.0 for item in found)


def test_q_values_are_those_of_testing_everybody(
    make_graph: GraphMaker, make_scene: SceneMaker
) -> None:
    """The coordinated groups that do not extract are counted, thoroughly tested or not."""
    traffic = scene(make_graph, make_scene, harvesting=2)
    found, _ = Search().run(traffic, 0)
    assert sum(item.q_value < 0.05 for item in found) >= 2
    assert all(item.coordination.tests for item in found)
    same = replace(Search(), screen=Search().test)
    again, _ = same.run(traffic, 0)
    assert [item.q_value for item in found] == [item.q_value for item in again]


def test_a_few_colleagues_make_no_campaign_of_a_popular_template(
    make_graph: GraphMaker, make_scene: SceneMaker
) -> None:
    """60 parties send a template; in one world five pairs share an address, in one nearly all."""
    users = list(range(60))
    scores = [3.0 if party < 60 else 0.1 for party in range(PARTIES)]
    pairs = {10 + i: users[3 * i : 3 * i + 3] for i in range(3)}
    many = {10 + i: users[6 * i : 6 * i + 6] for i in range(10)}
    found = {}
    for name, network in (("pairs", pairs), ("many", many)):
        others = {100 + i: list(range(60 + 2 * i, 62 + 2 * i)) for i in range(100)}
        graphs = {
            "content": make_graph("content", {1: users}, PARTIES),
            "network": make_graph("network", network | others, PARTIES),
        }
        traffic = make_scene(graphs, scores, benign=[0.5] * 5000)
        tested, _ = Search().run(traffic, 0)
        found[name] = next(item for item in tested if item.candidate.parties.size == 60)
    assert found["pairs"].coordination.p_value <= search.COORDINATED
    assert [found[name].apart for name in ("pairs", "many")] == ["loose", ""]
    assert found["many"].q_value <= 0.01
