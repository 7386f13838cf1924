"""Nightly evaluations (look-alike B1): a fixed item set, again every night, temperature 0."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pyarrow as pa

from stillwatch.range._network import hosting, own, pick
from stillwatch.range._people import belong, people
from stillwatch.range._text import answers, in_english, prompts
from stillwatch.range.contracts import DAY_US, HOUR_US, START_US, Persona, Traffic, World

ITEMS = 30


class Evaluation:
    """Regression suites of teams that build on the model."""

    name: ClassVar[str] = "evaluation"
    summary: ClassVar[str] = "nightly evaluation runs over a fixed item set"
    look_alike: ClassVar[str] = "B1"
    rare: ClassVar[bool] = False

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 14 runners; every third team runs a public item set."""
        n = world.count(14, least=3)
        nights = world.span.days
        accounts = people(rng, n, self.look_alike, api=1.0, verified=0.7)
        accounts = belong(rng, accounts, np.arange(n, dtype=np.int64) // 2, organization=0.8)
        account = np.repeat(np.arange(n), nights * ITEMS)
        night = np.tile(np.repeat(np.arange(nights), ITEMS), n)
        item = np.tile(np.arange(ITEMS), n * nights)
        own_set = np.where(np.arange(n) % 3 == 0, 0, np.arange(n))[account] * ITEMS + item
        bank = prompts(rng, "study", in_english(n * ITEMS))
        hour = rng.integers(0, 24, n)[account] * HOUR_US
        pace = rng.uniform(4e6, 2e7, n)[account] * (item + rng.random(len(item)))
        time_us = START_US + (night * DAY_US + hour + pace.astype(np.int64)) % (nights * DAY_US)
        return Traffic(
            accounts,
            account,
            time_us,
            pick(rng, own(rng, hosting(rng, n), hosting(rng, n)), account),
            bank.take(pa.array(own_set)),
            answers(rng, in_english(len(account)), 3.0),
            None,
            {"temperature": pa.array(np.zeros(len(account)), mask=rng.random(len(account)) < 0.02)},
            in_english(len(account)),
        )


PERSONA: Persona = Evaluation()
