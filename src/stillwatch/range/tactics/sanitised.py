"""Strips the metadata that others leave (A26)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from stillwatch.range._wording import put
from stillwatch.range.contracts import Draft, Tactic, World


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

    rate: float = 0.7

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Blank what a client usually says about itself."""
        del world
        strips = (rng.random(len(draft.accounts)) < self.rate)[draft.account] & draft.harvests
        blank = pa.repeat("", len(draft))
        done = put(draft, "user_agent", strips, blank)
        return put(done, "tls_fingerprint", strips, blank)


TACTIC: Tactic = Sanitised()
