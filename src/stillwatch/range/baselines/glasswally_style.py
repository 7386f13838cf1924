"""The ensemble that Glasswally describes, written anew from its description.

Accounts that share a TLS fingerprint, a /24, an organisation or a payment are united. Five signals
are added with fixed weights: fingerprint 30 %, velocity 23 %, reasoning phrases 23 %, cluster 14 %,
a switch of models that the cluster makes together 10 %. The worst member's score is everyone's.
Left out: the fingerprint signal, whose list of bad fingerprints has no source, counts 0 as a silent
signal does there; the uplift by country has no place here.
Blind spots: one popular client unites everybody, and then all are as suspicious as the worst.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.range.baselines._clusters import prefix_of, sizes, united
from stillwatch.range.contracts import HOUR_US, AccountView, Baseline, FloatArray, IntArray

PHRASES: Final = (
    "step by step|chain of thought|show your (work|reasoning)|think (aloud|through)"
    "|explain your reasoning|internal reasoning|every (intermediate )?step"
)


@dataclass(frozen=True, slots=True)
class GlasswallyStyle:
    """Scores an account by the worst weighted sum of signals in its cluster, from 0 to 1.

    Attributes:
        hourly: Requests within an hour at which the velocity signal saturates.
        least: Accounts that make a cluster.
    """

    name: ClassVar[str] = "glasswally_style"
    summary: ClassVar[str] = "Union by client, /24, organisation, payment; worst member counts."
    source: ClassVar[str] = "Glasswally, its README (MIT); rules described, no code"

    hourly: float = 100.0
    least: int = 3

    def score(self, view: AccountView) -> FloatArray:
        """Return the largest sum of signals among the accounts of each account's cluster."""
        table = view.exchanges
        cluster = united(
            view,
            [
                table["tls_fingerprint"],
                prefix_of(view),
                table["organization_id"],
                table["payment_id"],
            ],
        )
        size = sizes(cluster)
        joined = size >= self.least
        own = 0.23 * self._velocity(view) + 0.23 * _reasoning(view)
        own += np.where(joined, 0.14 * np.minimum(size / 10.0, 1.0), 0.0)
        own += 0.10 * self._pivot(view, cluster)
        worst = np.zeros(len(own))
        np.maximum.at(worst, cluster, own)
        return np.where(joined, worst[cluster], own)

    def _velocity(self, view: AccountView) -> FloatArray:
        hour = np.unique(view.owner << 32 | view.time_us // HOUR_US, return_counts=True)
        most = np.zeros(len(view.accounts))
        np.maximum.at(most, hour[0] >> 32, hour[1] / self.hourly)
        return np.minimum(most, 1.0)

    def _pivot(self, view: AccountView, cluster: IntArray) -> FloatArray:
        """Tell whether at least three of a cluster, and half of it, end on another model."""
        column = view.exchanges["model"].combine_chunks().dictionary_encode()
        model = pc.fill_null(column.indices, -1).to_numpy()
        turned = np.array(
            [_mode(model[r[len(r) // 2 :]]) != _mode(model[r[: len(r) // 2]]) for r in view.turns],
            dtype=float,
        )
        many = np.bincount(cluster, turned, len(turned))[cluster]
        together = (many >= self.least) & (2 * many >= sizes(cluster))
        return np.where(together, turned, 0.0)


def _mode(codes: IntArray) -> int:
    return int(np.bincount(codes + 1).argmax()) if len(codes) else -1


def _reasoning(view: AccountView) -> FloatArray:
    hits = pc.match_substring_regex(view.prompts, PHRASES, ignore_case=True).cast(pa.float64())
    counts = np.bincount(view.owner, minlength=len(view.accounts))
    found = np.bincount(view.owner, hits.to_numpy(), len(counts))
    return found / np.maximum(counts, 1)


BASELINE: type[Baseline] = GlasswallyStyle
