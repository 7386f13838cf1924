"""Shared wording.

Detects: asking for material (hidden reasoning, grades, batches of examples) in a wording that
    unrelated customers use for the same, now and then or always.
Needs: messages. Cost: one row a party and run of text, of such exchanges only.
Tactics: A1, A2. Look-alikes: B1, B3, B4, B5, B10, B14, B16.
Blind spots: a wording of each account's own; fewer than three accounts; asking for nothing that
    the content scores know; cover of more than 99 %. What is common grows with the traffic: learn
    the profile from as many accounts as are scanned, or more come to share a public wording by
    chance.
Triage: is the wording published, such as in a course or a library of prompts?
Source: winnowing, Schleimer, Wilkerson and Aiken 2003, on exchanges that a content score marks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example


@dataclass(frozen=True, slots=True)
class SharedWording:
    """Scores how often an account asks for material as at least two others do.

    Ordinary traffic does not thin this out, as it does a share of all exchanges.

    Attributes:
        min_share: A smaller share of an account's exchanges counts as none.
    """

    name: ClassVar[str] = "shared_wording"
    tactics: ClassVar[tuple[str, ...]] = ("A1", "A2")
    look_alikes: ClassVar[tuple[str, ...]] = ("B1", "B3", "B4", "B5", "B10", "B14", "B16")
    needs: ClassVar[tuple[str, ...]] = ("messages",)
    harvest: ClassVar[bool] = True
    scale_floor: ClassVar[float] = 0.5
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "a harvest account, nine tenths of it cover",
            "fires",
            ({"exchanges": 84, "shared_wording": 9},),
        ),
        Example("an ordinary chat user", "benign", ({"exchanges": 60, "shared_wording": 0},)),
        Example(
            "a reader who tried a prompt from a blog twice",
            "hard_benign",
            ({"exchanges": 80, "shared_wording": 2},),
        ),
        Example(
            "a large evaluation that holds three such prompts",
            "hard_benign",
            ({"exchanges": 8000, "shared_wording": 3},),
        ),
        Example("no exchange", "abstains", ({"exchanges": 0, "shared_wording": 0},)),
    )

    min_share: float = 0.01

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return log2(1 + exchanges in the shared wording used most)."""
        uses, exchanges = profiles["shared_wording"], profiles["exchanges"]
        score = np.where(uses >= self.min_share * exchanges, np.log2(1.0 + uses), 0.0)
        return np.where(exchanges > 0, score, np.nan)

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say in how many exchanges it asks as others do."""
        return (
            f"asks for reasoning, grades or examples in {profile['shared_wording']:.0f} of "
            f"{profile['exchanges']:.0f} exchanges in a wording that other customers use for that"
        )


DETECTOR: type[Detector] = SharedWording
