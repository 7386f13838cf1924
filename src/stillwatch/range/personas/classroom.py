"""Classrooms and hackathons (look-alike B11).

Shared: a sign-up burst, the school's card and domain, one gateway, the same exercises. Tiny
volume, one time zone. One class in five is told to show its reasoning.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pyarrow as pa

from stillwatch.range._network import gateways, own, pick, residential
from stillwatch.range._people import belong, deal, people
from stillwatch.range._rhythm import owners
from stillwatch.range._text import answers, by_group, in_english, prompts
from stillwatch.range.contracts import DAY_US, HOUR_US, START_US, Persona, Traffic, World

EXERCISES = 6


class Classroom:
    """Courses."""

    name: ClassVar[str] = "classroom"
    summary: ClassVar[str] = "classes: new accounts in a burst, same exercises, same card"
    look_alike: ClassVar[str] = "B11"
    rare: ClassVar[bool] = False

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 10 classes of 12 to 30."""
        classes = world.count(10, least=2)
        group = deal(rng, classes, 12, 30, 20.0)
        n = len(group)
        accounts = people(rng, n, self.look_alike, api=0.3, verified=0.2)
        accounts = belong(rng, accounts, group, organization=0.2, payment=0.7, domain=0.7)
        day = rng.integers(0, world.span.days, classes)
        lesson = START_US + day * DAY_US + rng.integers(8, 17, classes) * HOUR_US
        accounts.created_us[:] = (lesson - rng.integers(0, 2, classes) * DAY_US)[group] - (
            rng.integers(0, HOUR_US // 2, n)
        )
        account = owners(1 + rng.poisson(4.0, n))
        room = group[account]
        shown = prompts(rng, "study", in_english(classes * EXERCISES))
        asked = prompts(rng, "reasoning", in_english(classes * EXERCISES))
        exercise = pa.array(room * EXERCISES + rng.integers(0, EXERCISES, len(room)))
        questions = by_group(
            np.arange(classes * EXERCISES) // EXERCISES % 5 == 1,
            lambda reasons, rows: (asked if reasons else shown).take(pa.array(rows)),
        )
        chatter = prompts(rng, "mixed", in_english(len(room)))
        free = pa.array(rng.random(len(room)) < 0.3)
        gate = gateways(rng, classes)[group] + 1
        return Traffic(
            accounts,
            account,
            np.minimum(
                lesson[room] + (rng.random(len(room)) * 2.5 * HOUR_US).astype(np.int64),
                world.span.end_us - 1,
            ),
            pick(rng, own(rng, gate, residential(rng, n)), account),
            pa.compute.if_else(free, chatter, questions.take(exercise)),
            answers(rng, in_english(len(room)), 5.0),
            language=in_english(len(room)),
        )


PERSONA: Persona = Classroom()
