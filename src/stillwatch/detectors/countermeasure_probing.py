"""Countermeasure probing.

Detects: a small set of prompts that is sent again on later days, beside traffic that keeps being
    new: a check whether answers have become worse.
Needs: time, messages. Cost: the bitmap of prompts that an account has for each day.
Tactics: A20. Look-alikes: B1, B17.
Blind spots: a probe set on an account of its own, which looks like any nightly evaluation; days
    with fewer than 20 exchanges; the same item compared over accounts, which links show.
Triage: never alone: an evaluation next to a product looks the same. Ask what the set is for.
Source: quality harnesses that look for countermeasures are an indicator of AA26-251A.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example


@dataclass(frozen=True, slots=True)
class CountermeasureProbing:
    """Scores prompts that come again on later days, where most others are new.

    Attributes:
        prior_prompts: New prompts added to every account.
        min_prompts: Fewer prompts than this on days with many exchanges give no score.
    """

    name: ClassVar[str] = "countermeasure_probing"
    tactics: ClassVar[tuple[str, ...]] = ("A20",)
    look_alikes: ClassVar[tuple[str, ...]] = ("B1", "B17")
    needs: ClassVar[tuple[str, ...]] = ("time", "messages")
    harvest: ClassVar[bool] = False
    scale_floor: ClassVar[float] = 0.2
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "twenty items every day beside a harvest",
            "fires",
            ({"daily_distinct": 700, "later_repeats": 120},),
        ),
        Example("a busy chat user", "benign", ({"daily_distinct": 300, "later_repeats": 4},)),
        Example(
            "a nightly evaluation of 60 items",
            "hard_benign",
            ({"daily_distinct": 420, "later_repeats": 360},),
        ),
        Example("no busy day", "abstains", ({"daily_distinct": 0, "later_repeats": 0},)),
    )

    prior_prompts: float = 20.0
    min_prompts: int = 60

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return the share that comes again, times how far new prompts outnumber it; at most 1.

        A suite has more repeated prompts than new ones, and scores 0.
        """
        daily, again = profiles["daily_distinct"], profiles["later_repeats"]
        with np.errstate(invalid="ignore"):
            repeated = again / (daily + self.prior_prompts)
            new = 1.0 - again / np.maximum(daily, 1.0)
            score = 16.0 * repeated * np.maximum(new - 0.5, 0.0)
            return np.where(daily >= self.min_prompts, score, np.nan)

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how many prompts came again."""
        return (
            f"about {profile['later_repeats']:.0f} of {profile['daily_distinct']:.0f} prompts "
            "had been asked on an earlier day"
        )


DETECTOR: type[Detector] = CountermeasureProbing
