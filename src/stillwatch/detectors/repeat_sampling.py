"""Repeat sampling.

Detects: many answers drawn to each of many prompts, as for preference pairs or the best of k.
Needs: messages. Cost: one sum an account, and the bitmap of prompts it has for each day.
Tactics: A13, A4. Look-alikes: B1, B17.
Blind spots: one answer a prompt; answers to one prompt drawn on different days or accounts, or
    on days with fewer than 20 exchanges; beyond some 3,000 distinct prompts.
Triage: an evaluation with pass@k draws k answers too, but from a set that comes again daily.
Source: linear counting, Whang, Vander-Zanden and Taylor 1990; repetitions within the error of
    the estimate do not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example


def _case(exchanges: int, answers: int, repeats: float, distinct: float) -> dict[str, object]:
    return {
        "exchanges": exchanges,
        "answers": answers,
        "same_day_repeats": repeats,
        "distinct_payloads": distinct,
    }


@dataclass(frozen=True, slots=True)
class RepeatSampling:
    """Scores the answers drawn to one prompt, where prompts keep being new.

    Attributes:
        prior_prompts: Prompts with one answer each added to every account.
        min_exchanges: Fewer exchanges than this give no score.
    """

    name: ClassVar[str] = "repeat_sampling"
    tactics: ClassVar[tuple[str, ...]] = ("A13", "A4")
    look_alikes: ClassVar[tuple[str, ...]] = ("B1", "B17")
    needs: ClassVar[tuple[str, ...]] = ("messages",)
    harvest: ClassVar[bool] = True
    scale_floor: ClassVar[float] = 1.0
    examples: ClassVar[tuple[Example, ...]] = (
        Example("eight answers to each of 250 prompts", "fires", (_case(2000, 2000, 1750, 250),)),
        Example("four choices a request", "fires", (_case(300, 1200, 0, 300),)),
        Example("a chat user", "benign", (_case(60, 60, 0, 59),)),
        Example(
            "a week of pass@4 on the same 60 items", "hard_benign", (_case(1680, 1680, 1260, 60),)
        ),
        Example("five exchanges", "abstains", (_case(5, 20, 0, 5),)),
    )

    prior_prompts: float = 10.0
    min_exchanges: int = 20

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return log2 of the answers to a prompt, times the share of prompts that are new.

        A set that comes again every day is not new.
        """
        exchanges, distinct = profiles["exchanges"], profiles["distinct_payloads"]
        asked = np.maximum(exchanges - np.nan_to_num(profiles["same_day_repeats"]), 1.0)
        new = np.minimum(distinct / asked, 1.0)
        drawn = (profiles["answers"] + self.prior_prompts) / (asked + self.prior_prompts)
        return np.where(exchanges >= self.min_exchanges, np.log2(drawn) * new, np.nan)

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how many answers were drawn to how many prompts."""
        return (
            f"{profile['answers']:.0f} answers were drawn to about "
            f"{profile['distinct_payloads']:.0f} distinct prompts"
        )


DETECTOR: type[Detector] = RepeatSampling
