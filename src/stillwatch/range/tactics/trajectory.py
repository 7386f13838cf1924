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
        forks: Items of the corpus that continue one beginning, each in its own way.
        steps: Steps of a trajectory, of which the last one is the fork.
    """

    name: ClassVar[str] = "trajectory"
    summary: ClassVar[str] = "forked agent trajectories with foreign tool results"
    tactics: ClassVar[tuple[str, ...]] = ("A17",)
    source: ClassVar[str] = "C10: conversations with tool results of a foreign harness"

    forks: int = 4
    steps: int = 3

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Replace each prompt by a task, steps shared by the forks, and a last step of its own."""
        del world
        tale = np.where(draft.harvests, draft.item // self.forks, -1)
        which, first, stories = np.unique(tale, return_index=True, return_inverse=True)
        task = draft.user.take(pa.array(first[stories]))
        parts: list[pa.Array | str] = [pa.scalar("Task: "), task]
        for _ in range(self.steps - 1):
            calls = fill(rng, STEPS, len(which)).take(pa.array(stories))
            parts += [pa.scalar("\n"), calls]
        parts += [pa.scalar("\n"), fill(rng, STEPS, len(draft))]
        parts.append(pa.scalar("\nWhat is the next step?"))
        return reworded(draft, draft.harvests, join(*parts))


TACTIC: Tactic = Trajectory()
