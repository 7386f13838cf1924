"""Infrastructure that a campaign shares in part (A1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pyarrow as pa

from stillwatch.core.errors import ConfigError
from stillwatch.range._people import company_domains, identifiers, override, shared
from stillwatch.range.contracts import Draft, Share, Tactic, World


@dataclass(frozen=True, slots=True)
class Leak:
    """Lets accounts share cards and rare e-mail domains.

    Attributes:
        rate: Share of accounts on a shared card; half of that is the share on shared domains.
        least: Fewest accounts a card.
        most: Most accounts a card.
        domains: How many e-mail domains are shared.
    """

    name: ClassVar[str] = "leak"
    summary: ClassVar[str] = "shared cards and e-mail domains"
    tactics: ClassVar[tuple[str, ...]] = ("A1",)
    source: ClassVar[str] = "AA26-251A: similar registration and payment; the rate is swept"

    rate: Share = 0.5
    least: int = 3
    most: int = 8
    domains: int = 6

    def __post_init__(self) -> None:
        if self.least > self.most:
            raise ConfigError(f"least {self.least} exceeds most {self.most}", "swap them")

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Deal shared cards and domains out to some accounts."""
        del world
        accounts, n = draft.accounts, len(draft.accounts)
        card, cards = shared(rng, n, self.least, self.most, share=self.rate)
        hosts = rng.integers(0, self.domains, n)
        host = np.where(rng.random(n) < self.rate / 2, hosts, -1)
        names = pa.array(company_domains(rng, self.domains))
        return replace(
            draft,
            accounts=replace(
                accounts,
                payment_id=override(accounts.payment_id, card, identifiers(rng, cards, "pm_")),
                email_domain=override(accounts.email_domain, host, names),
            ),
        )


TACTIC: Tactic = Leak()
