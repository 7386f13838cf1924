"""Labelling vendors and pipelines that let the model judge (look-alike B5).

Trips: A13: a rubric, a text, a short score, all day long; a third of the pipelines judge answers
that the model gave to another account of the same customer, so A15 as well. Half of the judges
use one public rubric. What separates it: the rubric stays, the texts are the customer's own or
its customers', there is a contract.

Parameters, all ours: about ten customers of 3 to 9 accounts; seven in eight registered; vendors
work in office hours, pipelines evenly.
"""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.range._network import hosting, offices, own, pick
from stillwatch.range._ordinary import before, wrapped
from stillwatch.range._people import belong, deal, people, sizes
from stillwatch.range._rhythm import OFFICE, human, owners, steady
from stillwatch.range._text import answers, fill, in_english, join, prompts
from stillwatch.range.contracts import Accounts, IntArray, Persona, Traffic, World

RUBRICS: Final = [
    "You are an impartial judge. Apply the rubric: helpfulness, faithfulness, tone, each on a "
    "scale of 1 to 5. Output only the score.\n{payload}",
    "Evaluation criteria of our support desk: was the question understood, was the policy quoted, "
    "was the customer told what happens next? Rate the following from 0 to 10.\n{payload}",
    "Label the text for our client. Rubric: 1 relevant, 2 partly, 3 not, 4 unclear. Only the "
    "number, please.\n{payload}",
    "Two drafts of a reply follow. Which response is better for this customer, and is the better "
    "of the two good enough to send? Answer as JSON.\n{payload}",
]
"""The first is a public one."""
MARKS: Final = (
    "{small}",
    '{{"score": {small}, "why": "{clause}"}}',
    "Score {small}. {Sentence}",
)


class Labelling:
    """Customers who grade texts against a rubric of their own."""

    name: ClassVar[str] = "labelling"
    summary: ClassVar[str] = "labelling vendors and judge pipelines with a stable rubric"
    look_alike: ClassVar[str] = "B5"
    rare: ClassVar[bool] = True

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about ten customers; the first accounts of some are judged."""
        customers = world.count(10, least=3)
        group = deal(rng, customers, 3, 9, 4.0)
        n = len(group)
        accounts = people(rng, n, self.look_alike, api=0.9, verified=0.75)
        accounts = belong(rng, accounts, group, organization=0.87, payment=0.85, domain=0.9)
        accounts.zone_hours[:] = rng.choice(accounts.zone_hours, customers)[group]
        account = owners(np.maximum(4, sizes(rng, n, 40.0, world.span.days)))
        which = group[account]
        vendor = (np.arange(customers) % 3 == 1)[which]
        own_model = (np.arange(customers) % 3 == 2)[which]
        first = np.concatenate(([True], group[1:] != group[:-1]))
        product = own_model & first[account]
        time_us = _times(rng, account, accounts, world, vendor)
        english = in_english(len(account))
        response = answers(rng, english, 6.0)
        judged = before(rng, which, time_us, np.flatnonzero(product))
        echoes = own_model & ~product & (judged >= 0)
        payload = _texts(rng, response, np.where(echoes, judged, -1))
        rubric = np.where(rng.random(customers) < 0.5, 0, rng.integers(1, len(RUBRICS), customers))
        graded = wrapped(rng, RUBRICS, rubric[which], payload)
        talks = pa.array(product | (rng.random(len(account)) < 0.1))
        office = np.where(
            (np.arange(customers) % 3 == 1)[group],
            offices(rng, customers)[group] + 1,
            hosting(rng, customers)[group],
        )
        return Traffic(
            accounts,
            account,
            time_us,
            pick(rng, own(rng, office, hosting(rng, n)), account),
            pc.if_else(talks, prompts(rng, "support", english), graded),
            pc.if_else(talks, response, fill(rng, MARKS, len(account))),
            None,
            {"status": pa.array(np.full(len(account), 200), mask=~_used(judged[echoes], account))},
            english,
        )


def _times(
    rng: np.random.Generator,
    account: IntArray,
    accounts: Accounts,
    world: World,
    vendor: NDArray[np.bool_],
) -> IntArray:
    by_day = human(rng, account, accounts.zone_hours, world.span, OFFICE, weekend=0.1, opening=0.2)
    return np.where(vendor, by_day, steady(rng, account, world.span))


def _texts(rng: np.random.Generator, response: pa.Array, judged: IntArray) -> pa.Array:
    """Return what is graded: an answer given earlier to the customer's product, or its texts."""
    theirs = join(
        fill(rng, ("Customer: {Sentence}", "{name} wrote: {passage}"), len(judged)),
        fill(rng, ("Agent: {passage}", "{passage}"), len(judged)),
        gap="\n",
    )
    ours = join(pa.scalar("Model response: "), response.take(pa.array(judged, mask=judged < 0)))
    return pc.coalesce(ours, theirs)


def _used(sources: IntArray, account: IntArray) -> NDArray[np.bool_]:
    """Say which answers were judged later: those requests did not fail."""
    used = np.zeros(len(account), dtype=bool)
    used[sources] = True
    return used


PERSONA: Persona = Labelling()
