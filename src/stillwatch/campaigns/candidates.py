"""Candidates: groups of parties that one evidence family proposes.

The shared keys are clustered, not the parties: keys with overlapping users form a graph, which
constant-Potts Leiden cuts (never modularity, which fuses unrelated groups). A candidate is the
parties on the keys of one cluster. A group of 20,000 parties on one template is then one key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from stillwatch.campaigns.graph import FamilyGraph
from stillwatch.core.records import Family

IntArray = NDArray[np.int64]

MIN_PARTIES: Final = 5
"""A smaller group is not looked at."""
MAX_KEYS_PER_PARTY: Final = 256
"""A party takes part with its strongest keys only, so that the work stays linear."""
CONTAINED: Final = 0.9
"""What lies in something wider to this share is looked at as a part of it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposed group: found by one family, to be tested on the others.

    Attributes:
        family: The family that found it.
        parties: Sorted party indices.
    """

    family: Family
    parties: IntArray


@dataclass(frozen=True, slots=True)
class Proposer:
    """How candidates are proposed.

    Attributes:
        min_parties: Smaller groups are not proposed.
        max_share: Keys that more than this share of all parties touch are public, not shared. A
            cluster that more than this share touch is cut again, finer: nobody comparable would
            be left to hold it against.
        min_overlap: Two keys are joined when this share of the smaller one's users is common.
        resolution: Density of joined keys at which a cluster holds together (CPM).
        lift: Overlap must exceed that of independent keys by this factor.
    """

    min_parties: int = MIN_PARTIES
    max_share: float = 0.25
    min_overlap: float = 0.25
    resolution: float = 0.1
    lift: float = 5.0

    def propose(self, graph: FamilyGraph, seed: int) -> list[Candidate]:
        """Return the candidates of one family, largest first; none where nothing is shared."""
        eligible = graph.hub_proposes & (graph.hub_size >= 3)
        eligible &= graph.hub_size <= self._most(graph)
        uses, hubs = _uses(graph, np.flatnonzero(eligible))
        if not hubs.size:
            return []
        whole = np.flatnonzero(~_parts(uses))
        found = self._cut(graph, hubs[whole], _marked(uses[:, whole]), self.resolution, seed)
        kept = [item for item in found if item.parties.size >= self.min_parties]
        return sorted(kept, key=lambda item: (-item.parties.size, item.parties.tolist()))

    def _most(self, graph: FamilyGraph) -> float:
        return max(self.min_parties, self.max_share * graph.parties)

    def _cut(
        self, graph: FamilyGraph, hubs: IntArray, touched: Any, resolution: float, seed: int
    ) -> list[Candidate]:
        """Return the users of each cluster of hubs, the columns of a parties x hubs matrix.

        A cluster of too many is cut again at twice the resolution. That ends: no overlap exceeds
        1, so beyond that resolution every hub is a cluster by itself.
        """
        labels = self._cluster(touched, resolution, seed)
        order = np.argsort(labels, kind="stable")
        found: list[Candidate] = []
        for group in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
            parties = np.unique(np.concatenate([graph.members(hub) for hub in hubs[group]]))
            if group.size > 1 and parties.size > self._most(graph):
                part = touched[:, group]
                found += self._cut(graph, hubs[group], part, 2 * resolution, seed)
            else:
                found.append(Candidate(graph.family, parties))
        return found

    def _cluster(self, touched: Any, resolution: float, seed: int) -> IntArray:
        """Label the columns (hubs) of a parties x hubs matrix by their common users."""
        import graspologic_native  # noqa: PLC0415 (loaded with the first clustering)

        size = np.asarray(touched.sum(axis=0)).ravel()
        common = (touched.T @ touched).tocoo()
        row, column, count = common.row, common.col, common.data
        overlap = count / np.minimum(size[row], size[column])
        expected = size[row] * size[column] / touched.shape[0]
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
            resolution=resolution,
            use_modularity=False,
            iterations=2,
            seed=seed,
        )
        alone = size.size + np.arange(size.size)
        alone[list(labels.keys())] = list(labels.values())
        return alone


def _uses(graph: FamilyGraph, hubs: IntArray) -> tuple[Any, IntArray]:
    """Return the parties x hubs matrix of uses; hubs with the same users are one column."""
    hubs = _distinct(graph, hubs)
    place = np.full(graph.hub_size.size, -1)
    place[hubs] = np.arange(hubs.size)
    spokes = np.flatnonzero(place[graph.hub] >= 0)
    strength = graph.hub_size * graph.weight
    order = np.lexsort((graph.hub[spokes], -strength[graph.hub[spokes]], graph.party[spokes]))
    spokes = spokes[order]
    rank = np.arange(spokes.size) - np.searchsorted(graph.party[spokes], graph.party[spokes])
    spokes = spokes[rank < MAX_KEYS_PER_PARTY]
    used, column = np.unique(graph.hub[spokes], return_inverse=True)
    matrix = sparse.csr_array(
        (graph.uses[spokes].astype(np.float64), (graph.party[spokes], column)),
        shape=(graph.parties, used.size),
    )
    return matrix, used


def _distinct(graph: FamilyGraph, hubs: IntArray) -> IntArray:
    """Keep one of the hubs that have the same users."""
    marks = np.random.default_rng(0).integers(2**63, size=graph.parties, dtype=np.uint64)
    sums = np.append(np.uint64(0), np.cumsum(marks[graph.party], dtype=np.uint64))
    users = sums[graph.starts[hubs + 1]] - sums[graph.starts[hubs]]
    _, first = np.unique(users, return_index=True)
    return np.sort(hubs[first])


def _marked(uses: Any) -> Any:
    """Return the matrix with 1 for every entry."""
    return sparse.csr_array((np.ones(uses.nnz), uses.indices, uses.indptr), shape=uses.shape)


def _parts(uses: Any) -> NDArray[np.bool_]:
    """Say which hubs are a part of a wider one.

    What comes back in less than half of the exchanges in which its users touch a wider hub is no
    template of its own: it is what the wider one is filled with now and then.
    """
    touched = _marked(uses)
    size, total = (np.asarray(each.sum(axis=0)).ravel() for each in (touched, uses))
    common = sparse.csr_array(touched.T @ touched)
    wider = sparse.csr_array(touched.T @ uses)
    common.sort_indices()
    wider.sort_indices()
    row = np.repeat(np.arange(size.size), np.diff(common.indptr))
    part = (common.data >= CONTAINED * size[row]) & (size[common.indices] > size[row])
    part &= 2.0 * total[row] < wider.data
    return np.bincount(row[part], minlength=size.size) > 0


def membership(candidates: Sequence[Candidate], parties: int) -> Any:
    """Return which candidate holds which party: 1 for each, candidates x parties, sparse."""
    sizes = [item.parties.size for item in candidates]
    rows = np.repeat(np.arange(len(candidates)), sizes)
    columns = np.concatenate([np.empty(0, np.int64), *(item.parties for item in candidates)])
    return sparse.csr_array((np.ones(rows.size), (rows, columns)), shape=(len(candidates), parties))


def overlaps(candidates: Sequence[Candidate], parties: int) -> Any:
    """Return how many parties each two candidates have in common, a sparse matrix."""
    held = membership(candidates, parties)
    return sparse.csr_array(held @ held.T)


def distinct(candidates: Sequence[Candidate], parties: int) -> list[Candidate]:
    """Leave out candidates that lie in one kept before them, no more than twice as large.

    Looks at nothing but who the parties are, so it takes nothing from the tests that follow.
    """
    common = overlaps(candidates, parties)
    kept = np.zeros(len(candidates), dtype=bool)
    for i, item in enumerate(candidates):
        row = slice(common.indptr[i], common.indptr[i + 1])
        larger = kept[common.indices[row]] & (common.data[row] >= CONTAINED * item.parties.size)
        sizes = [candidates[j].parties.size for j in common.indices[row][larger]]
        kept[i] = not any(size <= 2 * item.parties.size for size in sizes)
    return [item for item, stays in zip(candidates, kept, strict=True) if stays]
