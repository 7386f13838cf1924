"""Feeds the harvest back to have it cleaned (A15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa

from stillwatch.range._rhythm import earlier
from stillwatch.range._rows import answered
from stillwatch.range._text import join
from stillwatch.range._wording import needed, reworded
from stillwatch.range.contracts import Draft, Share, Tactic, World

LEAD: Final = (
    "Clean the trace below for a training set: drop greetings and repetitions, keep each step of "
    "the reasoning and its order, and use plain sentences. Return only the cleaned trace.\n\n"
)


@dataclass(frozen=True, slots=True)
class TraceCleaning:
    """Sends earlier answers of the campaign back, to be tidied up for training.

    Attributes:
        share: Share of the requests that clean.
    """

    name: ClassVar[str] = "trace_cleaning"
    summary: ClassVar[str] = "earlier answers sent back to be cleaned"
    tactics: ClassVar[tuple[str, ...]] = ("A15",)
    source: ClassVar[str] = "C9: 770,609 requests through a trace cleaner"

    share: Share = 0.4

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Replace some requests by the cleaning of an answer that any account got before."""
        del world
        cleans = draft.harvests & (rng.random(len(draft)) < self.share)
        raws = np.flatnonzero(draft.harvests & ~cleans & answered(draft))
        source = earlier(rng, draft.time_us, raws, np.flatnonzero(cleans))
        place = np.full(len(draft), -1, dtype=np.int64)
        place[np.flatnonzero(cleans)] = source
        raw = draft.response.take(pa.array(np.maximum(place, 0)))
        done = reworded(draft, place >= 0, join(pa.scalar(LEAD), raw), raw)
        return needed(done, source)


TACTIC: Tactic = TraceCleaning()
