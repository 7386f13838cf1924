"""People who try a new model the day it appears (close to look-alike B2).

Trips: A18, for the share of their traffic that moves on release day. What separates them: each
acts alone, asks what people ask and keeps to a person's day. Labelled `enthusiast`, as B2 proper
is a benchmark run on that day.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pyarrow as pa

from stillwatch.range._assemble import NEW_MODEL
from stillwatch.range._ordinary import homes, ordinary
from stillwatch.range._people import people, sizes
from stillwatch.range.contracts import HOUR_US, Persona, Traffic, World


class Enthusiast:
    """Release-day visitors."""

    name: ClassVar[str] = "enthusiast"
    summary: ClassVar[str] = "people who move to a new model on release day"
    look_alike: ClassVar[str] = "B2"
    rare: ClassVar[bool] = False

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 140 accounts, busier after the release."""
        n = world.count(140)
        accounts = people(rng, n, "enthusiast", api=0.45)
        traffic = ordinary(
            rng, world, accounts, sizes(rng, n, 20.0, world.span.days), homes(rng, n, 0.15)
        )
        delay = rng.exponential(7.0, n) * HOUR_US
        after = traffic.time_us > world.span.release_us + delay[traffic.account]
        moved = after & (rng.random(len(after)) < rng.uniform(0.3, 1.0, n)[traffic.account])
        model = pa.array([NEW_MODEL]).take(pa.array(np.zeros(len(after), np.int64), mask=~moved))
        traffic.chosen["model"] = model
        return traffic


PERSONA: Persona = Enthusiast()
