"""Genuine traffic in every account (A2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.range._ordinary import homes, ordinary
from stillwatch.range._rows import undecided
from stillwatch.range.contracts import Draft, Share, Tactic, World


@dataclass(frozen=True, slots=True)
class Cover:
    """Turns a share of each account's exchanges into ordinary ones.

    Attributes:
        share: Share of the exchanges that are genuine.
    """

    name: ClassVar[str] = "cover"
    summary: ClassVar[str] = "genuine traffic mixed into every account"
    tactics: ClassVar[tuple[str, ...]] = ("A2",)
    source: ClassVar[str] = "C4: mixed with real customers; 0, 50, 95 and 99 % are swept"

    share: Share = 0.3

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Put what an ordinary person would have sent in place of some requests."""
        accounts, n = draft.accounts, len(draft.accounts)
        genuine = draft.harvests & (rng.random(len(draft)) < self.share)
        rows = np.flatnonzero(genuine)
        counts = np.bincount(draft.account[rows], minlength=n)
        people = ordinary(rng, world, accounts, counts, homes(rng, n, 0.3))
        order = rows[np.argsort(draft.account[rows], kind="stable")]
        place = np.full(len(draft), -1, dtype=np.int64)
        place[order] = np.arange(len(order))
        time_us, address = draft.time_us.copy(), draft.address.copy()
        time_us[order], address[order] = people.time_us, people.address
        taken = pa.array(place, mask=place < 0)
        return replace(
            undecided(draft, genuine),
            time_us=time_us,
            address=address,
            item=np.where(genuine, -1, draft.item),
            user=pc.coalesce(people.user.take(taken), draft.user),
            response=pc.coalesce(people.response.take(taken), draft.response),
        )


TACTIC: Tactic = Cover()
