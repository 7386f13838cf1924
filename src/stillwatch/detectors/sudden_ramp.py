"""Sudden ramp.

Detects: a new account that is at its full volume from the first day on, without growing into it.
Needs: time. Cost: none beyond the counts of each day.
Tactics: A1, A4, A23. Look-alikes: B11, B13.
Blind spots: accounts older than the data; a ramp that is played; slow accounts, whose first days
    hold too few exchanges to tell.
Triage: a migration to a new key starts at full volume too: ask where the traffic was before.
Source: no ramp after sign-up is an indicator of the joint advisory AA26-251A.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example


def _case(opening: float, peak: float, days: float, seen: bool = True) -> dict[str, object]:
    return {
        "opening_per_day": opening,
        "peak_per_day": peak,
        "days_watched": days,
        "from_the_start": 0.0 if seen else 1.0,
    }


@dataclass(frozen=True, slots=True)
class SuddenRamp:
    """Scores the volume of the busier of the first two days, weighed by its share of the peak.

    Attributes:
        min_days: An account watched for fewer days has no score.
        min_per_day: So has one with fewer exchanges a day at its peak.
    """

    name: ClassVar[str] = "sudden_ramp"
    tactics: ClassVar[tuple[str, ...]] = ("A1", "A4", "A23")
    look_alikes: ClassVar[tuple[str, ...]] = ("B11", "B13")
    needs: ClassVar[tuple[str, ...]] = ("time",)
    harvest: ClassVar[bool] = False
    scale_floor: ClassVar[float] = 2.0
    examples: ClassVar[tuple[Example, ...]] = (
        Example("eight hundred a day from the first", "fires", (_case(800.0, 850.0, 20.0),)),
        Example("grows over weeks", "benign", (_case(6.0, 80.0, 30.0),)),
        Example("a class, all at once but tiny", "hard_benign", (_case(6.0, 8.0, 5.0),)),
        Example("older than the data", "abstains", (_case(800.0, 850.0, 30.0, seen=False),)),
        Example("came yesterday", "abstains", (_case(800.0, 800.0, 1.0),)),
    )

    min_days: float = 4.0
    min_per_day: float = 5.0

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return log10 of the opening volume a day times its share of the peak."""
        opening, peak = profiles["opening_per_day"], profiles["peak_per_day"]
        known = (
            (profiles["from_the_start"] == 0.0)
            & (profiles["days_watched"] >= self.min_days)
            & (peak >= self.min_per_day)
        )
        share = np.minimum(opening / np.maximum(peak, 1.0), 1.0)
        return np.where(known, np.log10(1.0 + opening) * share, np.nan)

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how it began."""
        return (
            f"began with {profile['opening_per_day']:.0f} exchanges a day; its busiest day has "
            f"{profile['peak_per_day']:.0f}"
        )


DETECTOR: type[Detector] = SuddenRamp
