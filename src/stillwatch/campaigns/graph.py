"""The link graph of one evidence family: parties on shared keys.

A shared key is a hub and its parties are its spokes, so a group of n parties costs n edges. Hubs
weigh by rarity, log(N / n): what everybody shares weighs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillwatch.core.compiled import kernel
from stillwatch.core.contracts import Incidence
from stillwatch.core.records import Family

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


GRID: Final = 256
"""Points at which what is shared by chance is tabulated."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What one linker found."""

    linker: str
    proposes: bool
    incidence: Incidence


@dataclass(frozen=True, slots=True)
class FamilyGraph:
    """Parties on the hubs of one family, in both directions.

    Attributes:
        family: The evidence family.
        linkers: Names of its linkers.
        parties: Number of parties N, linked or not.
        hub_linker: Index into `linkers` of each hub, shape (h,).
        hub_key: The shared key of each hub, shape (h,).
        hub_proposes: Whether the hub may propose candidates, shape (h,).
        hub_size: Parties on each hub, shape (h,).
        weight: Rarity weight of each hub, log(N / size), shape (h,).
        party, hub, uses: One entry a spoke, sorted by hub, then party.
        starts: First spoke of each hub, shape (h + 1,).
        hubs_of, hubs_start: The hubs of party i are hubs_of[hubs_start[i]:hubs_start[i + 1]].
        chance: What parties of some number of keys share by chance.
    """

    family: Family
    linkers: tuple[str, ...]
    parties: int
    hub_linker: IntArray
    hub_key: IntArray
    hub_proposes: NDArray[np.bool_]
    hub_size: IntArray
    weight: FloatArray
    party: IntArray
    hub: IntArray
    uses: IntArray
    starts: IntArray
    hubs_of: IntArray
    hubs_start: IntArray
    chance: Chance

    def members(self, hub: int) -> IntArray:
        """Return the parties on one hub."""
        return self.party[self.starts[hub] : self.starts[hub + 1]]

    def sharing(self, groups: IntArray) -> FloatArray:
        """Return the rarity-weighted sharing inside each group: sum of weight x (users - 1).

        Args:
            groups: Party indices, shape (k, c), distinct within a row.

        Returns:
            Statistics, shape (k,).
        """
        return _sharing(groups, self.hubs_start, self.hubs_of, self.weight)

    def excess(self, groups: IntArray) -> FloatArray:
        """Return how far the sharing inside each group exceeds that of parties as busy.

        Who touches many keys shares many by chance. That much is taken off, and what is left is
        measured in units of its spread under chance (for counts, its square root).

        Args:
            groups: Party indices, shape (k, c), distinct within a row.

        Returns:
            Statistics, shape (k,).
        """
        expected = self.chance.of(groups)
        excess: FloatArray = (self.sharing(groups) - expected) / np.sqrt(1.0 + expected)
        return excess


@dataclass(frozen=True, slots=True)
class Chance:
    """What a group shares when every party's keys are drawn by the popularity of keys alone.

    A key that s parties touch is then touched by m = s x (keys of the group) / (all spokes)
    members on average, and its users beyond the first are m - 1 + exp(-m) (Poisson). Nobody shares
    with itself: the keys of a group are the root of their square less the squares of each member's.

    Attributes:
        degree: Keys of each party by linker, shape (n, linkers).
        keys: Keys of a group, a grid, shape (g,).
        shared: Weighted sharing expected at each, shape (linkers, g).

    Source: Chung and Lu 2002, Connected components in random graphs with given degrees.
    """

    degree: FloatArray
    keys: FloatArray
    shared: FloatArray

    def of(self, groups: IntArray) -> FloatArray:
        """Return the weighted sharing expected inside each group, shape (k,)."""
        degree = self.degree[groups]
        keys = np.sqrt(degree.sum(axis=1) ** 2 - (degree**2).sum(axis=1))
        columns = [
            np.interp(keys[:, linker], self.keys, shared)
            for linker, shared in enumerate(self.shared)
        ]
        total: FloatArray = np.sum(columns, axis=0)
        return total


def _chance(party: IntArray, linker: IntArray, size: IntArray, hub: IntArray, n: int) -> Chance:
    """Tabulate what is shared by chance; sizes of hubs repeat, so there are few terms."""
    linkers = int(linker.max(initial=-1)) + 1
    place = party * max(linkers, 1) + linker[hub]
    degree = np.bincount(place, minlength=n * max(linkers, 1)).astype(np.float64)
    keys = np.concatenate([[0.0], np.geomspace(1.0, max(party.size, 2), GRID)])
    shared = np.zeros((linkers, keys.size))
    for index in range(linkers):
        sizes, hubs = np.unique(size[linker == index], return_counts=True)
        heavy = np.log(max(n, 1) / np.maximum(sizes, 1)) * hubs
        spokes = max(int(size[linker == index].sum()), 1)
        mean = np.outer(keys, sizes / spokes)
        shared[index] = (mean + np.expm1(-mean)) @ heavy
    return Chance(degree.reshape(n, max(linkers, 1)), keys, shared)


def build(family: Family, linked: Sequence[Linked], parties: int) -> FamilyGraph:
    """Put the links of one family into one graph."""
    sizes = [item.incidence.key.size for item in linked]
    key = np.concatenate([np.empty(0, np.int64), *(item.incidence.key for item in linked)])
    party = np.concatenate([np.empty(0, np.int32), *(item.incidence.party for item in linked)])
    uses = np.concatenate([np.empty(0, np.int64), *(item.incidence.uses for item in linked)])
    source = np.repeat(np.arange(len(linked)), sizes)
    order = np.lexsort((party, key, source))
    key, party, uses, source = key[order], party[order].astype(np.int64), uses[order], source[order]
    new = np.ones(key.size, dtype=bool)
    new[1:] = (key[1:] != key[:-1]) | (source[1:] != source[:-1])
    hub = np.cumsum(new) - 1
    starts = np.append(np.flatnonzero(new), key.size)
    size = np.diff(starts)
    by_party = np.lexsort((hub, party))
    return FamilyGraph(
        family=family,
        linkers=tuple(item.linker for item in linked),
        parties=parties,
        hub_linker=source[new],
        hub_key=key[new],
        hub_proposes=np.array([item.proposes for item in linked], dtype=bool)[source[new]],
        hub_size=size,
        weight=np.log(max(parties, 1) / np.maximum(size, 1)),
        party=party,
        hub=hub,
        uses=uses,
        starts=starts,
        hubs_of=hub[by_party],
        hubs_start=np.searchsorted(party[by_party], np.arange(parties + 1)),
        chance=_chance(party, source[new], size, hub, parties),
    )


@kernel
def _sharing(
    groups: IntArray, hubs_start: IntArray, hubs_of: IntArray, weight: FloatArray
) -> FloatArray:
    seen = np.zeros(weight.size, dtype=np.int32)
    result = np.zeros(groups.shape[0])
    for row in range(groups.shape[0]):
        total = 0.0
        mark = np.int32(row + 1)
        for column in range(groups.shape[1]):
            party = groups[row, column]
            for i in range(hubs_start[party], hubs_start[party + 1]):
                hub = hubs_of[i]
                total += weight[hub] * (seen[hub] == mark)  # a branch would be guessed wrong
                seen[hub] = mark
        result[row] = total
    return result
