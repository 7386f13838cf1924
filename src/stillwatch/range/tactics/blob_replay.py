"""Replays sealed reasoning elsewhere than where it was minted (A11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from stillwatch.range._people import identifiers
from stillwatch.range._wording import put
from stillwatch.range.contracts import Draft, Share, Tactic, World


@dataclass(frozen=True, slots=True)
class BlobReplay:
    """Attaches reasoning blobs that other accounts of the campaign were given.

    Attributes:
        share: Share of the requests that carry a blob.
        blobs: Different blobs in circulation.
    """

    name: ClassVar[str] = "blob_replay"
    summary: ClassVar[str] = "sealed reasoning seen under another account"
    tactics: ClassVar[tuple[str, ...]] = ("A11",)
    source: ClassVar[str] = "arXiv 2608.09867"

    share: Share = 0.3
    blobs: int = 400

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Attach one of the circulating blobs to some requests."""
        del world
        circulating = identifiers(rng, self.blobs, "blob_")
        which = circulating.take(pa.array(rng.integers(self.blobs, size=len(draft))))
        lists = pa.ListArray.from_arrays(
            pa.array(np.arange(len(draft) + 1), type=pa.int32()), which
        )
        carries = draft.harvests & (rng.random(len(draft)) < self.share)
        return put(draft, "blob_ids", carries, lists)


TACTIC: Tactic = BlobReplay()
