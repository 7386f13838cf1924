"""Behaves like a person: sessions by day, browsers, home addresses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from stillwatch.range._network import pick
from stillwatch.range._ordinary import homes
from stillwatch.range._people import clients
from stillwatch.range._rhythm import human
from stillwatch.range.contracts import Draft, Share, Tactic, World


@dataclass(frozen=True, slots=True)
class Mimicry:
    """Sends the harvest in the sessions of ordinary people.

    Attributes:
        rate: Share of accounts that do so.
    """

    name: ClassVar[str] = "mimicry"
    summary: ClassVar[str] = "sessions by day from home addresses and browsers"
    tactics: ClassVar[tuple[str, ...]] = ()
    source: ClassVar[str] = "evasion sweep: benign mimicry"

    rate: Share = 1.0

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Redraw time, address and client of the accounts that mimic."""
        n = len(draft.accounts)
        mimics = rng.random(n) < self.rate
        order = np.argsort(draft.account, kind="stable")
        time_us = draft.time_us.copy()
        time_us[order] = human(rng, draft.account[order], draft.accounts.zone_hours, world.span)
        places = pick(rng, homes(rng, n), draft.account)
        who = mimics[draft.account]
        browser = clients(rng, np.zeros(n, dtype=bool))
        usual = np.where(mimics, browser, draft.accounts.client)
        return replace(
            draft,
            accounts=replace(draft.accounts, client=usual),
            time_us=np.where(who, time_us, draft.time_us),
            address=np.where(who, places, draft.address),
        )


TACTIC: Tactic = Mimicry()
