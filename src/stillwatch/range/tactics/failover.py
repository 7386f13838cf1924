"""Goes on from a fresh account within minutes of a block (A19)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.core.errors import ConfigError
from stillwatch.range._heirs import heirs, joined
from stillwatch.range._rows import added, selected
from stillwatch.range._wording import put
from stillwatch.range.contracts import DAY_US, Draft, IntArray, Share, Tactic, World

MINUTE_US: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class Failover:
    """Lets the provider block some accounts, whose work fresh accounts take over.

    Attributes:
        blocked: Share of accounts that are blocked once.
        least_minutes: Shortest time to the takeover.
        most_minutes: Longest time to the takeover.
    """

    name: ClassVar[str] = "failover"
    summary: ClassVar[str] = "blocked accounts replaced within minutes"
    tactics: ClassVar[tuple[str, ...]] = ("A1", "A19")
    source: ClassVar[str] = "AA26-251A: automated failover; minutes or hours are swept"

    blocked: Share = 0.45
    least_minutes: float = 2.0
    most_minutes: float = 10.0

    def __post_init__(self) -> None:
        if self.least_minutes > self.most_minutes:
            raise ConfigError(
                f"least_minutes {self.least_minutes:g} exceeds most_minutes {self.most_minutes:g}",
                "swap them",
            )

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Cut the time line of some accounts and hand the rest to new ones."""
        n, m = len(draft.accounts), len(draft)
        when = world.span.end_us - rng.uniform(0.1, 0.8, n) * world.span.days * DAY_US
        blocked = draft.time_us >= when[draft.account]
        blocked &= (rng.random(n) < self.blocked)[draft.account]
        late = blocked & draft.harvests
        of = np.unique(draft.account[late])
        heir = np.full(n, -1, dtype=np.int64)
        heir[of] = n + np.arange(len(of))
        first = _firsts(draft.account, draft.time_us, late)
        moved = replace(
            draft,
            accounts=joined(
                draft.accounts, heirs(rng, draft.accounts, of, when[of].astype(np.int64))
            ),
            account=np.where(late, heir[draft.account], draft.account),
        )
        pause = rng.uniform(self.least_minutes, self.most_minutes, len(first)) * MINUTE_US
        moved = _resent(moved, first, of, pause.astype(np.int64), late)
        silent = np.zeros(len(moved), dtype=bool)
        silent[:m] = blocked & ~draft.harvests
        return selected(moved, ~silent)


def _firsts(account: IntArray, time_us: IntArray, late: NDArray[np.bool_]) -> IntArray:
    """Return the row of the first late request of each account."""
    rows = np.flatnonzero(late)
    order = rows[np.lexsort((time_us[rows], account[rows]))]
    return order[np.unique(account[order], return_index=True)[1]]


def _resent(
    draft: Draft, first: IntArray, blocked: IntArray, pause: IntArray, late: NDArray[np.bool_]
) -> Draft:
    """Let the blocked account try thrice in vain before its heir sends the same request."""
    tries = np.repeat(first, 3)
    gap = np.tile(np.arange(3), len(first)) * MINUTE_US // 2
    changes = {"account": np.repeat(blocked, 3), "time_us": draft.time_us[tries] + gap}
    begins, delay = np.zeros((2, len(draft.accounts)), dtype=np.int64)
    heir = draft.account[first]
    begins[heir], delay[heir] = draft.time_us[first], pause + 2 * MINUTE_US
    waits = late & (draft.time_us < (begins + delay)[draft.account])
    time_us = draft.time_us + np.where(waits, delay[draft.account], 0)
    moved = added(replace(draft, time_us=time_us), tries, changes)
    refused = np.arange(len(moved)) >= len(draft)
    return put(moved, "status", refused, pa.array(np.full(len(moved), 403)))


TACTIC: Tactic = Failover()
