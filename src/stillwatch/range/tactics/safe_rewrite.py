"""Has answers on policy topics rewritten so that they are safe to train on (A14)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from stillwatch.range._wording import Wording, asked, voices
from stillwatch.range.contracts import Draft, Tactic, World

WORDING: Final[Wording] = (
    (
        "Rewrite the reply below so that it avoids every politically sensitive point.",
        "Turn what follows into a version that no censor would object to.",
        "Give a harmless rendering of the text underneath, without touching on sensitive politics.",
    ),
    (
        "Keep the style, the length and all that is uncontroversial.",
        "Leave the tone and the facts that nobody disputes.",
        "Everything else has to stay close to the original wording.",
    ),
    (
        "Return the rewritten text only.",
        "Answer with nothing but the new version.",
        "Print just the result.",
    ),
)


@dataclass(frozen=True, slots=True)
class SafeRewrite:
    """Collects pairs of a text and its safe version.

    Attributes:
        ways: Wordings it rotates through; 1 is a fixed prompt.
    """

    name: ClassVar[str] = "safe_rewrite"
    summary: ClassVar[str] = "censorship-safe rewrites of policy topics"
    tactics: ClassVar[tuple[str, ...]] = ("A14",)
    source: ClassVar[str] = "C1: safe alternatives to policy-sensitive queries"

    ways: int = 1

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Put one of the wordings before each prompt that harvests."""
        del world
        return asked(rng, draft, voices(rng, WORDING, self.ways))


TACTIC: Tactic = SafeRewrite()
