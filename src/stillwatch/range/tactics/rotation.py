"""Rotates a different prompt in every few days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa

from stillwatch.range._text import fill, join
from stillwatch.range._wording import reworded
from stillwatch.range.contracts import DAY_US, START_US, Draft, Tactic, World

OPENINGS: Final = (
    "{Sentence} Keep that in mind. {Sentence}",
    "As agreed with the {adj} {noun}, {clause}. {Sentence}",
    "Rules of today: {clause}; {clause}; {clause}.",
)


@dataclass(frozen=True, slots=True)
class Rotation:
    """Changes the opening of the harvest prompt with time.

    Attributes:
        every_days: How long an opening lasts.
    """

    name: ClassVar[str] = "rotation"
    summary: ClassVar[str] = "another opening every few days"
    tactics: ClassVar[tuple[str, ...]] = ()
    source: ClassVar[str] = "evasion sweep: template fixed, paraphrased, rotating"

    every_days: float = 2.0

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Put the opening of the day before each prompt that harvests."""
        slot = ((draft.time_us - START_US) / (self.every_days * DAY_US)).astype(np.int64)
        openings = fill(rng, OPENINGS, int(world.span.days / self.every_days) + 2)
        lead = openings.take(pa.array(np.clip(slot, 0, len(openings) - 1)))
        return reworded(draft, draft.harvests, join(lead, draft.user, gap=" "))


TACTIC: Tactic = Rotation()
