"""The link graph of one evidence family: parties on shared keys.

A shared key is a hub and its parties are its spokes, so a group of n parties costs n edges. Hubs
weigh by rarity, log(N / n): what everybody shares weighs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.core.compiled import kernel
from stillwatch.core.contracts import Incidence
from stillwatch.core.records import Family

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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
