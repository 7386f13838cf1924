"""Candidates: groups of parties that one evidence family proposes.

The shared keys are clustered, not the parties: keys with overlapping users form a graph, which
constant-Potts Leiden cuts (never modularity, which fuses unrelated groups). A candidate is the
parties on the keys of one cluster. A group of 20,000 parties on one template is then one key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stillwatch.campaigns.graph import FamilyGraph
from stillwatch.core.records import Family

IntArray = NDArray[np.int64]

MAX_KEYS_PER_PARTY: Final = 64
"""A party takes part with its rarest keys only, so that the work stays linear."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposed group: found by one family, to be tested on the others.

    Attributes:
        family: The family that found it.
        parties: Sorted party indices.
        hubs: Sorted hub indices in that family's graph.
    """

    family: Family
    parties: IntArray
    hubs: IntArray


@dataclass(frozen=True, slots=True)
class Proposer:
    """How candidates are proposed.

    Attributes:
        min_parties: Smaller groups are not proposed.
        max_share: Keys that more than this share of all parties touch are public, not shared.
        min_overlap: Two keys are joined when this share of the smaller one's users is common.
        resolution: Density of joined keys at which a cluster holds together (CPM).
        lift: Overlap must exceed that of independent keys by this factor.
    """

    min_parties: int = 5
    max_share: float = 0.25
    min_overlap: float = 0.25
    resolution: float = 0.1
    lift: float = 5.0

    def propose(self, graph: FamilyGraph, seed: int) -> list[Candidate]:
        """Return the candidates of one family, largest first; none where nothing is shared."""
        eligible = graph.hub_proposes & (graph.hub_size >= 3)
        eligible &= graph.hub_size <= max(self.min_parties, self.max_share * graph.parties)
        incidence, hubs = _incidence(graph, np.flatnonzero(eligible))
        if not hubs.size:
            return []
        labels = self._cluster(incidence, graph.parties, seed)
        order = np.argsort(labels, kind="stable")
        found = [
            self._candidate(graph, hubs[group])
            for group in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
        ]
        kept = [item for item in found if item.parties.size >= self.min_parties]
        return sorted(kept, key=lambda item: (-item.parties.size, item.parties.tolist()))

    def _candidate(self, graph: FamilyGraph, hubs: IntArray) -> Candidate:
        parties = np.unique(np.concatenate([graph.members(hub) for hub in hubs]))
        return Candidate(graph.family, parties, np.sort(hubs))

    def _cluster(self, incidence: Any, parties: int, seed: int) -> IntArray:
        """Cluster the columns (hubs) of a parties x hubs matrix by their common users."""
        import graspologic_native  # noqa: PLC0415 (loaded with the first clustering)

        size = np.asarray(incidence.sum(axis=0)).ravel()
        common = (incidence.T @ incidence).tocoo()
        row, column, count = common.row, common.col, common.data
        overlap = count / np.minimum(size[row], size[column])
        expected = size[row] * size[column] / parties
        keep = (row != column) & (count >= 2) & (overlap >= self.min_overlap)
        keep &= count >= self.lift * expected
        joined = sparse.csr_array(
            (overlap[keep], (row[keep], column[keep])), shape=(size.size, size.size)
        )
        if not joined.nnz:
            return np.arange(size.size)
        _, labels = graspologic_native.leiden_csr(
            joined.indptr.astype(np.int64),
            joined.indices.astype(np.int32),
            joined.data,
            size.size,
            resolution=self.resolution,
            use_modularity=False,
            iterations=2,
            seed=seed,
        )
        alone = size.size + np.arange(size.size)
        alone[list(labels.keys())] = list(labels.values())
        return alone


def _incidence(graph: FamilyGraph, hubs: IntArray) -> tuple[Any, IntArray]:
    """Return the parties x hubs matrix; hubs with the same users are one column and one entry."""
    place = np.full(graph.hub_size.size, -1)
    place[hubs] = np.arange(hubs.size)
    spokes = np.flatnonzero(place[graph.hub] >= 0)
    party, hub = graph.party[spokes], graph.hub[spokes]
    order = np.lexsort((graph.hub_size[hub], party))
    party, hub = party[order], hub[order]
    rank = np.arange(party.size) - np.searchsorted(party, party)
    keep = rank < MAX_KEYS_PER_PARTY
    party, hub = party[keep], hub[keep]
    used = np.unique(hub)
    matrix = sparse.csr_array(
        (np.ones(party.size), (party, np.searchsorted(used, hub))),
        shape=(graph.parties, used.size),
    )
    return matrix, used
