"""Batch generation.

Detects: orders for training material by the batch: many varied tasks, pairs or dialogues at once.
Needs: messages. Cost: two counts an account.
Tactics: A4, A5. Look-alikes: B4, B11.
Blind spots: one item a request, which is how a patient harvester works; wordings no cue knows.
Triage: synthetic data for a narrow model of one's own is often permitted: ask what it is for.
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
class BatchGeneration:
    """Scores the share of an account's prompts that order training material by the batch.

    Attributes:
        prior_exchanges: Exchanges without such an order added to every account.
    """

    name: ClassVar[str] = "batch_generation"
    tactics: ClassVar[tuple[str, ...]] = ("A4", "A5")
    look_alikes: ClassVar[tuple[str, ...]] = ("B4", "B11")
    needs: ClassVar[tuple[str, ...]] = ("messages",)
    harvest: ClassVar[bool] = True
    scale_floor: ClassVar[float] = 0.1
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "a worker of a generator", "fires", ({"exchanges": 60, "batch_generation_hits": 48},)
        ),
        Example("a chat user", "benign", ({"exchanges": 50, "batch_generation_hits": 0},)),
        Example(
            "a teacher who has quizzes written",
            "hard_benign",
            ({"exchanges": 70, "batch_generation_hits": 12},),
        ),
        Example("no exchange", "abstains", ({"exchanges": 0, "batch_generation_hits": 0},)),
    )

    prior_exchanges: float = 10.0

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return the shrunken share of exchanges that order a batch, in [0, 1)."""
        return shrunken_share(
            profiles["batch_generation_hits"], profiles["exchanges"], self.prior_exchanges
        )

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how many prompts order a batch."""
        return (
            f"{profile['batch_generation_hits']:.0f} of {profile['exchanges']:.0f} prompts "
            "order many items of training material at once"
        )


DETECTOR: type[Detector] = BatchGeneration
