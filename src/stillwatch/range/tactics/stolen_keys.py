"""Harvests through accounts of others (A23)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from stillwatch.range._ordinary import homes, ordinary
from stillwatch.range._rows import added, undecided
from stillwatch.range.contracts import DAY_US, START_US, Draft, Share, Tactic, World


@dataclass(frozen=True, slots=True)
class StolenKeys:
    """Gives accounts an honest past before the harvest starts.

    Attributes:
        before: Share of the span in which only the owner speaks.
        rate: Share of accounts that are taken over; the others are the campaign's own.
    """

    name: ClassVar[str] = "stolen_keys"
    summary: ClassVar[str] = "sudden harvest on old keys whose owners go on"
    tactics: ClassVar[tuple[str, ...]] = ("A23",)
    source: ClassVar[str] = "vendor report, September 2026: stolen keys and cards"

    before: Share = 0.5
    rate: Share = 0.6

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Hold the harvest of the accounts taken over back, and let their owners speak as well."""
        n, span = len(draft.accounts), world.span
        stolen = rng.random(n) < self.rate
        old = START_US - (rng.uniform(120.0, 900.0, n) * DAY_US).astype(np.int64)
        accounts = draft.accounts
        accounts = replace(accounts, created_us=np.where(stolen, old, accounts.created_us))
        held = draft.harvests & stolen[draft.account]
        late = START_US + (self.before * span.days * DAY_US)
        squeezed = late + (draft.time_us - START_US) * (1.0 - self.before)
        time_us = np.where(held, squeezed, draft.time_us).astype(np.int64)
        moved = replace(draft, accounts=accounts, time_us=time_us)
        counts = np.where(stolen, rng.poisson(2.0 * span.days, n), 0).astype(np.int64)
        owner = ordinary(rng, world, accounts, counts, homes(rng, n, 0.1))
        rows = np.searchsorted(np.sort(draft.account), owner.account)
        rows = np.argsort(draft.account, kind="stable")[rows]
        changes = {
            "time_us": owner.time_us,
            "address": owner.address,
            "item": np.full(len(rows), -1, dtype=np.int64),
            "user": owner.user,
            "response": owner.response,
        }
        done = added(moved, rows, changes)
        return undecided(done, np.arange(len(done)) >= len(draft))


TACTIC: Tactic = StolenKeys()
