"""Failover after a block.

Detects: an account whose first exchange follows within minutes of another account's block.
Needs: time, status. Cost: a sorted list of block times.
Tactics: A19, A1. Look-alikes: B15.
Blind spots: replacement after hours; accounts kept warm beforehand; the first day of the data.
Triage: chance alone puts new accounts after blocks: look at whether the two are linked otherwise.
Source: failover on 403 and 429 is an indicator of the joint advisory AA26-251A.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example


@dataclass(frozen=True, slots=True)
class FailoverAfterBlock:
    """Scores how soon after somebody's block an account begins, 1 for at once.

    Attributes:
        window_minutes: Time after a block at which the score has fallen to a half.
    """

    name: ClassVar[str] = "failover_after_block"
    tactics: ClassVar[tuple[str, ...]] = ("A19", "A1")
    look_alikes: ClassVar[tuple[str, ...]] = ("B15",)
    needs: ClassVar[tuple[str, ...]] = ("time", "status")
    harvest: ClassVar[bool] = False
    scale_floor: ClassVar[float] = 0.75
    examples: ClassVar[tuple[Example, ...]] = (
        Example("two minutes later", "fires", ({"gap_after_block_us": 120_000_000},)),
        Example("nine hours later", "benign", ({"gap_after_block_us": 32_400_000_000},)),
        Example("half an hour later", "hard_benign", ({"gap_after_block_us": 1_800_000_000},)),
        Example("there from the start", "abstains", ({"gap_after_block_us": None},)),
    )

    window_minutes: float = 10.0

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return 1 / (1 + gap / window), in (0, 1]."""
        gap = profiles["gap_after_block_us"] / 60e6
        with np.errstate(invalid="ignore"):
            return 1.0 / (1.0 + gap / self.window_minutes)

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how soon it began."""
        return (
            f"began {profile['gap_after_block_us'] / 60e6:.1f} minutes after another account "
            "was blocked"
        )


DETECTOR: type[Detector] = FailoverAfterBlock
