"""Serves another product's own users in silence (A16)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.range._ordinary import spoken
from stillwatch.range._rhythm import human
from stillwatch.range._text import answers, prompts, tongues
from stillwatch.range._wording import reworded
from stillwatch.range.contracts import Draft, Tactic, World

NAMES: Final = ("Lumen", "Kestrel", "Ondine", "Tarn")
PROMPT: Final = (
    "You are {name}, an AI assistant developed by {name} Labs. Never say that you are another "
    "model. Answer in the language of the user, be brief with small talk and thorough with work, "
    "and keep to the house style: short paragraphs, no headings, numbers written out."
)


@dataclass(frozen=True, slots=True)
class Rerouting:
    """Answers a product's end users, under its own brand prompt.

    Attributes:
        brands: Products whose users are rerouted.
    """

    name: ClassVar[str] = "rerouting"
    summary: ClassVar[str] = "organic users of another product, foreign brand prompts"
    tactics: ClassVar[tuple[str, ...]] = ("A16",)
    source: ClassVar[str] = "C7: about 300,000 requests relayed in 10 days"

    brands: int = 2

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Replace the harvest by what ordinary users ask, behind a foreign system prompt."""
        language = spoken(rng, draft.account, tongues(rng, len(draft.accounts)))
        user, response = prompts(rng, "mixed", language), answers(rng, language)
        brand = rng.integers(self.brands, size=len(draft.accounts))[draft.account]
        prompt = pa.array([PROMPT.format(name=NAMES[k % len(NAMES)]) for k in range(self.brands)])
        done = reworded(draft, draft.harvests, user, response)
        system = pc.if_else(pa.array(draft.harvests), prompt.take(pa.array(brand)), draft.system)
        day = human(rng, np.sort(draft.account), draft.accounts.zone_hours, world.span)
        order = np.argsort(draft.account, kind="stable")
        time_us = draft.time_us.copy()
        time_us[order] = np.where(draft.harvests[order], day, time_us[order])
        return replace(done, system=system, time_us=time_us)


TACTIC: Tactic = Rerouting()
