"""People and tools that want the working shown (look-alike B12)."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import pyarrow as pa

from stillwatch.range._ordinary import homes, ordinary
from stillwatch.range._people import people, sizes
from stillwatch.range._text import in_english, prompts
from stillwatch.range.contracts import Persona, Traffic, World

PROMPTS: Final = (
    "You are an audit assistant. For each finding show your reasoning, then the rule it rests on.",
    "Tutor for evening courses. Explain every step of a solution before the result.",
    "Medical coding helper. Give the code and show your work so that a reviewer can follow it.",
)


class ShowWork:
    """Explainability tools and learners."""

    name: ClassVar[str] = "show_work"
    summary: ClassVar[str] = "audit tools and learners who ask to see the working"
    look_alike: ClassVar[str] = "B12"
    rare: ClassVar[bool] = False

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 110 accounts: half learners, half users of three tools."""
        n = world.count(110, least=6)
        accounts = people(rng, n, self.look_alike, api=0.4)
        traffic = ordinary(
            rng, world, accounts, sizes(rng, n, 14.0, world.span.days), homes(rng, n, 0.2),
            kind="study",
        )  # fmt: skip
        tool = rng.integers(-3, 3, n)[traffic.account]
        asks = rng.random(len(tool)) < rng.uniform(0.4, 1.0, n)[traffic.account]
        wordy = prompts(rng, "reasoning", in_english(len(tool)))
        return Traffic(
            accounts, traffic.account, traffic.time_us, traffic.address,
            pa.compute.if_else(pa.array(asks & (tool < 0)), wordy, traffic.user), traffic.response,
            pa.array(PROMPTS).take(pa.array(np.maximum(tool, 0), mask=tool < 0)),
            language=np.where(asks & (tool < 0), -1, traffic.languages),
        )  # fmt: skip


PERSONA: Persona = ShowWork()
