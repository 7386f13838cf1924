"""Technique search.

Detects: many different wordings that are refused at first, and then no longer: somebody looked
    for a wording that works, and found it.
Needs: time, messages, finish_reason. Cost: three sums and a bitmap of 64 bits an account.
Tactics: A10. Look-alikes: B3, B16.
Blind spots: a search on other accounts than the harvest; refusals that no `finish_reason` marks;
    fewer than ten refusals; prompts of fewer than 16 tokens, whose wording is not kept.
Triage: a red team is refused to the end, and its search is declared; read what worked at last.
Source: refusals that come early beyond chance, when the order of an account's requests is
    permuted: the mean time of the refused ones, with the mean and variance that it has over all
    permutations (sampling without replacement, Cochran 1977), as a normal deviate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example


def _case(hours: Sequence[int], refused: Sequence[int], heads: float) -> dict[str, object]:
    return {
        "exchanges": len(hours),
        "hours": sum(hours),
        "hours_squared": sum(hour * hour for hour in hours),
        "refused": len(refused),
        "refused_hours": sum(refused),
        "distinct_refused_heads": heads,
    }


_WEEK: tuple[int, ...] = tuple(54_000 + hour for hour in range(168))


@dataclass(frozen=True, slots=True)
class TechniqueSearch:
    """Scores refused wordings where refusals fall off beyond chance.

    Attributes:
        min_refused: Fewer refusals than this give no score.
        min_deviate: Refusals must come early by this many standard deviations of the permuted
            order; 3.3 is one account in two thousand by chance.
    """

    name: ClassVar[str] = "technique_search"
    tactics: ClassVar[tuple[str, ...]] = ("A10",)
    look_alikes: ClassVar[tuple[str, ...]] = ("B3", "B16")
    needs: ClassVar[tuple[str, ...]] = ("time", "messages", "finish_reason")
    harvest: ClassVar[bool] = True
    scale_floor: ClassVar[float] = 0.1
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "forty refused wordings in a day, then a harvest",
            "fires",
            (_case((*_WEEK[:24] * 2, *_WEEK), _WEEK[:20] * 2, 38.0),),
        ),
        Example(
            "now and then a refusal", "benign", (_case(_WEEK * 4, (*_WEEK[3::14], _WEEK[5]), 13.0),)
        ),
        Example(
            "a red team, refused throughout", "hard_benign", (_case(_WEEK, _WEEK[1::2], 80.0),)
        ),
        Example("three refusals", "abstains", (_case(_WEEK, _WEEK[:3], 3.0),)),
    )

    min_refused: int = 10
    min_deviate: float = 3.3

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return the share refused times log2 of the refused wordings; 0 without a fall."""
        count, refused = profiles["exchanges"], profiles["refused"]
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = profiles["hours"] / count
            spread = profiles["hours_squared"] / count - mean**2
            variance = np.maximum(spread, 0.0) / refused * (count - refused) / (count - 1)
            deviate = (mean - profiles["refused_hours"] / refused) / np.sqrt(variance)
            breadth = np.log2(1.0 + profiles["distinct_refused_heads"])
            score = np.where(deviate >= self.min_deviate, refused / count * breadth, 0.0)
        return np.where(refused >= self.min_refused, score, np.nan)

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how many wordings were refused, and when."""
        early = (
            profile["hours"] / profile["exchanges"] - profile["refused_hours"] / profile["refused"]
        )
        return (
            f"about {profile['distinct_refused_heads']:.0f} different wordings were refused, "
            f"{early:.0f} hours before the middle of its traffic"
        )


DETECTOR: type[Detector] = TechniqueSearch
