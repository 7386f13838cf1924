"""Failover after a block.

Links: a blocked party to those whose first exchange follows within minutes.
Needs: time, status. Cost: two sorted lists.
Tactics: A1, A19. Look-alikes: B15.
Blind spots: replacement after hours; accounts kept warm.
Triage: chance puts new accounts after blocks: the test counts how many more than chance.
Source: automated failover is an indicator of the joint advisory AA26-251A.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.contracts import Incidence, Linker, Tables
from stillwatch.core.records import Example, Family
from stillwatch.relations.rollups import DAY_US


@dataclass(frozen=True, slots=True)
class Failover:
    """Links a blocked party to its possible replacements; it proposes no candidates.

    Attributes:
        window_minutes: How soon after a block a new party must begin.
    """

    name: ClassVar[str] = "failover"
    family: ClassVar[Family] = "timing"
    proposes: ClassVar[bool] = False
    tactics: ClassVar[tuple[str, ...]] = ("A1", "A19")
    look_alikes: ClassVar[tuple[str, ...]] = ("B15",)
    needs: ClassVar[tuple[str, ...]] = ("time", "status")
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "a new party two minutes after a block",
            "fires",
            (
                {"last_block_us": 200000000000, "first_us": 0},
                {"last_block_us": None, "first_us": 200120000000},
            ),
        ),
        Example(
            "no block",
            "benign",
            (
                {"last_block_us": None, "first_us": 0},
                {"last_block_us": None, "first_us": 200120000000},
            ),
        ),
        Example(
            "a new party an hour after a block",
            "hard_benign",
            (
                {"last_block_us": 200000000000, "first_us": 0},
                {"last_block_us": None, "first_us": 203600000000},
            ),
        ),
        Example("no party", "abstains", ()),
    )

    window_minutes: float = 10.0

    def link(self, tables: Tables) -> Incidence:
        """Return, a hub for each blocked party, the blocked party and those who began after it."""
        parties = tables.parties()
        first, block = parties["first_us"], parties["last_block_us"]
        start = np.min(first, initial=np.inf) + DAY_US
        fresh = np.flatnonzero(first >= start)
        fresh = fresh[np.argsort(first[fresh], kind="stable")]
        hubs, spokes = [], []
        for blocked in np.flatnonzero(~np.isnan(block)):
            low, high = np.searchsorted(
                first[fresh], [block[blocked], block[blocked] + self.window_minutes * 60e6]
            )
            after = fresh[low:high]
            after = after[after != blocked]
            if after.size:
                spokes.append(np.sort(np.append(after, blocked)))
                hubs.append(np.full(after.size + 1, blocked))
        party = np.concatenate([np.empty(0, np.int64), *spokes])
        return Incidence(
            party=party.astype(np.int32),
            key=np.concatenate([np.empty(0, np.int64), *hubs]),
            uses=np.ones(party.size, np.int64),
            first_us=first[party].astype(np.int64),
            last_us=first[party].astype(np.int64),
        )

    def explain(self, uses: int, parties: int) -> str:
        """Say what is shared, how often and with how many."""
        return (
            f"{uses} start or block within minutes of the block or start of one of "
            f"{parties - 1} others"
        )


LINKER: type[Linker] = Failover
