"""Coverage growth.

Detects: an account that keeps asking new things at volume, where an evaluation suite repeats.
Needs: messages. Cost: a bitmap of 512 bits an account.
Tactics: A4, A10. Look-alikes: B4, B13.
Blind spots: small accounts, whose every prompt is new; more than about 3,000 distinct prompts are
    counted as 3,000.
Triage: look at the templates: new payloads in one wrapper are a harvest, new topics are a user.
Source: linear counting, Whang, Vander-Zanden and Taylor 1990.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example


@dataclass(frozen=True, slots=True)
class CoverageGrowth:
    """Scores distinct prompts times the share of prompts that are new, on a log scale.

    Attributes:
        min_exchanges: Fewer exchanges than this give no score.
    """

    name: ClassVar[str] = "coverage_growth"
    tactics: ClassVar[tuple[str, ...]] = ("A4", "A10")
    look_alikes: ClassVar[tuple[str, ...]] = ("B4", "B13")
    needs: ClassVar[tuple[str, ...]] = ("messages",)
    harvest: ClassVar[bool] = True
    scale_floor: ClassVar[float] = 2.0
    examples: ClassVar[tuple[Example, ...]] = (
        Example("a bulk harvest", "fires", ({"exchanges": 2500, "distinct_payloads": 2450},)),
        Example("a chat user", "benign", ({"exchanges": 60, "distinct_payloads": 58},)),
        Example(
            "a nightly evaluation of 120 items",
            "hard_benign",
            ({"exchanges": 2500, "distinct_payloads": 120},),
        ),
        Example("three exchanges", "abstains", ({"exchanges": 3, "distinct_payloads": 3},)),
    )

    min_exchanges: int = 20

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return log10(1 + distinct) weighted by the share of prompts that are new."""
        exchanges, distinct = profiles["exchanges"], profiles["distinct_payloads"]
        share = distinct / np.maximum(exchanges, 1.0)
        return np.where(exchanges >= self.min_exchanges, np.log10(1.0 + distinct) * share, np.nan)

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how many prompts were new."""
        return (
            f"about {profile['distinct_payloads']:.0f} distinct prompts in "
            f"{profile['exchanges']:.0f} exchanges"
        )


DETECTOR: type[Detector] = CoverageGrowth
