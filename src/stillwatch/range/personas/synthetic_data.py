"""Training data for a narrow model of one's own (look-alike B4).

Trips: A4 and A5 by the wording (batches of varied training examples, a format for each line),
breadth and volume, evenly over the day. What separates it: one organisation, mostly verified, and
one narrow domain, which its own records bring along; often it is permitted.

Parameters, all ours: about nine teams of 3 to 8 accounts, tens of orders a week each; seven in
eight registered; a quarter of the requests are something else. Three of the orders are wordings
that circulate, so that two teams may share one.
"""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.range import _words as words
from stillwatch.range._network import hosting, own, pick
from stillwatch.range._ordinary import wrapped
from stillwatch.range._people import belong, deal, people, sizes
from stillwatch.range._rhythm import owners, steady
from stillwatch.range._text import answers, draw, fill, in_english, join, prompts
from stillwatch.range.contracts import IntArray, Persona, Traffic, World

ORDERS: Final = (
    "Write 20 questions and answers about the record below. They are training data for our own "
    "model, one per line, no duplicates.",
    "Produce 15 different paraphrases of the request below for our synthetic data set.",
    "From the record generate 12 training examples as a JSON array of input and label. Different "
    "difficulty, avoid repeating a sentence.",
    "We fine tune a small model for our service desk. Create 10 customer questions like this one, "
    "with the reply that our handbook would give.",
    "Make 8 multi turn dialogues between a customer and our clerk from this case, as JSON lines.",
)


class SyntheticData:
    """Teams that train a small model for one task."""

    name: ClassVar[str] = "synthetic_data"
    summary: ClassVar[str] = "training data for a narrow model of the customer's own"
    look_alike: ClassVar[str] = "B4"
    rare: ClassVar[bool] = True

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about nine teams."""
        teams = world.count(9, least=2)
        team = deal(rng, teams, 3, 8, 4.0)
        n = len(team)
        accounts = people(rng, n, self.look_alike, api=0.95, verified=0.75)
        accounts = belong(rng, accounts, team, organization=0.87, payment=0.85, domain=0.9)
        account = owners(np.maximum(3, sizes(rng, n, 45.0, world.span.days)))
        m = len(account)
        english = in_english(m)
        asked = _asked(rng, teams, team[account])
        idle = pa.array(rng.random(m) < 0.25)
        home = hosting(rng, teams)[team]
        return Traffic(
            accounts,
            account,
            steady(rng, account, world.span),
            pick(rng, own(rng, home, hosting(rng, n)), account),
            pc.if_else(idle, prompts(rng, "mixed", english), asked),
            answers(rng, english, 8.0),
            language=english,
        )


def _asked(rng: np.random.Generator, teams: int, team: IntArray) -> pa.Array:
    """Put records of each team's narrow domain under its order."""
    kinds = rng.integers(0, len(words.PRODUCTS), (teams, 4))
    product = pa.array(words.PRODUCTS).take(pa.array(kinds[team, rng.integers(0, 4, len(team))]))
    place = fill(rng, ("{company}, {industry}",), teams).take(pa.array(team))
    symptom = draw(rng, pa.array(words.SYMPTOMS), len(team))
    case = join(product, symptom, fill(rng, ("{passage}",), len(team)), gap=" ")
    record = join(pa.scalar("Record of "), place, pa.scalar(": "), case)
    order = rng.integers(0, len(ORDERS), teams)[team]
    return wrapped(rng, [f"{text}\n{{payload}}" for text in ORDERS], order, record)


PERSONA: Persona = SyntheticData()
