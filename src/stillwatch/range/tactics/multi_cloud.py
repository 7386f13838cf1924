"""Splits one harvest over the provider's own API, clouds and aggregators (A25)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from stillwatch.range._assemble import SURFACES
from stillwatch.range._wording import put
from stillwatch.range.contracts import Draft, Tactic, World


@dataclass(frozen=True, slots=True)
class MultiCloud:
    """Lets every account speak through several surfaces."""

    name: ClassVar[str] = "multi_cloud"
    summary: ClassVar[str] = "the same template on the first-party API, clouds and aggregators"
    tactics: ClassVar[tuple[str, ...]] = ("A25",)
    source: ClassVar[str] = "AA26-251A: aggregator and cloud routing"

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Choose a surface for each request that harvests."""
        del world
        which = rng.integers(len(SURFACES), size=len(draft))
        return put(draft, "surface", draft.harvests, pa.array(SURFACES).take(pa.array(which)))


TACTIC: Tactic = MultiCloud()
