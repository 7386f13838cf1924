"""SynchroTrap: accounts that do the same to the same objects at about the same time, repeatedly.

An exchange is an action on two objects, its address and the opening of its prompt. Two actions of
two accounts match when they have the same object and lie within Δ. Sim(a, b) is the number of
matched actions over the number of all actions of both; accounts of enough similarity are linked,
single linkage makes clusters, and small clusters are dropped. The score is the cluster's size, or
below 1 the best similarity outside one.
Caps: each action is compared with the next 50 on the same object.
Blind spots: jitter beyond Δ; unique objects; offices whose people work the same hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from stillwatch.range.baselines._clusters import sizes
from stillwatch.range.contracts import AccountView, Baseline, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class SynchroTrap:
    """Scores an account by the size of its cluster of synchronous accounts.

    Attributes:
        delta_seconds: Two actions further apart do not match.
        threshold: Similarity that links two accounts.
        least: Accounts below which a cluster is dropped.
        lags: Following actions on the same object that an action is compared with.
        characters: Length of an opening.
    """

    name: ClassVar[str] = "synchrotrap"
    summary: ClassVar[str] = "Clusters of accounts whose actions match in object and time."
    source: ClassVar[str] = "Cao, Yang, Yu and Palow 2014, SynchroTrap, CCS"

    delta_seconds: int = 3600
    threshold: float = 0.2
    least: int = 3
    lags: int = 50
    characters: int = 40

    def score(self, view: AccountView) -> FloatArray:
        """Return the cluster's size, or the best similarity where there is none."""
        n = len(view.accounts)
        first, second, similar = _similarity(view.owner, *self._matches(view), n)
        best = np.zeros(n)
        np.maximum.at(best, first, similar)
        np.maximum.at(best, second, similar)
        linked = similar >= self.threshold
        edges = coo_array((similar[linked], (first[linked], second[linked])), shape=(n, n))
        size = sizes(connected_components(edges, directed=False)[1].astype(np.int64))
        return np.where(size >= self.least, size, np.minimum(best, 1.0))

    def _matches(self, view: AccountView) -> tuple[IntArray, IntArray]:
        """Return pairs of rows of `exchanges` that match, on either kind of object."""
        heads = pc.utf8_slice_codeunits(view.prompts, 0, self.characters)
        found = [
            self._on(pc.fill_null(column.dictionary_encode().indices, -1).to_numpy(), view)
            for column in (view.exchanges["ip"].combine_chunks(), heads)
        ]
        return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])

    def _on(self, thing: IntArray, view: AccountView) -> tuple[IntArray, IntArray]:
        order = np.lexsort((view.time_us, thing))
        order = order[thing[order] >= 0]
        thing, when, who = thing[order], view.time_us[order], view.owner[order]
        left: list[IntArray] = [np.zeros(0, dtype=np.int64)]
        right: list[IntArray] = [np.zeros(0, dtype=np.int64)]
        for lag in range(1, min(self.lags + 1, len(order))):
            near = (thing[lag:] == thing[:-lag]) & (
                when[lag:] - when[:-lag] <= self.delta_seconds * 1_000_000
            )
            if not near.any():
                break
            at = np.flatnonzero(near & (who[lag:] != who[:-lag]))
            left.append(order[at])
            right.append(order[at + lag])
        return np.concatenate(left), np.concatenate(right)


def _similarity(
    owner: IntArray, left: IntArray, right: IntArray, n: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return pairs of accounts and the share of their actions that match."""
    action, other = np.concatenate((left, right)), owner[np.concatenate((right, left))]
    action, other = np.unique(np.column_stack((action, other)), axis=0).T
    pair, matched = np.unique(owner[action] * n + other, return_counts=True)
    a, b = pair // max(n, 1), pair % max(n, 1)
    back = matched[np.searchsorted(pair, b * n + a)] if len(pair) else matched
    shared = np.minimum(matched, back)[a < b]
    a, b = a[a < b], b[a < b]
    total = np.bincount(owner, minlength=n)
    return a, b, shared / np.maximum(total[a] + total[b] - shared, 1)


BASELINE: type[Baseline] = SynchroTrap
