"""From candidates to campaigns: both nulls, the false-discovery rate, merging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns import extraction
from stillwatch.campaigns.candidates import (
    MIN_PARTIES,
    Candidate,
    Proposer,
    distinct,
    membership,
    overlaps,
)
from stillwatch.campaigns.coordination import Coordination, CoordinationTest, Population
from stillwatch.campaigns.explanations import NEARLY_ALL
from stillwatch.campaigns.graph import FamilyGraph
from stillwatch.campaigns.members import core_parties
from stillwatch.campaigns.scene import Scene
from stillwatch.core.records import FAMILIES, Family
from stillwatch.stats.multiple_testing import replicability_q

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

COORDINATED: Final = 0.0005
"""Candidates with a larger coordination p-value are not followed up."""
EXTRACTING: Final = 0.05
"""Candidates with a larger extraction p-value are not followed up."""
COORDINATION_SHARE: Final = 0.2
"""Part of the error budget spent on the first null: draws are cheap, benign accounts are few."""
OVERLAP: Final = 0.5
"""Candidates with this share of the smaller one in common are about one group."""
SPREAD: Final = 0.2
"""A group is loose when fewer of its members than this share what makes it coordinated: among all
who use a popular template some are colleagues."""
Apart = Literal["", "openly_one", "loose"]
UNTESTED: Final = Coordination(float("nan"), 0.0, ())
FDR_RULE: Final = "replicability of two nulls (Bogomolov and Heller 2018)"
SELECTION: Final = (
    "split by family: the evidence family that proposes a candidate is not used to test it"
)


@dataclass(frozen=True, slots=True)
class Tested:
    """A candidate with the verdict of both nulls.

    Attributes:
        candidate: Who.
        coordination: First null; without tests where it cannot matter.
        p_extracting: Second null.
        q_value: Of both, among the candidates that are alike in `apart`.
        apart: Why it cannot reach `act` and takes no part in the rate of those that can; empty for
            those. `openly_one`: one payment instrument, address or prefix covers it, so it does
            not hide that it is one customer or one place. `loose`: what makes it coordinated is
            shared by few of its members.
    """

    candidate: Candidate
    coordination: Coordination
    p_extracting: float
    q_value: float
    apart: Apart

    @property
    def p_value(self) -> float:
        """Return the larger of both p-values (intersection-union)."""
        return float(np.fmax(self.coordination.p_value, self.p_extracting))


@dataclass(frozen=True, slots=True)
class Search:
    """Proposes candidates and tests them.

    Attributes:
        proposer: How candidates are proposed.
        test: The coordination test of candidates that extract.
        screen: The same for the others, of which it only matters how many are coordinated.
        threads: Threads to test on; the results do not depend on them.
    """

    proposer: Proposer = field(default_factory=Proposer)
    test: CoordinationTest = field(default_factory=CoordinationTest)
    screen: CoordinationTest = field(default=CoordinationTest(COORDINATED, exceedances=1))
    threads: int = 1

    def run(self, scene: Scene, seed: int) -> tuple[list[Tested], Ranks]:
        """Return all candidates tested, most significant first, and the ranks they were given."""
        proposed = [
            candidate
            for family in FAMILIES
            if family in scene.graphs
            for candidate in self.proposer.propose(scene.graphs[family], seed)
        ]
        candidates = distinct(proposed, scene.size)
        ranks = Ranks(scene)
        extracting = np.array([ranks.merged(item.parties) for item in candidates])
        one = np.array([openly_one(scene.graphs, item.parties) for item in candidates], bool)
        coordinations = self._coordinations(scene, candidates, extracting, one, seed)
        apart = _apart(scene, candidates, coordinations, one)
        q_values = _q_values(candidates, coordinations, extracting, apart, scene.size)
        tested = [
            Tested(*parts)
            for parts in zip(
                candidates,
                coordinations,
                extracting.tolist(),
                q_values.tolist(),
                apart.tolist(),
                strict=True,
            )
        ]
        return sorted(
            tested, key=lambda t: (_last(t.q_value), _last(t.p_value), t.candidate.parties.tolist())
        ), ranks

    def _coordinations(
        self,
        scene: Scene,
        candidates: Sequence[Candidate],
        extracting: FloatArray,
        one: NDArray[np.bool_],
        seed: int,
    ) -> list[Coordination]:
        """Test each candidate with a random stream of its own, on all threads.

        Those that extract come first. The others only count in the rate of those that pass both
        tests, so where none does they are left untested.
        """
        population = Population(scene.strata)
        found = [UNTESTED] * len(candidates)

        def run(test: CoordinationTest, places: IntArray) -> None:
            def one_of(place: int) -> Coordination:
                rng = np.random.default_rng([seed, place])
                return test.run(candidates[place], scene.graphs, population, rng)

            with ThreadPoolExecutor(self.threads) as pool:
                for place, result in zip(places, pool.map(one_of, places.tolist()), strict=True):
                    found[place] = result

        follows = extracting <= EXTRACTING
        run(self.test, np.flatnonzero(follows))
        claims = follows & np.array([item.p_value <= COORDINATED for item in found], dtype=bool)
        run(self.screen, np.flatnonzero(~follows & np.isin(one, one[claims])))
        return found


def _q_values(
    candidates: Sequence[Candidate],
    coordinations: Sequence[Coordination],
    extracting: FloatArray,
    apart: NDArray[np.str_],
    parties: int,
) -> FloatArray:
    """Return q-values, among all candidates that are alike in `apart`.

    The error budget of each null is dealt out by the parties that the other null leaves in
    question, see `votes`.
    """
    labels = same_group(candidates, parties)
    first = np.array([item.p_value for item in coordinations], dtype=np.float64)
    held = membership(candidates, parties)
    q = np.full(apart.size, np.nan)
    for rows in (apart == kind for kind in get_args(Apart)):
        q[rows] = replicability_q(
            first[rows],
            extracting[rows],
            COORDINATED,
            EXTRACTING,
            labels[rows],
            COORDINATION_SHARE,
            (
                votes(held[rows], ~(extracting[rows] > EXTRACTING)),
                votes(held[rows], first[rows] <= COORDINATED),
            ),
        )
    return q


def _apart(
    scene: Scene,
    candidates: Sequence[Candidate],
    coordinations: Sequence[Coordination],
    one: NDArray[np.bool_],
) -> NDArray[np.str_]:
    """Say which candidates are judged apart.

    A loose group is no claim of the first null, as if its p-value were 1: what only raises a
    p-value leaves it valid.
    """
    found = np.where(one, "openly_one", "")
    for place in np.flatnonzero(~one).tolist():
        tests = coordinations[place].tests
        parts = sum(test.p_value is not None for test in tests)
        fell = [t.family for t in tests if (t.p_value or 1.0) * parts <= COORDINATED]
        if fell and spread([scene.graphs[name] for name in fell], candidates[place]) < SPREAD:
            found[place] = "loose"
    return found


def spread(graphs: Sequence[FamilyGraph], candidate: Candidate) -> float:
    """Return the share of a group that touches what sets it apart in any of some families."""
    touching = [core_parties(graph, candidate.parties) for graph in graphs]
    return np.unique(np.concatenate(touching)).size / candidate.parties.size


def votes(held: Any, selected: NDArray[np.bool_]) -> FloatArray:
    """Return the weight of each candidate: its parties, each shared by those that name it.

    A party of k selected candidates gives each of them 1/k, so their weights add up to the
    parties in question, however often each was proposed.

    Args:
        held: Candidates x parties, 1 where a candidate holds a party.
        selected: Candidates that the other null left in question; the rest weighs 1.
    """
    named = np.maximum(np.asarray(held[selected].sum(axis=0)).ravel(), 1.0)
    weights: FloatArray = np.where(selected, held @ (1.0 / named), 1.0)
    return weights


def same_group(candidates: Sequence[Candidate], parties: int) -> IntArray:
    """Label each candidate with the largest that is its own label and holds half of it."""
    common = overlaps(candidates, parties)
    labels = np.arange(len(candidates))
    order = sorted(labels.tolist(), key=lambda i: (-candidates[i].parties.size, i))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    for i in order:
        row = slice(common.indptr[i], common.indptr[i + 1])
        holds = common.indices[row][common.data[row] >= OVERLAP * candidates[i].parties.size]
        roots = holds[labels[holds] == holds]
        labels[i] = roots[np.argmin(rank[roots])]
    return labels


class Ranks:
    """Conformal p-values of parties' harvest index.

    Attributes:
        single: Of each party by itself.
    """

    def __init__(self, scene: Scene) -> None:
        self._index = scene.calibration.harvest(scene.scores)
        self._learned_here = scene.learned_here
        self.single = scene.calibration.harvest_p(
            self._index, scene.segments, scene.ties, scene.learned_here
        )
        self._sorted = np.sort(self._index[~np.isnan(self._index)])

    def merged(self, parties: IntArray) -> float:
        """Return the p-value of a group: that it does not extract."""
        return extraction.merged_p(self.of(parties))

    def of(self, parties: IntArray) -> FloatArray:
        """Return one p-value a member, with the group itself left out of the reference."""
        if not self._learned_here:
            return self.single[parties]
        own = np.sort(self._index[parties][~np.isnan(self._index[parties])])
        values = self._index[parties]
        at_least = _at_least(self._sorted, values) - _at_least(own, values)
        p = (1.0 + at_least) / (1.0 + self._sorted.size - own.size)
        return np.where(np.isnan(values), np.nan, p)


def _at_least(ordered: FloatArray, values: FloatArray) -> IntArray:
    return ordered.size - np.searchsorted(ordered, values, side="left")


def _last(value: float) -> float:
    return 2.0 if np.isnan(value) else value


def largest_share(graph: FamilyGraph | None, parties: IntArray) -> float:
    """Return the share of a group that is on the key most of it has in common.

    Only keys that can propose a group count. NaN where nothing is known of the family.
    """
    if graph is None:
        return float("nan")
    hubs = np.concatenate(
        [graph.hubs_of[graph.hubs_start[p] : graph.hubs_start[p + 1]] for p in parties]
        or [np.empty(0, np.int64)]
    )
    held = np.unique(hubs[graph.hub_proposes[hubs]], return_counts=True)[1]
    return float(held.max(initial=0)) / max(parties.size, 1)


def openly_one(graphs: Mapping[Family, FamilyGraph], parties: IntArray) -> bool:
    """Say whether one payment instrument, address or prefix covers nearly all of a group.

    Such a group does not hide that it is one customer, or one place.
    """
    return any(
        largest_share(graphs.get(family), parties) > NEARLY_ALL
        for family in ("identity", "network")
    )


def merge(tested: Sequence[Tested], ranks: Ranks, fdr: float) -> list[tuple[Tested, IntArray]]:
    """Bring together the candidates that describe one campaign.

    Claimed candidates (q at or below `fdr`) of which nearly all lies in one another are united,
    content first, the largest first; others that overlap with one already there add nothing: half
    of a group being remarkable says little of the other half. A party belongs to the first
    that has it, and what is left of a later one must still be large enough and extract.

    Returns:
        Each leading candidate with its parties, sorted.
    """
    groups: list[tuple[Tested, set[int], set[int]]] = []
    for item in sorted(tested, key=lambda t: _precedence(t, fdr)):
        parties = set(item.candidate.parties.tolist())
        for _, own, claimed in groups:
            common, least = len(parties & own), min(len(parties), len(own))
            if common >= OVERLAP * least:
                if item.q_value <= fdr and not item.apart and common >= NEARLY_ALL * least:
                    claimed.update(parties)
                break
        else:
            groups.append((item, parties, set(parties)))
    taken: set[int] = set()
    merged = []
    for lead, _, claimed in groups:
        left = np.array(sorted(claimed - taken), dtype=np.int64)
        whole = left.size == len(claimed)
        if whole or (left.size >= MIN_PARTIES and ranks.merged(left) <= EXTRACTING):
            merged.append((lead, left))
            taken |= claimed
    return merged


def _precedence(item: Tested, fdr: float) -> tuple[bool, bool, float, int, int, float]:
    """Order candidates: those that can reach `act`, then claims, then by q, family, size, p."""
    family = FAMILIES.index(item.candidate.family)
    size = item.candidate.parties.size
    return (bool(item.apart), item.q_value > fdr, item.q_value, family, -size, item.p_value)
