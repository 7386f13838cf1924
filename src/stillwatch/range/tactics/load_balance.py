"""A balancer that keeps the total smooth (A3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from stillwatch.range._rhythm import inside
from stillwatch.range.contracts import DAY_US, Draft, Tactic, World


@dataclass(frozen=True, slots=True)
class LoadBalance:
    """Spaces the requests of the whole pool evenly: what one account sends, another does not.

    Attributes:
        jitter: Deviation of each request from its slot, in slots.
    """

    name: ClassVar[str] = "load_balance"
    summary: ClassVar[str] = "an even total, dealt out to whichever account is free"
    tactics: ClassVar[tuple[str, ...]] = ("A3",)
    source: ClassVar[str] = "vendor report, February 2026: synchronised traffic"

    jitter: float = 0.5

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Give each request that harvests a slot of its own on an even time line."""
        rows = np.flatnonzero(draft.harvests)
        slot = rng.permutation(len(rows)) + self.jitter * rng.standard_normal(len(rows))
        share = np.clip(slot / max(len(rows), 1), 0.0, 1.0 - 1e-9)
        time_us = draft.time_us.copy()
        time_us[rows] = inside(share * world.span.days * DAY_US, world.span)
        return replace(draft, time_us=time_us)


TACTIC: Tactic = LoadBalance()
