"""Evidence of each member's own: belonging to a group flags nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.graph import FamilyGraph
from stillwatch.campaigns.scene import Scene
from stillwatch.core.records import Family, Level
from stillwatch.core.results import Evidence

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MEMBER_ALPHA: Final = 0.01
"""Evidence counts when at most this share of outsiders shows as much."""
KINDS: Final = 5
"""Kinds of evidence a member can have: four families of links, and behaviour."""
CORE_PARTIES: Final = 3
CORE_LIFT: Final = 3.0
TYPICAL: Final = 0.25
"""A member shows at least this much of what the median member shows of a family's links."""
SHOWN: Final = 0.5
"""A member behaves at least half as strongly as the median member."""
WIDE: Final = 0.1
"""What was asked is what this share of the members has in common: two customers who happen to ask
the same are no part of what the others do."""


@dataclass(frozen=True, slots=True)
class Core:
    """The hubs of one family that a group really shares.

    Attributes:
        hubs: Hub indices: at least three members touch them, three times as often as others do.
        members: Members on each of them.
    """

    hubs: IntArray
    members: IntArray


@dataclass(frozen=True, slots=True)
class Judged:
    """One member party with its own evidence."""

    party: int
    level: Level
    p_value: float
    evidence: tuple[Evidence, ...]
    families: frozenset[Family]


def core_hubs(graph: FamilyGraph, parties: IntArray) -> Core:
    """Return the hubs that set the group apart."""
    inside = np.zeros(graph.parties, dtype=bool)
    inside[parties] = True
    members = np.bincount(graph.hub[inside[graph.party]], minlength=graph.hub_size.size).astype(
        np.int64
    )
    expected = graph.hub_size * (parties.size / graph.parties)
    hubs = np.flatnonzero((members >= CORE_PARTIES) & (members >= CORE_LIFT * expected))
    return Core(hubs, members[hubs])


def core_parties(graph: FamilyGraph, parties: IntArray) -> IntArray:
    """Return the members, sorted, that touch a hub that sets the group apart."""
    chosen = np.zeros(graph.hub_size.size, dtype=bool)
    chosen[core_hubs(graph, parties).hubs] = True
    return np.intersect1d(graph.party[chosen[graph.hub]], parties)


def judge(
    scene: Scene, parties: IntArray, cores: Mapping[Family, Core], harvest_p: FloatArray
) -> list[Judged]:
    """Weigh each party's own evidence of belonging.

    For each family a party's rarity weights on the group's core hubs, each times the share of its
    exchanges that touch the hub, are ranked among all parties outside the group, less what parties
    as busy show by chance. The median share of the members counts in full, so that ordinary traffic
    beside it hides nobody. A party that is
    there by a chance touch shows far less than the others do, and has no evidence. Two kinds of
    evidence, one of them a link, are needed for `act`, and one of them about what was asked: the
    content of prompts that is common in the group, or harvest behaviour. Infrastructure alone
    condemns nobody. Behaviour counts when at least a quarter of the members show the same, and as
    strongly as they do: a customer that asks what a harvest asks, for a reason of its own, behaves
    in its own way.

    Args:
        scene: The traffic.
        parties: Members.
        cores: Core hubs of each family in which the group shares more than chance: in another, what
            a member shares is chance.
        harvest_p: Conformal p-values of all parties' harvest index.
    """
    outside = np.ones(scene.size, dtype=bool)
    outside[parties] = False
    gathered: dict[int, list[Evidence]] = {int(party): [] for party in parties}
    asking: set[int] = set()
    for family, core in cores.items():
        graph = scene.graphs[family]
        for party, evidence in _link_evidence(scene, graph, core, parties, outside):
            gathered[party].append(evidence)
        if family == "content":
            common = _common(core, parties.size)
            asking = {party for party, _ in _link_evidence(scene, graph, common, parties, outside)}
    for party, source in _behaving(scene, parties, harvest_p):
        p = float(harvest_p[party])
        gathered[party].append(Evidence(source, None, p, scene.find(party, source, p).why))
        asking.add(party)
    return [_judged(party, evidence, party in asking) for party, evidence in gathered.items()]


