"""First null: levels hold for groups that nothing chose, and planted sharing falls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.campaigns.conftest import GraphMaker

from stillwatch.campaigns.candidates import Candidate
from stillwatch.campaigns.coordination import CoordinationTest, Population
from stillwatch.campaigns.graph import FamilyGraph
from stillwatch.core.records import Family

PARTIES = 300
TEST = CoordinationTest(finest=0.015, exceedances=10)
Graphs = dict[Family, FamilyGraph]


@pytest.fixture(scope="module")
def graphs(make_graph: GraphMaker) -> Graphs:
    """Keys of Zipf-like popularity: a few that hundreds touch, many that two or three touch."""
    rng = np.random.default_rng(7)

    def keys() -> dict[int, list[int]]:
        sizes = np.maximum(2, 150 // np.arange(1, 120))
        return {k: rng.choice(PARTIES, n, replace=False).tolist() for k, n in enumerate(sizes)}

    families: tuple[Family, ...] = ("content", "identity", "network")
    return {family: make_graph(family, keys(), PARTIES) for family in families}


def strata(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 3, PARTIES)


@pytest.mark.parametrize("test", [TEST, CoordinationTest(finest=0.02, exceedances=1)])
def test_p_and_e_hold_under_the_null(graphs: Graphs, test: CoordinationTest) -> None:
    """Groups drawn blindly: P(p <= alpha) <= alpha and E[e] <= 1, popular keys or not."""
    rng = np.random.default_rng(11)
    population = Population((strata(rng),))
    p, e = [], []
    for _ in range(1200):
        group = np.sort(rng.choice(PARTIES, 8, replace=False))
        found = test.run(Candidate("content", group), graphs, population, rng)
        p.append(found.p_value)
        e.append(found.e_value)
    for alpha in (0.02, 0.05, 0.1, 0.3):
        slack = 3.0 * np.sqrt(alpha * (1 - alpha) / len(p))
        assert np.mean(np.array(p) <= alpha) <= alpha + slack
    assert np.mean(e) <= 1.0 + 3.0 * np.std(e) / np.sqrt(len(e))


def test_the_wrong_form_that_tests_what_proposed_fails(graphs: Graphs) -> None:
    """A group chosen for what it shares, tested on the same family, looks coordinated."""
    rng = np.random.default_rng(12)
    graph = graphs["content"]
    population = Population((np.zeros(PARTIES, dtype=np.int64),))
    rejected = 0
    for hub in range(30, 80):
        chosen = np.union1d(graph.members(hub), rng.choice(PARTIES, 4))
        found = TEST._test(chosen, graph, population.like(chosen), rng, 0.005)
        rejected += found.p_value <= 0.05
    assert rejected > 10


def test_planted_sharing_is_found_and_the_proposer_proves_nothing(make_graph: GraphMaker) -> None:
    group = np.arange(12)
    network = {100 + i: [i, i + 1, i + 2] for i in range(10)}
    chance = {k: [20 + k, 120 + k, 200 + k] for k in range(60)}
    graphs: Graphs = {
        "content": make_graph(
            "content", {1: group.tolist(), **{k + 2: v for k, v in chance.items()}}, PARTIES
        ),
        "network": make_graph("network", {**network, **chance}, PARTIES),
    }
    found = CoordinationTest().run(
        Candidate("content", group),
        graphs,
        Population((np.zeros(PARTIES, dtype=np.int64),)),
        np.random.default_rng(1),
    )
    roles = {test.family: (test.role, test.p_value) for test in found.tests}
    assert roles["content"] == ("found", None)
    assert roles["identity"] == ("abstained", None)
    assert found.p_value < 0.001


@pytest.mark.parametrize("finest", [0.02, 0.0005])
def test_one_exceedance_places_a_p_value(graphs: Graphs, finest: float) -> None:
    """At or below `finest` when no draw matches in some family, above when one does in each."""
    rng = np.random.default_rng(5)
    population = Population((np.zeros(PARTIES, dtype=np.int64),))
    screen = CoordinationTest(finest, exceedances=1)
    apart = make_apart(graphs)
    for graph_set, below in ((graphs, False), (apart, True)):
        found = screen.run(Candidate("content", np.arange(8)), graph_set, population, rng)
        assert (found.p_value <= finest) == below


def make_apart(graphs: Graphs) -> Graphs:
    """Return the graphs with the first eight parties moved onto all keys of the network."""
    graph = graphs["network"]
    hubs = np.arange(graph.hub_size.size)
    start = np.minimum(np.arange(PARTIES + 1), 8) * hubs.size
    everything = replace(graph, hubs_of=np.tile(hubs, 8), hubs_start=start)
    return {**graphs, "network": everything}


def test_infrastructure_is_tested_on_content_alone(graphs: Graphs) -> None:
    rng = np.random.default_rng(1)
    population = Population((np.zeros(PARTIES, dtype=np.int64),))
    found = TEST.run(Candidate("network", np.arange(9)), graphs, population, rng)
    tested = [test.family for test in found.tests if test.role == "tested"]
    assert tested == ["content"]
