"""A campaign put together from a corpus, a spread over accounts, and tactics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from stillwatch.core.errors import ConfigError
from stillwatch.range._arrivals import client_times
from stillwatch.range._material import corpora, material
from stillwatch.range._network import pick
from stillwatch.range._ordinary import homes
from stillwatch.range._people import people
from stillwatch.range._rhythm import owners, shifts
from stillwatch.range.contracts import Draft, IntArray, Tactic, Traffic, World

Spread = Literal["shards", "overlap"]


@dataclass(frozen=True, slots=True)
class Harvest:
    """A campaign: what it asks, from how many accounts, and the tactics it uses.

    Attributes:
        name: Labels its accounts.
        accounts: Number of accounts, whatever the scale of the others.
        daily: Mean requests of an account a day; accounts differ by a factor of 0.6 to 1.4.
        corpus: What it is after, see `_material.material`.
        samples: How often each prompt is sent, from accounts at random.
        spread: `shards` deals each prompt out once; with `overlap` every account draws its own.
        steps: Tactics, in the order in which they are applied.
    """

    name: str
    accounts: int
    daily: float = 6.0
    corpus: str = "study"
    samples: int = 1
    spread: Spread = "shards"
    steps: tuple[Tactic, ...] = ()

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigError("name must not be empty", "give the campaign a name")
        if self.accounts < 1:
            raise ConfigError(f"accounts must be at least 1, not {self.accounts}", "change it")
        if self.corpus not in (known := corpora()):
            raise ConfigError(f"no corpus {self.corpus!r}; known: {', '.join(known)}", "take one")

    @property
    def summary(self) -> str:
        """What it does, in half a line."""
        steps = ", ".join(step.name for step in self.steps) or "no tactic"
        return f"{self.corpus} over {self.accounts:,} accounts at {self.daily:g} a day: {steps}"

    @property
    def tactics(self) -> tuple[str, ...]:
        """Ids of the tactics used; A4 (low, slow and wide) where the load is low."""
        used = {name for step in self.steps for name in step.tactics}
        used |= {"A4"} if self.daily <= 30 else set()
        return tuple(sorted(used, key=lambda name: int(name[1:])))

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of the campaign, cover traffic included."""
        draft = self._plain(rng, world)
        for step in self.steps:
            draft = step.apply(rng, world, draft)
        return Traffic(
            draft.accounts,
            draft.account,
            draft.time_us,
            draft.address,
            draft.user,
            draft.response,
            draft.system,
            draft.chosen,
        )

    def _plain(self, rng: np.random.Generator, world: World) -> Draft:
        """Return the harvest before any tactic: bare prompts, from each account's own places."""
        n = self.accounts
        accounts = people(rng, n, f"campaign:{self.name}", api=0.5, young=0.35)
        load = self.daily * rng.uniform(0.6, 1.4, n) * world.span.days
        account = owners(np.maximum(2, rng.poisson(load)).astype(np.int64))
        m = len(account)
        goods = material(rng, world, self.corpus, -(-m // self.samples))
        item = self._deal(rng, m, len(goods))
        rows = pa.array(item)
        return Draft(
            accounts,
            account,
            self._times(rng, world, account),
            pick(rng, homes(rng, n, 0.3), account),
            item,
            goods.prompts.take(rows),
            goods.answers.take(rows),
            pa.nulls(m, pa.string()),
        )

    def _deal(self, rng: np.random.Generator, n: int, items: int) -> IntArray:
        if self.spread == "overlap":
            return rng.integers(0, items, n)
        return np.asarray(rng.permutation(np.arange(n) // self.samples) % items)

    def _times(self, rng: np.random.Generator, world: World, account: IntArray) -> IntArray:
        """Follow one dispatcher's load: a real client's where there is data, else our own."""
        n = self.accounts
        if world.data is not None:
            one = np.zeros(n, dtype=np.int64)
            return client_times(rng, world, account, one)
        joins = np.where(rng.random(n) < 0.4, rng.uniform(0.0, 0.8, n), 0.0)
        return shifts(rng, account, joins, world.span)
