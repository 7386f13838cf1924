"""Blob replay.

Detects: requests that present sealed reasoning which another party had presented before.
Needs: blob_ids. Cost: one row a party and blob.
Tactics: A11. Look-alikes: B8, B18.
Blind spots: blobs whose first presentation is not in the data; blobs whose text was changed;
    accounts of one organisation, which are one party.
Triage: it proves that a blob travelled: a reseller, a shared operator or a public leak. A gateway
    that moves a conversation between its keys does it too.
Source: whoever presented a blob first is taken for its owner; share shrunk by a fixed prior.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example
from stillwatch.detectors._share import shrunken_share


@dataclass(frozen=True, slots=True)
class BlobReplay:
    """Scores the share of an account's exchanges that present another party's blob.

    Attributes:
        prior_exchanges: Exchanges without a blob added to every account.
    """

    name: ClassVar[str] = "blob_replay"
    tactics: ClassVar[tuple[str, ...]] = ("A11",)
    look_alikes: ClassVar[tuple[str, ...]] = ("B8", "B18")
    needs: ClassVar[tuple[str, ...]] = ("blob_ids",)
    harvest: ClassVar[bool] = True
    scale_floor: ClassVar[float] = 0.05
    examples: ClassVar[tuple[Example, ...]] = (
        Example("a replay pool", "fires", ({"exchanges": 200, "blob_foreign": 150},)),
        Example("its own blobs only", "benign", ({"exchanges": 200, "blob_foreign": 0},)),
        Example(
            "a gateway that moved two conversations to a new key",
            "hard_benign",
            ({"exchanges": 900, "blob_foreign": 14},),
        ),
        Example("no exchange", "abstains", ({"exchanges": 0, "blob_foreign": 0},)),
    )

    prior_exchanges: float = 10.0

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return the shrunken number of foreign blobs an exchange."""
        return shrunken_share(profiles["blob_foreign"], profiles["exchanges"], self.prior_exchanges)

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how often it presented another party's blob."""
        return (
            f"presented {profile['blob_foreign']:.0f} sealed blobs of reasoning in "
            f"{profile['exchanges']:.0f} exchanges that another customer had presented before"
        )


DETECTOR: type[Detector] = BlobReplay
