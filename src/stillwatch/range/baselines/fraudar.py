"""FRAUDAR: the densest block of accounts and the objects they share.

Accounts and objects (addresses, payments, openings of prompts, TLS fingerprints) are nodes, use is
an edge of weight 1 / ln(d + 5) where d is the number of accounts that use the object: what is
popular is cheap, so camouflage does not pay. The node of least weight is peeled off until none is
left. An account's score is the best density of the blocks that still held it: all of the best block
have the highest.
Blind spots: a campus gateway is dense; a campaign with unique objects is not. The density has no
error rate of its own.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow.compute as pc

from stillwatch.range._features import pairs
from stillwatch.range.contracts import AccountView, Baseline, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Fraudar:
    """Scores an account by the density of the densest peeled block that holds it.

    Attributes:
        columns: Columns of the exchanges whose values are objects.
        characters: Length of an opening of a prompt, which is an object too.
        offset: c of the weight 1 / ln(d + c).
    """

    name: ClassVar[str] = "fraudar"
    summary: ClassVar[str] = "Density of the densest block of accounts and shared objects."
    source: ClassVar[str] = "Hooi, Song, Beutel, Shah, Shin and Faloutsos 2016, FRAUDAR, KDD"

    columns: tuple[str, ...] = ("ip", "payment_id", "tls_fingerprint")
    characters: int = 40
    offset: float = 5.0

    def score(self, view: AccountView) -> FloatArray:
        """Return the density of the best block of each account."""
        n = len(view.accounts)
        account, thing = self._edges(view)
        weight = 1.0 / np.log(np.bincount(thing, minlength=1)[thing] + self.offset)
        return peel(account, thing + n, weight)[:n] if len(account) else np.zeros(n)

    def _edges(self, view: AccountView) -> tuple[IntArray, IntArray]:
        heads = pc.utf8_slice_codeunits(view.prompts, 0, self.characters)
        account, thing, known = [], [], 0
        for column in (heads, *(view.exchanges[name] for name in self.columns)):
            value, who = pairs(column, view.owner)
            account.append(who)
            thing.append(np.unique(value, return_inverse=True)[1] + known)
            known += int(thing[-1].max(initial=-1)) + 1
        return np.concatenate(account), np.concatenate(thing)


def peel(left: IntArray, right: IntArray, weight: FloatArray) -> FloatArray:
    """Peel nodes greedily; return for each node the best density before it went.

    Args:
        left: One end of each edge.
        right: The other end; node numbers of both kinds are disjoint.
        weight: Weight of each edge, positive.
    """
    nodes = int(max(left.max(), right.max())) + 1
    ends, other = np.concatenate((left, right)), np.concatenate((right, left))
    order = np.argsort(ends, kind="stable")
    start = np.concatenate(([0], np.cumsum(np.bincount(ends, minlength=nodes)))).tolist()
    near, cost = other[order].tolist(), np.concatenate((weight, weight))[order].tolist()
    load: list[float] = np.bincount(ends, np.concatenate((weight, weight)), nodes).tolist()
    gone, best = [False] * nodes, np.zeros(nodes)
    total, densest = float(weight.sum()), 0.0
    queue = [(w, k) for k, w in enumerate(load)]
    heapq.heapify(queue)
    alive = nodes
    while queue:
        w, k = heapq.heappop(queue)
        if gone[k] or w != load[k]:
            continue
        densest = max(densest, total / alive)
        best[k], gone[k], alive, total = densest, True, alive - 1, total - w
        for e in range(start[k], start[k + 1]):
            j = near[e]
            if not gone[j]:
                load[j] -= cost[e]
                heapq.heappush(queue, (load[j], j))
    return best


BASELINE: type[Baseline] = Fraudar
