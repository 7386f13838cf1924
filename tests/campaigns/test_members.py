"""Evidence of each member's own: a chance touch is none, and infrastructure alone is not enough."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.campaigns.conftest import GraphMaker, SceneMaker

from stillwatch.campaigns.assemble import _members
from stillwatch.campaigns.graph import FamilyGraph
from stillwatch.campaigns.members import Judged, core_hubs, judge
from stillwatch.campaigns.scene import Scene
from stillwatch.core.records import Family

PARTIES = 500
MEMBERS = np.arange(20)


def judged(scene: Scene, harvest: float = 0.5) -> dict[int, Judged]:
    cores = {family: core_hubs(graph, MEMBERS) for family, graph in scene.graphs.items()}
    p = np.where(np.arange(PARTIES) < MEMBERS.size, harvest, 0.5)
    return {item.party: item for item in judge(scene, MEMBERS, cores, p)}


@pytest.fixture
def one_key(make_graph: GraphMaker) -> dict[str, FamilyGraph]:
    families: tuple[Family, ...] = ("content", "identity", "network")
    return {family: make_graph(family, {1: range(20)}, PARTIES) for family in families}


def levels(scene: Scene, harvest: float = 0.5) -> set[str]:
    return {item.level for item in judged(scene, harvest).values()}


def test_two_kinds_one_of_them_about_what_was_asked(
    one_key: dict[Family, FamilyGraph], make_scene: SceneMaker
) -> None:
    scores = [0.1] * PARTIES
    content, identity, network = (one_key[f] for f in ("content", "identity", "network"))
    assert levels(make_scene({"content": content, "network": network}, scores)) == {"act"}
    assert levels(make_scene({"content": content}, scores)) == {"review"}
    assert levels(make_scene({"content": content}, scores), harvest=0.001) == {"act"}
    infrastructure = make_scene({"identity": identity, "network": network}, scores)
    assert levels(infrastructure) == {"review"}
    assert levels(infrastructure, harvest=0.001) == {"act"}
    assert levels(make_scene({}, scores), harvest=0.001) == {"none"}, "behaviour alone"


def test_a_chance_touch_is_no_evidence(make_graph: GraphMaker, make_scene: SceneMaker) -> None:
    graph = make_graph("content", {1: range(20)}, PARTIES)
    uses = graph.uses.copy()
    uses[19] = 1  # the last member: one exchange of ten
    scene = make_scene({"content": replace(graph, uses=uses)}, [0.1] * PARTIES)
    found = judged(scene)
    assert found[19].level == "none"
    assert all(found[party].level == "review" for party in range(19))


def test_what_many_outsiders_share_is_no_evidence(
    make_graph: GraphMaker, make_scene: SceneMaker
) -> None:
    """The whole group and a tenth of all others are on the key."""
    graph = make_graph("content", {1: range(70)}, PARTIES)
    assert levels(make_scene({"content": graph}, [0.1] * PARTIES)) == {"none"}


def test_what_few_members_ask_is_not_what_was_asked(
    make_graph: GraphMaker, make_scene: SceneMaker
) -> None:
    """Three customers evaluate on one public set, through one proxy, and touch it by chance."""
    members = np.arange(60)
    uses = make_graph("content", {1: range(60), 2: range(57, 60)}, PARTIES)
    chance = np.where((uses.hub == 0) & (uses.party >= 57), 1, uses.uses)
    content = replace(uses, uses=chance)
    network = make_graph("network", {7: range(60)}, PARTIES)
    scene = make_scene({"content": content, "network": network}, [0.1] * PARTIES)
    cores = {family: core_hubs(graph, members) for family, graph in scene.graphs.items()}
    found = {item.party: item for item in judge(scene, members, cores, np.full(PARTIES, 0.5))}
    assert {found[party].level for party in range(57)} == {"act"}
    assert {found[party].level for party in range(57, 60)} == {"review"}
    assert found[58].families == {"content", "network"}, "what they share with each other is shown"


def test_behaviour_of_their_own_is_no_behaviour_of_the_group(
    one_key: dict[Family, FamilyGraph], make_scene: SceneMaker
) -> None:
    """The group elicits; one member is remarkable for an even load alone, one elicits a little."""
    scene = make_scene({"network": one_key["network"]}, [0.1] * PARTIES)
    eliciting = np.where(np.arange(PARTIES) < 18, 8.0, 0.0)
    eliciting[19] = 1.5
    steady = np.where(np.arange(PARTIES) == 18, 3.0, 0.1)
    scene = replace(
        scene,
        scores={"reasoning_elicitation": eliciting, "steady_load": steady},
        calibration=replace(
            scene.calibration, scales={"reasoning_elicitation": 1.0, "steady_load": 1.0}
        ),
    )
    found = judged(scene, harvest=0.001)
    assert {found[party].level for party in range(18)} == {"act"}
    assert {found[18].level, found[19].level} == {"review"}


def test_accounts_of_one_organisation_need_behaviour_of_their_own(
    one_key: dict[Family, FamilyGraph], make_scene: SceneMaker
) -> None:
    """Party 0 has three accounts, of which one behaves like a harvest; party 1 has one."""
    accounts = [0, 0, 0, *range(1, PARTIES)]
    p = [0.001, 0.4, 0.9, *([0.5] * (PARTIES - 1))]
    graphs: dict[Family, FamilyGraph] = {f: one_key[f] for f in ("content", "network")}
    scene = make_scene(graphs, [0.1] * PARTIES, party_of_account=accounts, account_p=p)
    members, _ = _members(scene, list(judged(scene).values()), "act")
    level = {member.account_id: member.level for member in members}
    assert [level[f"a{i}"] for i in range(4)] == ["act", "review", "review", "act"]
    lowered, _ = _members(scene, list(judged(scene).values()), "review")
    assert {member.level for member in lowered} == {"review"}
