"""Harvests in several languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.range._text import answers, prompts, tongues
from stillwatch.range._wording import reworded
from stillwatch.range.contracts import Draft, Share, Tactic, World


@dataclass(frozen=True, slots=True)
class LanguageSwitch:
    """Asks part of the questions in other languages.

    Attributes:
        share: Share of the requests in another language.
    """

    name: ClassVar[str] = "language_switch"
    summary: ClassVar[str] = "part of the harvest in other languages"
    tactics: ClassVar[tuple[str, ...]] = ()
    source: ClassVar[str] = "C13: many of 100,000 prompts not in English"

    share: Share = 0.5

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Replace some prompts and answers by ones in the account's other language."""
        del world
        own = tongues(rng, len(draft.accounts), foreign=1.0)[draft.account]
        user, response = prompts(rng, "study", own), answers(rng, own)
        switched = draft.harvests & (rng.random(len(draft)) < self.share)
        return reworded(draft, switched, user, response)


TACTIC: Tactic = LanguageSwitch()
