"""Account takeover.

Detects: an old account whose volume jumps from one day to the next, and that asks other models
    from then on.
Needs: time, account_created, model. Cost: one pass over the counts of each day.
Tactics: A23. Look-alikes: B2, B6, B13.
Blind spots: a thief who keeps the owner's pace and models; a jump on the first two days of the
    data; accounts without a date of creation.
Triage: a customer who launched a product looks the same. Ask the owner, and look at whether
    networks and clients changed on the same day.
Source: the largest gain in likelihood of two Poisson rates over one (change-point scan), with
    the total variation between the model mixes before and after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example

_DAY_US = 86_400_000_000
_NOW_US = 20_500 * _DAY_US


def _case(
    calm: float, jumped: float, moved: float, calm_days: float = 10, age_days: int = 400
) -> dict[str, object]:
    return {
        "calm_per_day": calm,
        "jumped_per_day": jumped,
        "calm_days": calm_days,
        "moved_models": moved,
        "first_us": _NOW_US,
        "account_created_us": _NOW_US - age_days * _DAY_US,
    }


@dataclass(frozen=True, slots=True)
class AccountTakeover:
    """Scores the jump in volume of an old account, times the change in the models it asks.

    Attributes:
        min_age_days: A younger account has no score.
        min_calm_days: So has one that jumped sooner after the start of the data.
        min_per_day: So has one that has fewer exchanges a day after the jump.
    """

    name: ClassVar[str] = "account_takeover"
    tactics: ClassVar[tuple[str, ...]] = ("A23",)
    look_alikes: ClassVar[tuple[str, ...]] = ("B2", "B6", "B13")
    needs: ClassVar[tuple[str, ...]] = ("time", "account_created", "model")
    harvest: ClassVar[bool] = False
    scale_floor: ClassVar[float] = 1.0
    examples: ClassVar[tuple[Example, ...]] = (
        Example("a stolen key", "fires", (_case(2.0, 600.0, 0.9),)),
        Example("an ordinary week", "benign", (_case(18.0, 25.0, 0.3),)),
        Example("a product goes viral", "hard_benign", (_case(40.0, 900.0, 0.05),)),
        Example("a new account", "abstains", (_case(1.0, 600.0, 0.9, age_days=2),)),
        Example("jumped on the first day", "abstains", (_case(0.0, 600.0, 0.9, calm_days=1),)),
    )

    min_age_days: float = 30.0
    min_calm_days: float = 3.0
    min_per_day: float = 20.0

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return log2 of the jump times the share of the exchanges that moved models."""
        age = (profiles["first_us"] - profiles["account_created_us"]) / _DAY_US
        calm, jumped = profiles["calm_per_day"], profiles["jumped_per_day"]
        known = (
            (age >= self.min_age_days)
            & (profiles["calm_days"] >= self.min_calm_days)
            & (jumped >= self.min_per_day)
            & (calm > 0)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            jump = np.maximum(np.log2((jumped + 1.0) / (calm + 1.0)), 0.0)
            return np.where(known, jump * profiles["moved_models"], np.nan)

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how far it jumped."""
        return (
            f"an old account went from {profile['calm_per_day']:.1f} to "
            f"{profile['jumped_per_day']:.0f} exchanges a day and moved "
            f"{100 * profile['moved_models']:.0f} % of them to other models"
        )


DETECTOR: type[Detector] = AccountTakeover
