"""Release switch.

Detects: an account that moves to a new model within two days of its release.
Needs: time, model. Cost: one row an account, model and day.
Tactics: A18. Look-alikes: B2, B6.
Blind spots: a release before or on the first day of the data; campaigns that wait.
Triage: weak alone: enthusiasts switch at once too. Look at whether linked accounts moved together.
Source: campaign C3 of the public record moved about half of its traffic within 24 hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example


@dataclass(frozen=True, slots=True)
class ReleaseSwitch:
    """Scores the share of an account's traffic on a model on its release day and the next.

    Attributes:
        prior_exchanges: Exchanges on other models added to every account.
        min_exchanges: Fewer exchanges than this around the release give no score.
    """

    name: ClassVar[str] = "release_switch"
    tactics: ClassVar[tuple[str, ...]] = ("A18",)
    look_alikes: ClassVar[tuple[str, ...]] = ("B2", "B6")
    needs: ClassVar[tuple[str, ...]] = ("time", "model")
    harvest: ClassVar[bool] = True
    scale_floor: ClassVar[float] = 0.5
    examples: ClassVar[tuple[Example, ...]] = (
        Example("moves at once", "fires", ({"before_release": 10, "after_release": 90},)),
        Example("stays", "benign", ({"before_release": 100, "after_release": 0},)),
        Example("tries it out", "hard_benign", ({"before_release": 60, "after_release": 20},)),
        Example("no release", "abstains", ({"before_release": 0, "after_release": 0},)),
    )

    prior_exchanges: float = 10.0
    min_exchanges: int = 5

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return the shrunken share of exchanges on the new model, in [0, 1)."""
        here = profiles["before_release"] + profiles["after_release"]
        share = profiles["after_release"] / (here + self.prior_exchanges)
        return np.where(here >= self.min_exchanges, share, np.nan)

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how much traffic moved."""
        here = profile["before_release"] + profile["after_release"]
        return (
            f"{profile['after_release']:.0f} of {here:.0f} exchanges around a model's release "
            "went to the new model"
        )


DETECTOR: type[Detector] = ReleaseSwitch
