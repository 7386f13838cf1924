"""A popular open-source agent (look-alike B10): one long system prompt, hundreds of strangers."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import pyarrow as pa

from stillwatch.range._ordinary import homes, ordinary
from stillwatch.range._people import people, sizes
from stillwatch.range.contracts import Persona, Traffic, World

PROMPT: Final = (
    "You are Pathfinder, an open-source coding agent that works inside the user's repository. "
    "Read files before you change them. Make the smallest change that solves the task and keep "
    "the style of the surrounding code. Use the tools one at a time and wait for each result. "
    "Never invent a file name. When a command fails, read its output, state what you will try "
    "next, and try at most three times before you ask. Run the tests that cover the change. Do "
    "not touch generated files or lock files. Finish with a summary of the change in two "
    "sentences and the commands that the user may want to run. If the request is unclear, ask "
    "one short question first. Keep secrets out of commands and of the final summary."
)
TOOLS: Final = (
    '[{"type":"function","function":{"name":"read_file","parameters":{"type":"object",'
    '"properties":{"path":{"type":"string"}}}}},{"type":"function","function":{"name":"run",'
    '"parameters":{"type":"object","properties":{"command":{"type":"string"}}}}}]'
)


class AgentTemplate:
    """Strangers who run the same open-source agent."""

    name: ClassVar[str] = "agent_template"
    summary: ClassVar[str] = "a popular open-source agent: identical system prompt, strangers"
    look_alike: ClassVar[str] = "B10"
    rare: ClassVar[bool] = False

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 640 accounts; a quarter of it is plain chat."""
        n = world.count(640)
        accounts = people(rng, n, self.look_alike, api=0.8)
        traffic = ordinary(
            rng, world, accounts, sizes(rng, n, 14.0, world.span.days), homes(rng, n, 0.2),
            kind="code",
        )  # fmt: skip
        agent = rng.random(len(traffic.account)) < rng.beta(4.0, 1.2, n)[traffic.account]
        rows = pa.array(np.zeros(len(agent), dtype=np.int64), mask=~agent)
        return Traffic(
            accounts, traffic.account, traffic.time_us, traffic.address, traffic.user,
            traffic.response, pa.array([PROMPT]).take(rows),
            {"tools": pa.array([TOOLS]).take(rows)}, traffic.language,
        )  # fmt: skip


PERSONA: Persona = AgentTemplate()
