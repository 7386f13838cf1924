"""Memory and summary features that quote earlier output (look-alike B18).

Trips: A15: prompts hold what the model had answered, by the dozen, every day; half of the products
use the wrapper of one public memory library. What separates it: each quotes the conversations of
its own customer: one organisation or, where none is registered, mostly one payment and one domain.

Parameters, all ours: about 13 products of 3 to 6 accounts, of which the first keeps the memory;
three in four registered; one note for every two or three answers.
"""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.range._network import hosting, own
from stillwatch.range._ordinary import before, ordinary, wrapped
from stillwatch.range._people import belong, deal, people
from stillwatch.range._text import answers
from stillwatch.range.contracts import Persona, Traffic, World

WRAPPERS: Final = [
    "Update the user's memory. Keep facts, wishes and open questions, drop the rest, five lines at "
    "most. Earlier reply of the assistant:\n{payload}",
    "Summary so far, to be continued tomorrow. Last answer: {payload}",
    "Condense for the case file, third person.\n---\n{payload}\n---",
    "Title and three bullets for the side bar: {payload}",
]
"""The first is that of a public memory library."""


class Memory:
    """Products that remember what was said."""

    name: ClassVar[str] = "memory"
    summary: ClassVar[str] = "memory and summary features that quote the customer's own answers"
    look_alike: ClassVar[str] = "B18"
    rare: ClassVar[bool] = False

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 13 products."""
        products = world.count(13, least=2)
        group = deal(rng, products, 3, 6, 4.0)
        n = len(group)
        accounts = people(rng, n, self.look_alike, api=0.9, verified=0.5)
        accounts = belong(rng, accounts, group, organization=0.75, payment=0.9, domain=0.7)
        keeps = np.concatenate(([True], group[1:] != group[:-1]))
        weekly = np.where(keeps, 45.0, 22.0)
        rate = weekly * world.span.days / 7.0 * rng.gamma(4.0, 0.25, n)
        counts = np.maximum(2, rng.poisson(rate))
        host = hosting(rng, products)[group]
        traffic = ordinary(
            rng,
            world,
            accounts,
            counts.astype(np.int64),
            own(rng, host, hosting(rng, n)),
            weekend=0.8,
        )
        account, product = traffic.account, group[traffic.account]
        talks = np.flatnonzero(~keeps[account])
        source = before(rng, product, traffic.time_us, talks)
        notes = keeps[account] & (source >= 0)
        source = np.where(notes, source, -1)
        wrapper = np.where(rng.random(products) < 0.5, 0, rng.integers(1, len(WRAPPERS), products))
        quoted = traffic.response.take(pa.array(np.maximum(source, 0)))
        note = wrapped(rng, WRAPPERS, wrapper[product], quoted)
        answered = np.zeros(len(account), dtype=bool)
        answered[source[notes]] = True
        short = answers(rng, traffic.languages, 2.0)
        return Traffic(
            accounts,
            account,
            traffic.time_us,
            traffic.address,
            pc.if_else(pa.array(notes), note, traffic.user),
            pc.if_else(pa.array(notes), short, traffic.response),
            None,
            {"status": pa.array(np.full(len(account), 200), mask=~answered)},
            traffic.languages[np.where(notes, source, np.arange(len(account)))],
        )


PERSONA: Persona = Memory()
