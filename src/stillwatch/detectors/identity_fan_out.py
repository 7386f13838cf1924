"""Identity fan-out.

Detects: one account that comes from many networks and many clients.
Needs: ip, user_agent. Cost: two bitmaps of 64 bits an account.
Tactics: A1, A2. Look-alikes: B6, B7, B8, B9.
Blind spots: one proxy and one client an account; counts stop at about 260.
Triage: agent fleets, CI runners and gateways look exactly like this: ask who holds the key.
Source: one account from many addresses and user agents is an indicator of AA26-251A.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example


def _case(exchanges: int, prefixes: float, clients: float) -> dict[str, object]:
    return {
        "exchanges": exchanges,
        "accounts": 1,
        "distinct_prefixes": prefixes,
        "distinct_clients": clients,
    }


@dataclass(frozen=True, slots=True)
class IdentityFanOut:
    """Scores distinct address prefixes and distinct clients together.

    Attributes:
        min_exchanges: Fewer exchanges than this give no score.
    """

    name: ClassVar[str] = "identity_fan_out"
    tactics: ClassVar[tuple[str, ...]] = ("A1", "A2")
    look_alikes: ClassVar[tuple[str, ...]] = ("B6", "B7", "B8", "B9")
    needs: ClassVar[tuple[str, ...]] = ("ip", "user_agent")
    harvest: ClassVar[bool] = False
    scale_floor: ClassVar[float] = 4.0
    examples: ClassVar[tuple[Example, ...]] = (
        Example("a resold key", "fires", (_case(900, 120.0, 24.0),)),
        Example("a person at home and at work", "benign", (_case(60, 3.0, 2.0),)),
        Example("a fleet with one library", "hard_benign", (_case(4000, 90.0, 1.0),)),
        Example("a traveller behind a VPN", "hard_benign", (_case(120, 14.0, 2.0),)),
        Example("four exchanges", "abstains", (_case(4, 4.0, 4.0),)),
    )

    min_exchanges: int = 20

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return log2 of prefixes times log2 of clients, per account of the party."""
        accounts = np.maximum(profiles["accounts"], 1.0)
        prefixes = np.log2(np.maximum(profiles["distinct_prefixes"] / accounts, 1.0))
        clients = np.log2(np.maximum(profiles["distinct_clients"] / accounts, 1.0))
        enough = profiles["exchanges"] >= self.min_exchanges
        return np.where(enough, prefixes * clients, np.nan)

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say from how many places and clients it came."""
        return (
            f"came from about {profile['distinct_prefixes']:.0f} networks with about "
            f"{profile['distinct_clients']:.0f} different clients"
        )


DETECTOR: type[Detector] = IdentityFanOut
