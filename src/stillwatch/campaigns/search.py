"""From candidates to campaigns: both nulls, the false-discovery rate, merging."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns import extraction
from stillwatch.campaigns.candidates import Candidate, Proposer
from stillwatch.campaigns.coordination import Coordination, CoordinationTest, Population
from stillwatch.campaigns.scene import Scene
from stillwatch.stats.multiple_testing import replicability_q

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

COORDINATED: Final = 0.01
"""Candidates with a larger coordination p-value are not followed up."""
EXTRACTING: Final = 0.05
"""Candidates with a larger extraction p-value are not followed up."""
FDR_RULE: Final = "replicability of two nulls (Bogomolov and Heller 2018)"
SELECTION: Final = (
    "split by family: the evidence family that proposes a candidate is not used to test it"
)


@dataclass(frozen=True, slots=True)
class Tested:
    """A candidate with the verdict of both nulls."""

    candidate: Candidate
    coordination: Coordination
    p_extracting: float
    q_value: float

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
    """

    proposer: Proposer = field(default_factory=Proposer)
    test: CoordinationTest = field(default_factory=CoordinationTest)

    def run(self, scene: Scene, seed: int) -> list[Tested]:
        """Return all candidates tested, most significant first."""
        population = Population(scene.strata)
        index = scene.calibration.harvest(scene.scores)
        candidates = [
            candidate
            for graph in scene.graphs.values()
            for candidate in self.proposer.propose(graph, seed)
        ]
        coordinations = [
            self.test.run(candidate, scene.graphs, population, np.random.default_rng([seed, place]))
            for place, candidate in enumerate(candidates)
        ]
        ranks = _Ranks(scene, index)
        extracting = [extraction.merged_p(ranks.of(item.parties)) for item in candidates]
        q_values = replicability_q(
            [item.p_value for item in coordinations], extracting, COORDINATED, EXTRACTING
        )
        tested = [
            Tested(*parts)
            for parts in zip(
                candidates, coordinations, extracting, [float(q) for q in q_values], strict=True
            )
        ]
        return sorted(
            tested, key=lambda t: (_last(t.q_value), _last(t.p_value), t.candidate.parties.tolist())
        )


class _Ranks:
    """Conformal p-values of members' harvest index, without the group itself in the reference."""

    def __init__(self, scene: Scene, index: FloatArray) -> None:
        self._scene, self._index = scene, index
        self._against_profile = (
            None
            if scene.learned_here
            else scene.calibration.harvest_p(index, scene.segments, scene.ties)
        )
        known = ~np.isnan(index)
        self._sorted = np.sort(index[known])

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


def merge(tested: list[Tested], overlap: float = 0.5) -> list[tuple[Tested, IntArray]]:
    """Merge candidates that describe one campaign: the most significant leads.

    Returns:
        Each leading candidate with the union of the parties of those merged into it; a party
        belongs to the first campaign that claims it.
    """
    groups: list[tuple[Tested, set[int]]] = []
    for item in tested:
        parties = set(item.candidate.parties.tolist())
        for _, claimed in groups:
            if len(parties & claimed) >= overlap * min(len(parties), len(claimed)):
                claimed.update(parties)
                break
        else:
            groups.append((item, parties))
    taken: set[int] = set()
    merged = []
    for lead, claimed in groups:
        merged.append((lead, np.array(sorted(claimed - taken), dtype=np.int64)))
        taken |= claimed
    return [(lead, parties) for lead, parties in merged if parties.size]
