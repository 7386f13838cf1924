"""First null: the group is not coordinated.

In words: given who was proposed by one evidence family, what its members share in the *other*
families is what parties of the same strata share by chance. Randomised by us: groups of the same
size are drawn from the same strata (plan, verification, activity, age, time of day), so the
popularity of a key, and every party's own keys, stay as they are. The family that proposed the
group proves nothing about it: selection is kept out by splitting the families.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.candidates import Candidate
from stillwatch.campaigns.graph import FamilyGraph
from stillwatch.core.records import FAMILIES, Family
from stillwatch.core.results import FamilyTest
from stillwatch.stats import evalues
from stillwatch.stats.permutation import Strata, monte_carlo_p

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Draw = Callable[[np.random.Generator, int], IntArray]

ROOM: Final = 4
"""A stratum must hold this many times the members drawn from it, or a coarser one is used."""


class Population:
    """All parties in strata of decreasing fineness.

    Args:
        codes: Stratum codes of the parties, finest first, each shape (n,).
    """

    def __init__(self, codes: Sequence[IntArray]) -> None:
        coarsest = np.zeros(codes[0].size, dtype=np.int64)
        self._levels = [Strata(level) for level in (*codes, coarsest)]

    def like(self, members: IntArray) -> Draw:
        """Return what draws k groups that match the members stratum by stratum, shape (k, c).

        Members whose stratum is too small to draw from are matched on the next coarser level.
        """
        left = members
        parts: list[tuple[Strata, IntArray]] = []
        for level in self._levels:
            codes = level.codes[left]
            wanted = np.bincount(codes, minlength=level.sizes.size)
            if level is self._levels[-1]:
                roomy = np.ones(left.size, dtype=bool)
            else:
                roomy = (level.sizes >= ROOM * wanted)[codes]
            if roomy.any():
                wanted = np.bincount(codes[roomy], minlength=level.sizes.size)
                parts.append((level, wanted))
            left = left[~roomy]
        return lambda rng, k: np.concatenate(
            [level.draw(wanted, rng, k) for level, wanted in parts], axis=1
        )


@dataclass(frozen=True, slots=True)
class Coordination:
    """How unlikely a group's sharing is by chance.

    Attributes:
        p_value: Bonferroni over the families tested; NaN when none could be.
        e_value: Average of the families' e-values, with equal weights fixed beforehand.
        tests: One entry a family, the proposing one included.
    """

    p_value: float
    e_value: float
    tests: tuple[FamilyTest, ...]


@dataclass(frozen=True, slots=True)
class CoordinationTest:
    """Tests candidates against random groups of the same strata.

    Attributes:
        finest: The p-value of a candidate that no draw matches is just below it; this says how
            many draws are made.
        exceedances: Draws that match before the test stops early (Besag and Clifford 1991). One
            is enough to place a p-value above or below `finest`, more to tell how large it is.
    """

    finest: float = 0.0001
    exceedances: int = 20

    def run(
        self,
        candidate: Candidate,
        graphs: Mapping[Family, FamilyGraph],
        population: Population,
        rng: np.random.Generator,
    ) -> Coordination:
        """Test one candidate on every family but the one that proposed it.

        Behaviour is content: a candidate that shared infrastructure proposed is tested on content
        alone, since a company that shares cards and addresses is coordinated in no sense that
        matters here.
        """
        by_content = candidate.family == "content"
        testing = [f for f in FAMILIES if f in graphs and (f == "content") != by_content]
        draw = population.like(candidate.parties)
        tests: list[FamilyTest] = []
        for family in FAMILIES:
            if family in testing:
                finest = self.finest / len(testing)
                tests.append(self._test(candidate.parties, graphs[family], draw, rng, finest))
            elif family == candidate.family and family in graphs:
                observed = float(graphs[family].excess(candidate.parties[None, :])[0])
                tests.append(FamilyTest(family, "found", observed, 0.0, None, None, 0))
            else:
                tests.append(FamilyTest(family, "abstained", 0.0, 0.0, None, None, 0))
        tested = [test for test in tests if test.p_value is not None]
        if not tested:
            return Coordination(np.nan, 0.0, tuple(tests))
        p = min(1.0, len(tested) * min(test.p_value or 1.0 for test in tested))
        e = float(np.mean([test.e_value for test in tested]))
        return Coordination(p, e, tuple(tests))

    def _test(
        self,
        parties: IntArray,
        graph: FamilyGraph,
        draw: Draw,
        rng: np.random.Generator,
        finest: float,
    ) -> FamilyTest:
        observed = float(graph.excess(parties[None, :])[0])
        result = monte_carlo_p(
            observed,
            lambda generator, k: graph.excess(draw(generator, k)),
            rng,
            max_draws=math.ceil(1.0 / finest),
            exceedances=self.exceedances,
        )
        e = float(evalues.power_calibrator(result.p))
        return FamilyTest(graph.family, "tested", observed, result.mean, result.p, e, result.draws)
