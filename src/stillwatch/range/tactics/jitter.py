"""Spreads the requests in time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from stillwatch.range._rhythm import inside
from stillwatch.range.contracts import HOUR_US, START_US, Draft, Tactic, World


@dataclass(frozen=True, slots=True)
class Jitter:
    """Moves each request by a random time.

    Attributes:
        hours: Standard deviation of the move.
    """

    name: ClassVar[str] = "jitter"
    summary: ClassVar[str] = "each request moved by hours"
    tactics: ClassVar[tuple[str, ...]] = ()
    source: ClassVar[str] = "evasion sweep: time jitter"

    hours: float = 6.0

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Move each request that harvests, within the span."""
        moved = draft.time_us - START_US + rng.normal(0.0, self.hours, len(draft)) * HOUR_US
        shifted = inside(moved, world.span)
        return replace(draft, time_us=np.where(draft.harvests, shifted, draft.time_us))


TACTIC: Tactic = Jitter()
