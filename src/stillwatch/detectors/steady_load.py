"""Steady load.

Detects: use that is even around the clock, as of a script without a user behind it.
Needs: time. Cost: 24 counts an account.
Tactics: A3. Look-alikes: B1, B6, B7.
Blind spots: jobs run in office hours; load spread over so many accounts that each is too small.
Triage: weak alone: every agent fleet looks like this. Look at content and links.
Source: entropy with the correction of Miller 1955, on hours of the day in UTC; the hour itself is
    never a feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example

_HOURS: Final = tuple(f"hour_{hour:02d}" for hour in range(24))


def _day(total: int, hours: range) -> dict[str, object]:
    share = total // len(hours)
    return {
        "exchanges": share * len(hours),
        **{name: share if index in hours else 0 for index, name in enumerate(_HOURS)},
    }


@dataclass(frozen=True, slots=True)
class SteadyLoad:
    """Scores how evenly an account's exchanges fall on the hours of the day.

    Attributes:
        min_exchanges: Fewer exchanges than this give no score.
    """

    name: ClassVar[str] = "steady_load"
    tactics: ClassVar[tuple[str, ...]] = ("A3",)
    look_alikes: ClassVar[tuple[str, ...]] = ("B1", "B6", "B7")
    needs: ClassVar[tuple[str, ...]] = ("time",)
    harvest: ClassVar[bool] = True
    scale_floor: ClassVar[float] = 1.0
    examples: ClassVar[tuple[Example, ...]] = (
        Example("a script around the clock", "fires", (_day(480, range(24)),)),
        Example("a person by day", "benign", (_day(480, range(8, 18)),)),
        Example("a team in two time zones", "hard_benign", (_day(480, range(4, 22)),)),
        Example("ten exchanges", "abstains", (_day(10, range(10)),)),
    )

    min_exchanges: int = 48

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return the entropy of the hour histogram, corrected for its size, 1 for even use."""
        counts = np.stack([profiles[name] for name in _HOURS])
        exchanges = profiles["exchanges"]
        share = counts / np.maximum(exchanges, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            entropy = -np.nansum(np.where(share > 0, share * np.log(share), 0.0), axis=0)
        correction = (np.count_nonzero(counts, axis=0) - 1) / (2.0 * np.maximum(exchanges, 1.0))
        return np.where(
            exchanges >= self.min_exchanges, (entropy + correction) / np.log(24.0), np.nan
        )

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how many hours of the day see traffic."""
        active = sum(1 for name in _HOURS if profile[name] > 0)
        return f"traffic in {active} of 24 hours of the day, evenly"


DETECTOR: type[Detector] = SteadyLoad
