"""Public prompts that went round (look-alike B10): strangers who paste the same opening."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import pyarrow as pa

from stillwatch.range._ordinary import homes, ordinary
from stillwatch.range._people import people, sizes
from stillwatch.range._text import join
from stillwatch.range.contracts import Persona, Traffic, World

OPENINGS: Final = (
    "From now on you are my editor in chief. Begin with a short plan between <plan> and </plan>, "
    "ask me nothing, then write the best version you can and close with three sharper titles. "
    "My request: ",
    "Answer like a patient friend who happens to know everything. First one sentence that a child "
    "would understand, then the details, then what most people get wrong about it. The subject: ",
    "You are a council of five experts who disagree. Let each of them speak once, let the chair "
    "sum up, and rate the confidence of the council from 1 to 10. The matter before us: ",
)
SHARES: Final = (0.6, 0.25, 0.15)


class Viral:
    """Strangers with the same pasted prompt."""

    name: ClassVar[str] = "viral"
    summary: ClassVar[str] = "strangers who paste a prompt that went round in public"
    look_alike: ClassVar[str] = "B10"
    rare: ClassVar[bool] = False

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 420 accounts over three openings."""
        n = world.count(420, least=6)
        accounts = people(rng, n, self.look_alike, api=0.25)
        counts = sizes(rng, n, 15.0, world.span.days)
        traffic = ordinary(rng, world, accounts, counts, homes(rng, n, 0.1))
        opening = rng.choice(len(OPENINGS), n, p=SHARES)[traffic.account]
        pastes = rng.random(len(opening)) < rng.uniform(0.2, 1.0, n)[traffic.account]
        pasted = join(pa.array(OPENINGS).take(pa.array(opening)), traffic.user)
        return Traffic(
            accounts,
            traffic.account,
            traffic.time_us,
            traffic.address,
            pa.compute.if_else(pa.array(pastes), pasted, traffic.user),
            traffic.response,
            language=traffic.language,
        )


PERSONA: Persona = Viral()
