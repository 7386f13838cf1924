"""What is proposed: a planted group whole and once; parts, the public and chance not at all."""

from __future__ import annotations

import numpy as np
import pytest
from tests.campaigns.conftest import GraphMaker, SceneMaker

from stillwatch.campaigns import search
from stillwatch.campaigns.candidates import Candidate, Proposer, distinct
from stillwatch.campaigns.coordination import Coordination
from stillwatch.campaigns.search import (
    Ranks,
    largest_share,
    merge,
    openly_one,
    same_group,
)

PARTIES = 400
GROUP = list(range(40))


def sets(candidates: list[Candidate]) -> list[list[int]]:
    return [item.parties.tolist() for item in candidates]


def test_a_group_on_several_keys_is_proposed_once(make_graph: GraphMaker) -> None:
    keys = {1: GROUP, 2: GROUP, 3: GROUP[:35], 4: GROUP[5:], 5: [200, 300], 6: [100, 350, 399]}
    assert sets(Proposer().propose(make_graph("content", keys, PARTIES), 0)) == [GROUP]


def test_groups_that_share_nobody_do_not_fuse(make_graph: GraphMaker) -> None:
    other = list(range(100, 130))
    keys = {1: GROUP, 2: GROUP, 3: other, 4: other[2:], 5: [39, 100, 220]}
    assert sets(Proposer().propose(make_graph("content", keys, PARTIES), 0)) == [GROUP, other]


def test_what_a_template_is_filled_with_is_a_part_of_it(make_graph: GraphMaker) -> None:
    keys = {1: GROUP, 2: GROUP[:9]}
    filled = make_graph("content", keys, PARTIES, uses={1: 30, 2: 2})
    assert sets(Proposer().propose(filled, 0)) == [GROUP]


def test_a_wrapper_inside_a_popular_template_is_no_part(make_graph: GraphMaker) -> None:
    crowd = list(range(90))
    keys = {1: crowd, 2: GROUP[:9]}
    inside = make_graph("content", keys, PARTIES, uses={1: 30, 2: 28})
    assert [0, 1, 2, 3, 4, 5, 6, 7, 8] in sets(Proposer(min_overlap=1.1).propose(inside, 0)), (
        "a template of its own"
    )


def test_a_cluster_of_too_many_is_cut_again(make_graph: GraphMaker) -> None:
    """A chain of keys, each sharing half with the next, joins everybody in the end."""
    chain = {k: list(range(16 * k, 16 * k + 30)) for k in range(23)}
    graph = make_graph("network", chain, PARTIES)
    loose = Proposer(max_share=1.0, resolution=0.001).propose(graph, 0)
    assert max(item.parties.size for item in loose) > PARTIES / 4
    found = Proposer(resolution=0.001).propose(graph, 0)
    assert all(item.parties.size <= PARTIES / 4 for item in found)
    together = {party for item in found for party in item.parties.tolist()}
    assert together == {party for users in chain.values() for party in users}, "nobody is dropped"


def test_the_public_and_keys_that_do_not_propose_are_left_out(make_graph: GraphMaker) -> None:
    public = list(range(150))
    assert not Proposer().propose(make_graph("content", {1: public}, PARTIES), 0)
    quiet = make_graph("timing", {1: GROUP}, PARTIES, proposes=False)
    assert not Proposer().propose(quiet, 0)


def candidate(parties: range, family: str = "content") -> Candidate:
    return Candidate(family, np.arange(parties.start, parties.stop))  # type: ignore[arg-type]


def test_repeats_are_left_out_and_small_groups_inside_large_ones_stay() -> None:
    proposed = [candidate(range(40)), candidate(range(2, 38), "network"), candidate(range(5))]
    kept = distinct(proposed, PARTIES)
    assert [item.parties.size for item in kept] == [40, 5]


def test_overlapping_candidates_carry_one_label() -> None:
    labels = same_group(
        [candidate(range(40)), candidate(range(30, 50)), candidate(range(100, 110))], PARTIES
    )
    assert labels[0] == labels[1] == 0
    assert labels[2] == 2


def verdict(parties: range, q: float, apart: search.Apart = "") -> search.Tested:
    return search.Tested(candidate(parties), Coordination(1e-4, 10.0, ()), 1e-3, q, apart)


@pytest.fixture
def ranks(make_scene: SceneMaker) -> Ranks:
    """Parties 0 to 59 behave like a harvest."""
    return Ranks(make_scene({}, [9.0] * 60 + [i / 400 for i in range(340)], benign=[0.5] * 500))


def test_claims_about_one_group_are_united_and_others_add_nothing(ranks: Ranks) -> None:
    found = merge(
        [verdict(range(40), 0.001), verdict(range(12, 45), 0.002), verdict(range(20, 50), 0.4)],
        ranks,
        0.01,
    )
    assert [parties.tolist() for _, parties in found] == [list(range(45))]


def test_half_of_a_claimed_group_brings_no_other_half(ranks: Ranks) -> None:
    found = merge([verdict(range(40), 0.001), verdict(range(28, 48), 0.002)], ranks, 0.01)
    assert [parties.tolist() for _, parties in found] == [list(range(40))]


def test_union_does_not_snowball(ranks: Ranks) -> None:
    """The third overlaps with the union of the first two, not with the first."""
    chain = [
        verdict(range(40), 0.001),
        verdict(range(8, 48), 0.001),
        verdict(range(40, 60), 0.001),
    ]
    found = merge(chain, ranks, 0.01)
    assert found[0][1].tolist() == list(range(48))
    assert all(parties.max() < 60 for _, parties in found)


def test_what_is_left_of_a_later_group_must_extract(ranks: Ranks) -> None:
    mixed = verdict(range(35, 100), 0.005)
    found = merge([verdict(range(60), 0.001), mixed], ranks, 0.01)
    assert [parties.tolist() for _, parties in found] == [list(range(60))]


def test_groups_that_hide_come_before_those_that_do_not(ranks: Ranks) -> None:
    found = merge(
        [verdict(range(10), 0.0001, "openly_one"), verdict(range(40), 0.005)], ranks, 0.01
    )
    assert [(lead.apart, parties.size) for lead, parties in found] == [("", 40)]


def test_openly_one(make_graph: GraphMaker) -> None:
    card = make_graph("identity", {1: GROUP[:36], 2: [0, 1]}, PARTIES)
    assert largest_share(card, np.array(GROUP)) == pytest.approx(0.9)
    assert openly_one({"identity": card}, np.array(GROUP))
    assert not openly_one({"identity": card}, np.arange(30, 80))
    assert not openly_one({}, np.array(GROUP))
    client = make_graph("network", {1: GROUP}, PARTIES, proposes=False)
    assert not openly_one({"network": client}, np.array(GROUP)), "a common client is no place"


def test_a_party_is_in_question_once_however_often_it_was_named() -> None:
    named = [Candidate("content", np.array(p)) for p in ([0, 1, 2, 3], [2, 3], [7], [8, 9])]
    held = search.membership(named, 10)
    weights = search.votes(held, np.array([True, True, True, False]))
    np.testing.assert_allclose(weights, [3.0, 1.0, 1.0, 1.0])
    assert weights[:3].sum() == len({0, 1, 2, 3, 7})
