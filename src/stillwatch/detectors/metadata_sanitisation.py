"""Metadata sanitisation.

Detects: requests without the headers that nearly everybody on the same surface sends.
Needs: user_agent; tls_fingerprint and surface where known. Cost: two sums an account.
Tactics: A26. Look-alikes: B8, B9.
Blind spots: forged headers; surfaces that pass none on, where absence is by contract.
Triage: never evidence by itself: privacy proxies and old libraries drop headers too.
Source: automated sanitisation is an indicator of AA26-251A. A header is usual on a surface when
    nine in ten of its accounts send it most of the time; elsewhere nothing is scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example
from stillwatch.detectors._share import shrunken_share


@dataclass(frozen=True, slots=True)
class MetadataSanitisation:
    """Scores the share of an account's exchanges that lack a header usual on its surface.

    Attributes:
        prior_exchanges: Complete exchanges added to every account.
    """

    name: ClassVar[str] = "metadata_sanitisation"
    tactics: ClassVar[tuple[str, ...]] = ("A26",)
    look_alikes: ClassVar[tuple[str, ...]] = ("B8", "B9")
    needs: ClassVar[tuple[str, ...]] = ("user_agent",)
    harvest: ClassVar[bool] = False
    scale_floor: ClassVar[float] = 0.5
    examples: ClassVar[tuple[Example, ...]] = (
        Example("headers stripped", "fires", ({"exchanges": 200, "missing_headers": 198},)),
        Example("all headers", "benign", ({"exchanges": 200, "missing_headers": 0},)),
        Example(
            "one job with an old library",
            "hard_benign",
            ({"exchanges": 200, "missing_headers": 40},),
        ),
        Example(
            "a cloud that passes no headers",
            "abstains",
            ({"exchanges": 200, "missing_headers": None},),
        ),
    )

    prior_exchanges: float = 10.0

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return the shrunken share of exchanges with a header missing, in [0, 1)."""
        return shrunken_share(
            profiles["missing_headers"], profiles["exchanges"], self.prior_exchanges
        )

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how many exchanges lack a header."""
        return (
            f"{profile['missing_headers']:.0f} of {profile['exchanges']:.0f} exchanges lack a "
            "header that nearly everybody on the same surface sends"
        )


DETECTOR: type[Detector] = MetadataSanitisation
