from __future__ import annotations

import itertools
import math
import random

from stillwatch.core.records import Family
from stillwatch.core.results import Spoke
from stillwatch.report._graph import MAX_ACCOUNTS, MAX_EDGES, MAX_KEYS, graph


def _spokes(accounts: int, keys: int, family: Family = "content") -> list[Spoke]:
    return [
        Spoke("template", family, f"k{key}", f"a{account}", 1 + account)
        for account, key in itertools.product(range(accounts), range(keys))
    ]


def test_a_small_graph_is_drawn_whole() -> None:
    plot = graph(_spokes(5, 2), 5)
    assert plot
    assert (len(plot.accounts), len(plot.keys), len(plot.edges)) == (5, 2, 10)
    assert plot.caption == "All 5 members and 2 keys that they share are drawn."


def test_a_large_graph_is_capped_and_says_so() -> None:
    plot = graph(_spokes(400, 40), 412)
    assert plot
    assert (len(plot.accounts), len(plot.keys)) == (MAX_ACCOUNTS, MAX_KEYS)
    assert len(plot.edges) == len(plot.spokes) == MAX_EDGES
    assert plot.caption.startswith(f"{MAX_ACCOUNTS} of 412 members")


def test_keys_are_labelled_in_the_order_of_the_ring_with_the_lines_drawn() -> None:
    plot = graph(_spokes(4, 2) + _spokes(3, 1, "network"), 4)
    assert plot
    assert [(key.label, key.accounts) for key in plot.keys] == [("C1", 4), ("C2", 4), ("N1", 3)]


def test_no_family_crowds_out_another() -> None:
    plot = graph(_spokes(9, 60) + _spokes(3, 2, "network"), 9)
    assert plot
    assert plot.families == ("content", "network")
    assert sum(node.family == "network" for node in plot.keys) == 2


def test_nodes_do_not_cover_each_other() -> None:
    plot = graph(_spokes(60, 10), 60)
    assert plot
    places = [(float(node.x), float(node.y)) for node in (*plot.keys, *plot.accounts)]
    assert min(math.dist(a, b) for a, b in itertools.combinations(places, 2)) > 9


def test_the_order_of_links_does_not_matter() -> None:
    spokes = _spokes(50, 6) + _spokes(20, 3, "timing")
    shuffled = spokes.copy()
    random.Random(3).shuffle(shuffled)  # noqa: S311
    assert graph(spokes, 50) == graph(shuffled, 50)


def test_nothing_to_draw() -> None:
    assert graph([], 3) is None
