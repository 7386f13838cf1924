"""Replays trajectories of agents from a foreign harness (A17)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa

from stillwatch.range._text import fill, join
from stillwatch.range._wording import reworded
from stillwatch.range.contracts import Draft, Tactic, World

STEPS: Final = (
    '<tool_call>{{"name": "search", "query": "{noun} {adj}"}}</tool_call>\n'
    "<tool_response>{Sentence} {number} hits.</tool_response>",
    "Action: open_file\nAction Input: {noun}_{noun}.txt\nObservation: {Sentence}",
    "<observation>{snippet}</observation>",
)


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Sends tool results of another harness, with the same beginning continued in several ways.

    Attributes:
        forks: Continuations of one beginning.
        steps: Steps of a trajectory.
    """

    name: ClassVar[str] = "trajectory"
    summary: ClassVar[str] = "forked agent trajectories with foreign tool results"
    tactics: ClassVar[tuple[str, ...]] = ("A17",)
    source: ClassVar[str] = "C10: conversations with tool results of a foreign harness"

    forks: int = 4
    steps: int = 3

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Put the steps of a trajectory between the task and the request for the next one."""
        del world
        tale = np.maximum(draft.item, 0) // self.forks
        which, stories = np.unique(tale, return_inverse=True)
        parts: list[pa.Array | str] = [pa.scalar("Task: "), draft.user]
        for _ in range(self.steps):
            calls = fill(rng, STEPS, len(which)).take(pa.array(stories))
            parts += [pa.scalar("\n"), calls]
        parts.append(pa.scalar("\nWhat is the next step?"))
        return reworded(draft, draft.harvests, join(*parts))


TACTIC: Tactic = Trajectory()
