"""Reasoning elicitation.

Detects: prompts that make the model write its hidden reasoning into the answer.
Needs: messages. Cost: two counts an account.
Tactics: A5, A6, A7, A8, A9. Look-alikes: B3, B12, B14, B16.
Blind spots: trace inversion from ordinary answers (A12); wordings that no cue knows; heavy cover
    traffic, which dilutes the share.
Triage: read which cues fired; compare with the account's stated use and with its links.
Source: the cues of the sketch of the same name; share shrunk by a fixed prior.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example
from stillwatch.detectors._share import shrunken_share


@dataclass(frozen=True, slots=True)
class ReasoningElicitation:
    """Scores the share of an account's prompts that ask for the model's own reasoning.

    Attributes:
        prior_exchanges: Exchanges without elicitation added to every account.
    """

    name: ClassVar[str] = "reasoning_elicitation"
    tactics: ClassVar[tuple[str, ...]] = ("A5", "A6", "A7", "A8", "A9")
    look_alikes: ClassVar[tuple[str, ...]] = ("B3", "B12", "B14", "B16")
    needs: ClassVar[tuple[str, ...]] = ("messages",)
    harvest: ClassVar[bool] = True
    scale_floor: ClassVar[float] = 0.1
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "a harvest account at six requests a day",
            "fires",
            ({"exchanges": 42, "reasoning_elicitation_hits": 30},),
        ),
        Example(
            "an ordinary chat user", "benign", ({"exchanges": 60, "reasoning_elicitation_hits": 0},)
        ),
        Example(
            "an auditor who asks for explanations now and then",
            "hard_benign",
            ({"exchanges": 80, "reasoning_elicitation_hits": 9},),
        ),
        Example("no exchange", "abstains", ({"exchanges": 0, "reasoning_elicitation_hits": 0},)),
    )

    prior_exchanges: float = 10.0

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return the shrunken share of eliciting exchanges, in [0, 1)."""
        return shrunken_share(
            profiles["reasoning_elicitation_hits"], profiles["exchanges"], self.prior_exchanges
        )

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how many prompts asked for reasoning."""
        return (
            f"{profile['reasoning_elicitation_hits']:.0f} of {profile['exchanges']:.0f} prompts "
            "ask the model to write out its own reasoning"
        )


DETECTOR: type[Detector] = ReasoningElicitation
