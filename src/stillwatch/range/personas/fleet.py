"""An enterprise agent fleet (look-alike B6): one organisation, many machines, day and night."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa

from stillwatch.range._network import hosting, own, pick
from stillwatch.range._people import belong, people
from stillwatch.range._rhythm import owners, steady
from stillwatch.range._text import answers, in_english, prompts
from stillwatch.range.contracts import Persona, Traffic, World

PROMPT: Final = (
    "You process incoming documents for Harlow Freight. Extract the sender, the recipient, the "
    "date, the total and any deadline. Flag a document that lacks a reference. Return one JSON "
    "object and nothing else. Amounts use a decimal point. Unknown fields are null. Documents "
    "may be scanned badly: keep the reading that fits the other fields."
)


class Fleet:
    """Workers of one company."""

    name: ClassVar[str] = "fleet"
    summary: ClassVar[str] = "an enterprise agent fleet: steady, many addresses, one organisation"
    look_alike: ClassVar[str] = "B6"
    rare: ClassVar[bool] = False

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of two fleets of about 40 and 20 workers."""
        fleet = np.repeat([0, 1], [world.count(40, 4), world.count(20, 3)])
        n = len(fleet)
        accounts = people(rng, n, self.look_alike, api=1.0, verified=0.9, young=0.1)
        accounts = belong(rng, accounts, fleet, organization=1.0, payment=1.0, domain=1.0)
        accounts = replace(accounts, plan=pa.repeat("enterprise", n))
        counts = np.maximum(3, rng.poisson(80.0 * world.span.days / 7.0 * rng.gamma(8, 1 / 8, n)))
        account = owners(counts)
        english = in_english(len(account))
        addresses = own(rng, hosting(rng, n), hosting(rng, n))
        addresses[:, 2] = hosting(rng, n)
        briefs = pa.array([PROMPT, PROMPT.replace("Harlow Freight", "Ostrava Rail")])
        return Traffic(
            accounts,
            account,
            steady(rng, account, world.span),
            pick(rng, addresses, account, np.array([0.5, 0.3, 0.2])),
            prompts(rng, "document", english),
            answers(rng, english, 3.0),
            briefs.take(pa.array(fleet[account])),
            language=english,
        )


PERSONA: Persona = Fleet()
