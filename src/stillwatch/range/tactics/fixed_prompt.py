"""A fixed prompt that has the reasoning written out between tags (A5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa

from stillwatch.range._text import answers, in_english, join
from stillwatch.range._wording import Wording, asked, voices
from stillwatch.range.contracts import Draft, Tactic, World

WORDING: Final[Wording] = (
    (
        "Work on the task below the way a careful expert would.",
        "Take the task at the end and treat it as a specialist who checks twice.",
        "You are solving the exercise that follows; go about it with great care.",
        "Here is a problem. Handle it like the best person in the field.",
        "Please attempt the assignment given underneath, slowly and thoroughly.",
    ),
    (
        "Before you answer, write out every thought you have, in the order you have it, "
        "between <reasoning> and </reasoning>, dead ends and corrections included.",
        "First put the whole train of thought inside <reasoning> tags, nothing shortened, "
        "wrong turns too.",
        "Show inside <reasoning> and </reasoning> all that goes through your head until you "
        "are sure, including what you throw away.",
        "Inside <reasoning> tags note each step as it comes to you, guesses and checks as "
        "well, and leave nothing out.",
        "Open with <reasoning>, think aloud without cutting anything, close with </reasoning>.",
    ),
    (
        "Only then give the result between <answer> and </answer>.",
        "Afterwards state the outcome in <answer> tags.",
        "The final result alone goes into <answer> and </answer>.",
        "Finish with what you concluded, wrapped in <answer>.",
        "Close with an <answer> block that holds nothing but the result.",
    ),
)


@dataclass(frozen=True, slots=True)
class FixedPrompt:
    """Asks for every thought between tags, in one wording or in many.

    Attributes:
        ways: Wordings it rotates through; 1 is a fixed prompt.
    """

    name: ClassVar[str] = "fixed_prompt"
    summary: ClassVar[str] = "reasoning into inline tags"
    tactics: ClassVar[tuple[str, ...]] = ("A5",)
    source: ClassVar[str] = "C6: one fixed prompt shared by all of over 3,500 accounts"

    ways: int = 1

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Put one of the wordings before each prompt that harvests."""
        del world
        response = join(
            pa.scalar("<reasoning>"), answers(rng, in_english(len(draft))),
            pa.scalar("</reasoning>\n<answer>"), draft.response, pa.scalar("</answer>"),
        )  # fmt: skip
        return asked(rng, draft, voices(rng, WORDING, self.ways), response=response)


TACTIC: Tactic = FixedPrompt()