def _common(core: Core, members: int) -> Core:
    """Return the hubs that are common in the group."""
    wide = core.members >= WIDE * members
    return Core(core.hubs[wide], core.members[wide])


def _link_evidence(
    scene: Scene, graph: FamilyGraph, core: Core, parties: IntArray, outside: NDArray[np.bool_]
) -> list[tuple[int, Evidence]]:
    chosen = np.zeros(graph.hub_size.size, dtype=bool)
    chosen[core.hubs] = True
    spokes = np.flatnonzero(chosen[graph.hub])
    if not spokes.size:
        return []
    exchanges = np.maximum(scene.parties["exchanges"][graph.party[spokes]], 1.0)
    share = graph.uses[spokes] / exchanges
    usual = float(np.median(share[~outside[graph.party[spokes]]]))
    rarity = graph.weight[graph.hub[spokes]]
    weight = rarity * np.minimum(share / usual, 1.0)
    total: FloatArray = np.bincount(
        graph.party[spokes], weights=weight, minlength=graph.parties
    ).astype(np.float64)
    shown = _beyond_chance(graph, total, outside)
    inside = shown[parties]
    typical = TYPICAL * float(np.median(inside[inside > 0])) if np.any(inside > 0) else np.inf
    ranked = np.sort(shown[outside])
    above = ranked.size - np.searchsorted(ranked, inside - 1e-9, side="left")
    p_values = (1.0 + above) / (1.0 + ranked.size)
    heaviest = np.lexsort((graph.hub[spokes], -rarity * share, graph.party[spokes]))
    spokes = spokes[heaviest]
    first = np.searchsorted(graph.party[spokes], parties)
    found = []
    for party, place, p in zip(parties, first, p_values, strict=True):
        if shown[party] >= typical and p <= MEMBER_ALPHA:
            spoke = spokes[place]
            hub = int(graph.hub[spoke])
            linker = graph.linkers[int(graph.hub_linker[hub])]
            why = scene.explain_link(linker, int(graph.uses[spoke]), int(graph.hub_size[hub]))
            found.append((int(party), Evidence(linker, graph.family, float(p), why)))
    return found


def _beyond_chance(graph: FamilyGraph, total: FloatArray, outside: NDArray[np.bool_]) -> FloatArray:
    """Take off what an outsider of as many keys shows, in units of its spread.

    Who is busy is active in every minute, a group's as well.
    """
    keys: FloatArray = np.diff(graph.hubs_start).astype(np.float64)
    chance = keys * (total[outside].sum() / max(float(keys[outside].sum()), 1.0))
    beyond: FloatArray = (total - chance) / np.sqrt(1.0 + chance)
    return beyond


def _behaving(scene: Scene, parties: IntArray, harvest_p: FloatArray) -> list[tuple[int, str]]:
    """Return the members that behave as others do, each with its strongest detector."""
    scales = scene.calibration.scales
    names = sorted(name for name in scene.scores if name in scales)
    if not names:
        return []
    strength = np.array([scene.scores[name][parties] / scales[name] for name in names])
    strength = np.nan_to_num(strength, nan=0.0)
    strongest = np.argmax(strength, axis=0)
    remarkable = harvest_p[parties] <= MEMBER_ALPHA
    common = np.bincount(strongest[remarkable], minlength=len(names)) >= TYPICAL * parties.size
    typical = SHOWN * np.median(strength, axis=1)
    shows = remarkable & common[strongest] & (strength.max(axis=0) >= typical[strongest])
    return [(int(parties[i]), names[strongest[i]]) for i in np.flatnonzero(shows)]


def _judged(party: int, evidence: list[Evidence], asking: bool) -> Judged:
    families = frozenset(item.family for item in evidence if item.family is not None)
    kinds = len(families) + any(item.family is None for item in evidence)
    level: Level = "none"
    if families:
        level = "act" if kinds >= 2 and asking else "review"
    best = min((item.p_value for item in evidence), default=1.0)
    ordered = tuple(sorted(evidence, key=lambda item: (item.p_value, item.source)))
    return Judged(party, level, min(1.0, KINDS * best), ordered, families)
