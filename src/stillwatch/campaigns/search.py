"""From candidates to campaigns: both nulls, the false-discovery rate, merging."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns import extraction
from stillwatch.campaigns.candidates import MIN_PARTIES, Candidate, Proposer, distinct, overlaps
from stillwatch.campaigns.coordination import Coordination, CoordinationTest, Population
from stillwatch.campaigns.graph import FamilyGraph
from stillwatch.campaigns.scene import Scene
from stillwatch.core.records import FAMILIES
from stillwatch.stats.multiple_testing import replicability_q

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

COORDINATED: Final = 0.0005
"""Candidates with a larger coordination p-value are not followed up."""
EXTRACTING: Final = 0.05
"""Candidates with a larger extraction p-value are not followed up."""
COORDINATION_SHARE: Final = 0.2
"""Part of the error budget spent on the first null: draws are cheap, benign accounts are few."""
ONE_CUSTOMER: Final = 0.8
"""A group of which one payment instrument or domain covers more is one customer."""
OVERLAP: Final = 0.5
"""Candidates with this share of the smaller one in common are about one group."""
FDR_RULE: Final = "replicability of two nulls (Bogomolov and Heller 2018)"
SELECTION: Final = (
    "split by family: the evidence family that proposes a candidate is not used to test it"
)


@dataclass(frozen=True, slots=True)
class Tested:
    """A candidate with the verdict of both nulls.

    Attributes:
        candidate: Who.
        coordination: First null.
        p_extracting: Second null.
        q_value: Of both, among the candidates that are alike in `one_customer`.
        one_customer: Whether one payment instrument or domain covers it: it then hides nothing,
            cannot reach `act`, and takes no part in the rate of those that can.
    """

    candidate: Candidate
    coordination: Coordination
    p_extracting: float
    q_value: float
    one_customer: bool

    @property
    def p_value(self) -> float:
        """Return the larger of both p-values (intersection-union)."""
        return float(np.fmax(self.coordination.p_value, self.p_extracting))


@dataclass(frozen=True, slots=True)
class Search:
    """Proposes candidates and tests them.

    Attributes:
        proposer: How candidates are proposed.
        test: The coordination test.
        threads: Threads to test on; the results do not depend on them.
    """

    proposer: Proposer = field(default_factory=Proposer)
    test: CoordinationTest = field(default_factory=CoordinationTest)
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
        extracting = [ranks.merged(item.parties) for item in candidates]
        coordinations = self._coordinations(scene, candidates, extracting, seed)
        identity = scene.graphs.get("identity")
        one = np.array([one_payer(identity, c.parties) > ONE_CUSTOMER for c in candidates], bool)
        q_values = _q_values(candidates, coordinations, extracting, one, scene.size)
        tested = [
            Tested(*parts)
            for parts in zip(
                candidates, coordinations, extracting, q_values.tolist(), one.tolist(), strict=True
            )
        ]
        return sorted(
            tested, key=lambda t: (_last(t.q_value), _last(t.p_value), t.candidate.parties.tolist())
        ), ranks

    def _coordinations(
        self,
        scene: Scene,
        candidates: Sequence[Candidate],
        extracting: Sequence[float],
        seed: int,
    ) -> list[Coordination]:
        """Test each candidate with a random stream of its own, on all threads."""
        population = Population(scene.strata)

        def test(place: int) -> Coordination:
            return self.test.run(
                candidates[place],
                scene.graphs,
                population,
                np.random.default_rng([seed, place]),
                thorough=extracting[place] <= EXTRACTING,
            )

        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(test, range(len(candidates))))


def _q_values(
    candidates: Sequence[Candidate],
    coordinations: Sequence[Coordination],
    extracting: Sequence[float],
    one: NDArray[np.bool_],
    parties: int,
) -> FloatArray:
    """Return q-values, among customers that are openly one and among all others apart."""
    labels = same_group(candidates, parties)
    first = np.array([item.p_value for item in coordinations], dtype=np.float64)
    second = np.array(extracting, dtype=np.float64)
    q = np.full(one.size, np.nan)
    for rows in (one, ~one):
        q[rows] = replicability_q(first[rows], second[rows], COORDINATED, EXTRACTING, labels[rows])
    return q


def same_group(candidates: Sequence[Candidate], parties: int) -> IntArray:
    """Label each candidate with the largest unlabelled one that holds half of it, or itself."""
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
    """Conformal p-values of members' harvest index, without the group itself in the reference."""

    def __init__(self, scene: Scene) -> None:
        index = scene.calibration.harvest(scene.scores)
        self._index = index
        self._against_profile = (
            None
            if scene.learned_here
            else scene.calibration.harvest_p(index, scene.segments, scene.ties)
        )
        known = ~np.isnan(index)
        self._sorted = np.sort(index[known])

    def merged(self, parties: IntArray) -> float:
        """Return the p-value of a group: that it does not extract."""
        return extraction.merged_p(self.of(parties))

    def of(self, parties: IntArray) -> FloatArray:
        """Return one p-value a member."""
        if self._against_profile is not None:
            return self._against_profile[parties]
        own = np.sort(self._index[parties][~np.isnan(self._index[parties])])
        values = self._index[parties]
        at_least = _at_least(self._sorted, values) - _at_least(own, values)
        p = (1.0 + at_least) / (1.0 + self._sorted.size - own.size)
        return np.where(np.isnan(values), np.nan, p)


def _at_least(ordered: FloatArray, values: FloatArray) -> IntArray:
    return ordered.size - np.searchsorted(ordered, values, side="left")


def _last(value: float) -> float:
    return 2.0 if np.isnan(value) else value


def one_payer(identity: FamilyGraph | None, parties: IntArray) -> float:
    """Return the share of a group that holds its most common payment instrument or domain.

    NaN where nothing is known of identity.
    """
    if identity is None:
        return float("nan")
    hubs = [identity.hubs_of[identity.hubs_start[p] : identity.hubs_start[p + 1]] for p in parties]
    held = np.unique(np.concatenate(hubs), return_counts=True)[1] if hubs else np.zeros(0)
    return float(held.max(initial=0)) / max(parties.size, 1)


def merge(tested: Sequence[Tested], ranks: Ranks, fdr: float) -> list[tuple[Tested, IntArray]]:
    """Bring together the candidates that describe one campaign.

    Claimed candidates (q at or below `fdr`) that overlap are united, content first, the largest
    first; others that overlap with one already there add nothing. A party belongs to the first
    that has it, and what is left of a later one must still be large enough and extract.

    Returns:
        Each leading candidate with its parties, sorted.
    """
    groups: list[tuple[Tested, set[int], set[int]]] = []
    for item in sorted(tested, key=lambda t: _precedence(t, fdr)):
        parties = set(item.candidate.parties.tolist())
        for _, own, claimed in groups:
            if len(parties & own) >= OVERLAP * min(len(parties), len(own)):
                if item.q_value <= fdr and not item.one_customer:
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
    """Order candidates: claims that can reach `act` first, then by q, family, size and p."""
    family = FAMILIES.index(item.candidate.family)
    size = item.candidate.parties.size
    late = item.q_value > fdr
    return (late or item.one_customer, late, item.q_value, family, -size, item.p_value)
