"""Moves to a weaker model where the strong one refuses (A24)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa

from stillwatch.range._wording import put
from stillwatch.range.contracts import DAY_US, START_US, Draft, Share, Tactic, World

STRONG: Final = "atlas-4-think"
WEAK: Final = "atlas-4-mini"


@dataclass(frozen=True, slots=True)
class Arbitrage:
    """Meets refusals on the strong model and rises on a weaker one.

    Attributes:
        refused: Share of the requests to the strong model that are refused.
        weaker: Share of the requests that go to the weaker model, from 0 at the start to this.
    """

    name: ClassVar[str] = "arbitrage"
    summary: ClassVar[str] = "refusals on the strong model, growth on a weaker one"
    tactics: ClassVar[tuple[str, ...]] = ("A24",)
    source: ClassVar[str] = "C9: the actor switched model and lab"

    refused: Share = 0.3
    weaker: Share = 0.8

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Choose a model for each request that harvests."""
        progress = (draft.time_us - START_US) / (world.span.days * DAY_US)
        weak = rng.random(len(draft)) < self.weaker * np.clip(progress, 0.0, 1.0)
        names = pa.array([STRONG, WEAK]).take(pa.array(weak.astype(np.int64)))
        done = put(draft, "model", draft.harvests, names)
        fails = draft.harvests & ~weak & (rng.random(len(draft)) < self.refused)
        return put(done, "finish_reason", fails, pa.repeat("refusal", len(draft)))


TACTIC: Tactic = Arbitrage()
