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
