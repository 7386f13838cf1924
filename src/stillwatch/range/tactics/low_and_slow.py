"""A cap on what an account sends a day (A4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.range._rows import selected
from stillwatch.range.contracts import DAY_US, START_US, Draft, Tactic, World


@dataclass(frozen=True, slots=True)
class LowAndSlow:
    """Drops requests that harvest beyond a daily cap.

    Attributes:
        most: Most requests that harvest of an account a day.
    """

    name: ClassVar[str] = "low_and_slow"
    summary: ClassVar[str] = "a daily cap for each account"
    tactics: ClassVar[tuple[str, ...]] = ("A4",)
    source: ClassVar[str] = "C12: about 4 requests a user; C5: about 26 an account and day"

    most: int = 6

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Keep the first requests that harvest of each account and day, and all genuine ones."""
        del rng, world
        day = (draft.time_us - START_US) // DAY_US
        rows = np.flatnonzero(draft.harvests)
        order = rows[np.lexsort((draft.time_us[rows], day[rows], draft.account[rows]))]
        key = (draft.account * 4096 + day)[order]
        opens = np.concatenate(([True], key[1:] != key[:-1]))[: len(key)]
        rank = np.arange(len(key)) - np.flatnonzero(opens)[np.cumsum(opens) - 1]
        kept = ~draft.harvests
        kept[order] = rank < self.most
        return selected(draft, kept)


TACTIC: Tactic = LowAndSlow()
