"""Strips the metadata that others leave (A26)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from stillwatch.range._wording import put
from stillwatch.range.contracts import ABSENT, Draft, Share, Tactic, World


@dataclass(frozen=True, slots=True)
class Sanitised:
    """Routes requests so that client, TLS fingerprint and end-user ids are missing.

    Attributes:
        rate: Share of accounts that strip.
    """

    name: ClassVar[str] = "sanitised"
    summary: ClassVar[str] = "no client, no TLS fingerprint"
    tactics: ClassVar[tuple[str, ...]] = ("A26",)
    source: ClassVar[str] = "AA26-251A: automated sanitisation of metadata"

    rate: Share = 0.7

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Blank what a client usually says about itself."""
        del world
        strips = (rng.random(len(draft.accounts)) < self.rate)[draft.account] & draft.harvests
        blank = pa.repeat(ABSENT, len(draft))
        for column in ("user_agent", "tls_fingerprint", "end_user_id"):
            draft = put(draft, column, strips, blank)
        return draft


TACTIC: Tactic = Sanitised()
