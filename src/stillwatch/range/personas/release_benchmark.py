"""A public benchmark that teams run on a new model the day it appears (look-alike B2).

Trips: A18 (most of the run is on the new model within hours) and A20 (the same items from many
accounts). What separates it: the items are published and the same for everybody, each run belongs
to one organisation, and it ends within a day.

Parameters, all ours: about ten teams of 2 to 6 accounts; 120 items; starts within some hours of
the release, as the public reports of release days do; three quarters on the new model, the rest
on an older one for comparison. Half of the accounts have an ordinary use besides.
"""

from __future__ import annotations

from functools import cache
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa

from stillwatch.range._assemble import NEW_MODEL
from stillwatch.range._network import hosting, own, pick
from stillwatch.range._ordinary import beside, homes, ordinary, wrapped
from stillwatch.range._people import belong, deal, people, sizes
from stillwatch.range._rhythm import owners
from stillwatch.range._text import answers, in_english, prompts
from stillwatch.range.contracts import HOUR_US, Persona, Traffic, World

ITEMS: Final = 120
PUBLISHED: Final = 2_026_0215
"""Seed of the items: a published benchmark is the same whatever week is composed."""
HARNESSES: Final = [
    "Question: {payload}\nThink step by step, then give the answer alone on the last line.",
    "{payload}\n\nShow your work and end with `Answer:` and one value.",
    "Problem. {payload}\nFinal answer in one line.",
]
OUTLETS: Final = np.array([0.6, 0.25, 0.15])
"""How common each harness is among the teams."""


class ReleaseBenchmark:
    """Teams that publish a score on release day."""

    name: ClassVar[str] = "release_benchmark"
    summary: ClassVar[str] = "a published benchmark, run on a new model the day it appears"
    look_alike: ClassVar[str] = "B2"
    rare: ClassVar[bool] = True

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 10 teams, nearly all of it after the release."""
        teams = world.count(10, least=2)
        team = deal(rng, teams, 2, 6, 3.5)
        n = len(team)
        accounts = people(rng, n, self.look_alike, api=0.95, verified=0.7)
        accounts = belong(rng, accounts, team, organization=0.9, payment=0.7, domain=0.8)
        account = owners(rng.integers(40, ITEMS, n))
        start = world.span.release_us + rng.exponential(4.0, teams) * HOUR_US
        lasts = rng.uniform(0.5, 6.0, teams) * HOUR_US
        when = start[team[account]] + lasts[team[account]] * rng.random(len(account))
        m = len(account)
        item = rng.integers(0, ITEMS, m)
        harness = rng.choice(len(HARNESSES), teams, p=OUTLETS)[team[account]]
        new = rng.random(m) < 0.75
        run = Traffic(
            accounts,
            account,
            np.minimum(when.astype(np.int64), world.span.end_us - 1),
            pick(rng, own(rng, hosting(rng, n), hosting(rng, n)), account),
            wrapped(rng, HARNESSES, harness, items().take(pa.array(item))),
            answers(rng, in_english(m), 5.0),
            None,
            {"model": pa.array([NEW_MODEL]).take(pa.array(np.zeros(m, np.int64), mask=~new))},
            in_english(m),
        )
        daily = sizes(rng, n, 8.0, world.span.days) * (rng.random(n) < 0.5)
        return beside(run, ordinary(rng, world, accounts, daily, homes(rng, n, 0.3)))


@cache
def items() -> pa.Array:
    """Return the published items."""
    return prompts(np.random.default_rng(PUBLISHED), "study", in_english(ITEMS))


PERSONA: Persona = ReleaseBenchmark()
