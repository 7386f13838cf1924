"""Rubric grading.

Detects: use of the model as a judge or reward model: a rubric, a candidate text, a short score.
Needs: messages. Cost: two counts an account.
Tactics: A13. Look-alikes: B1, B5, B17.
Blind spots: comparisons without a rubric; rubrics in wordings that no cue knows.
Triage: ask where the graded texts come from: an own product, or another model's answers?
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
class RubricGrading:
    """Scores the share of an account's prompts that grade a text against a rubric.

    Attributes:
        prior_exchanges: Exchanges without grading added to every account.
    """

    name: ClassVar[str] = "rubric_grading"
    tactics: ClassVar[tuple[str, ...]] = ("A13",)
    look_alikes: ClassVar[tuple[str, ...]] = ("B1", "B5", "B17")
    needs: ClassVar[tuple[str, ...]] = ("messages",)
    harvest: ClassVar[bool] = True
    scale_floor: ClassVar[float] = 0.1
    examples: ClassVar[tuple[Example, ...]] = (
        Example("a judge loop", "fires", ({"exchanges": 300, "rubric_grading_hits": 280},)),
        Example("a chat user", "benign", ({"exchanges": 50, "rubric_grading_hits": 0},)),
        Example(
            "a teacher who has some essays graded",
            "hard_benign",
            ({"exchanges": 90, "rubric_grading_hits": 25},),
        ),
        Example("no exchange", "abstains", ({"exchanges": 0, "rubric_grading_hits": 0},)),
    )

    prior_exchanges: float = 10.0

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return the shrunken share of grading exchanges, in [0, 1)."""
        return shrunken_share(
            profiles["rubric_grading_hits"], profiles["exchanges"], self.prior_exchanges
        )

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how many prompts grade a text."""
        return (
            f"{profile['rubric_grading_hits']:.0f} of {profile['exchanges']:.0f} prompts "
            "grade a text against a rubric"
        )


DETECTOR: type[Detector] = RubricGrading
