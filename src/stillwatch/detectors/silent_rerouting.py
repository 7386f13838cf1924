"""Silent rerouting.

Detects: another product's users behind one account: traffic in the wording of foreign brands or
    harnesses, around the clock, that names no end user.
Needs: messages. Cost: counts an account has anyway.
Tactics: A16. Look-alikes: B6, B8, B10.
Blind spots: a reseller that strips the system prompt; harnesses that use native tool calls; a
    reseller that invents end users.
Triage: most such traffic is ordinary: an open-source agent, or an integrator. Ask whose users.
Source: the foreign_harness sketch; a campaign of about 300,000 such requests in ten days is on
    the public record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example
from stillwatch.detectors._share import shrunken_share

_HOURS: Final = tuple(f"hour_{hour:02d}" for hour in range(24))


def _case(exchanges: int, hits: int, named: int, hours: range, prompts: int) -> dict[str, object]:
    return {
        "exchanges": exchanges,
        "foreign_harness_hits": hits,
        "with_end_user": named,
        "distinct_payloads": prompts,
        **{name: 9 if index in hours else 0 for index, name in enumerate(_HOURS)},
    }


@dataclass(frozen=True, slots=True)
class SilentRerouting:
    """Scores foreign wording without end users, by volume of new prompts and hours of the day.

    Attributes:
        prior_exchanges: Exchanges in the account's own wording added to every account.
        min_exchanges: Fewer exchanges than this give no score.
    """

    name: ClassVar[str] = "silent_rerouting"
    tactics: ClassVar[tuple[str, ...]] = ("A16",)
    look_alikes: ClassVar[tuple[str, ...]] = ("B6", "B8", "B10")
    needs: ClassVar[tuple[str, ...]] = ("messages",)
    harvest: ClassVar[bool] = False
    scale_floor: ClassVar[float] = 1.0
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "a product's users, unnamed, day and night",
            "fires",
            (_case(3000, 2900, 0, range(24), 2600),),
        ),
        Example("a chat user", "benign", (_case(60, 0, 0, range(9, 22), 58),)),
        Example(
            "a gateway that names its users",
            "hard_benign",
            (_case(3000, 1200, 3000, range(24), 2800),),
        ),
        Example(
            "a developer with an open-source agent",
            "hard_benign",
            (_case(90, 90, 0, range(9, 19), 80),),
        ),
        Example("ten exchanges", "abstains", (_case(10, 10, 0, range(9, 12), 10),)),
    )

    prior_exchanges: float = 20.0
    min_exchanges: int = 40

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return share of foreign wording x share unnamed x share of hours x log10 of prompts."""
        exchanges = profiles["exchanges"]
        foreign = shrunken_share(profiles["foreign_harness_hits"], exchanges, self.prior_exchanges)
        unnamed = 1.0 - np.minimum(profiles["with_end_user"] / np.maximum(exchanges, 1.0), 1.0)
        awake = np.mean([profiles[name] > 0 for name in _HOURS], axis=0)
        score = foreign * unnamed * awake * np.log10(1.0 + profiles["distinct_payloads"])
        return np.where(exchanges >= self.min_exchanges, score, np.nan)

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how much of the traffic speaks another product's language."""
        return (
            f"{profile['foreign_harness_hits']:.0f} of {profile['exchanges']:.0f} exchanges use "
            "the wording of another product or harness; "
            f"{profile['with_end_user']:.0f} name an end user"
        )


DETECTOR: type[Detector] = SilentRerouting
