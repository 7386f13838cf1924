"""Requests through the addresses of a proxy service (A1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from stillwatch.range.contracts import Draft, Share, Tactic, World


@dataclass(frozen=True, slots=True)
class Proxied:
    """Sends the harvest of some accounts through a pool of proxies.

    Attributes:
        rate: Share of accounts that use the pool.
        requests: Share of their harvest that leaves through it.
        pool: Number of addresses; the service has honest customers on the same ones.
        each: Addresses an account uses.
    """

    name: ClassVar[str] = "proxied"
    summary: ClassVar[str] = "a pool of proxies that honest customers use as well"
    tactics: ClassVar[tuple[str, ...]] = ("A1",)
    source: ClassVar[str] = "C4: one proxy network, over 20,000 accounts, mixed with real customers"

    rate: Share = 0.8
    requests: Share = 0.65
    pool: int = 25
    each: int = 2

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Replace the address of some requests that harvest."""
        n, m = len(draft.accounts), len(draft)
        through = rng.choice(world.proxies[: self.pool], (n, self.each))
        which = rng.integers(self.each, size=m)
        uses = (rng.random(n) < self.rate)[draft.account] & (rng.random(m) < self.requests)
        uses &= draft.harvests
        return replace(draft, address=np.where(uses, through[draft.account, which], draft.address))


TACTIC: Tactic = Proxied()
