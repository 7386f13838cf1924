"""Retargets at a release (A18)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from stillwatch.range._assemble import NEW_MODEL
from stillwatch.range._wording import put
from stillwatch.range.contracts import HOUR_US, Draft, Share, Tactic, World


@dataclass(frozen=True, slots=True)
class Release:
    """Moves part of the harvest to a new model within a day of its release.

    Attributes:
        share: Share of the requests that move.
        within_hours: Time in which the accounts follow.
    """

    name: ClassVar[str] = "release"
    summary: ClassVar[str] = "half of the traffic on a new model within 24 hours"
    tactics: ClassVar[tuple[str, ...]] = ("A18",)
    source: ClassVar[str] = "C3: about half of the traffic moved within 24 hours"

    share: Share = 0.55
    within_hours: float = 20.0

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Choose the new model for a share of the requests after the release."""
        delay = rng.uniform(0.0, self.within_hours, len(draft.accounts)) * HOUR_US
        after = draft.time_us > world.span.release_us + delay[draft.account]
        moved = draft.harvests & after & (rng.random(len(draft)) < self.share)
        return put(draft, "model", moved, pa.repeat(NEW_MODEL, len(draft)))


TACTIC: Tactic = Release()
