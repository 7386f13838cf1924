"""Re-sends a fixed set to see whether answers change (A20)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from stillwatch.range._text import in_english, prompts
from stillwatch.range._wording import put, reworded
from stillwatch.range.contracts import Draft, Share, Tactic, World


@dataclass(frozen=True, slots=True)
class Probing:
    """Sends the same items from many accounts, day after day.

    Attributes:
        share: Share of the requests that probe.
        items: Size of the fixed set.
    """

    name: ClassVar[str] = "probing"
    summary: ClassVar[str] = "a fixed regression set compared across accounts"
    tactics: ClassVar[tuple[str, ...]] = ("A20",)
    source: ClassVar[str] = "AA26-251A: quality harnesses that look for countermeasures"

    share: Share = 0.15
    items: int = 25

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Replace some requests by items of the fixed set."""
        del world
        probes = draft.harvests & (rng.random(len(draft)) < self.share)
        bank = prompts(rng, "study", in_english(self.items))
        which = rng.integers(self.items, size=len(draft))
        done = reworded(draft, probes, bank.take(pa.array(which)))
        cold = pa.array(np.zeros(len(draft)))
        return put(done, "temperature", probes, cold)


TACTIC: Tactic = Probing()
