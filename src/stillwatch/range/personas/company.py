"""Small companies: colleagues who share a domain, often a card and an office.

Half are registered as an organisation; the others look like strangers who share everything but
a purpose.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from stillwatch.range._network import offices, own, residential
from stillwatch.range._ordinary import ordinary
from stillwatch.range._people import belong, deal, people, sizes
from stillwatch.range._rhythm import OFFICE
from stillwatch.range.contracts import Persona, Traffic, World


class Company:
    """Colleagues."""

    name: ClassVar[str] = "company"
    summary: ClassVar[str] = "small firms: shared domain, card and office, office hours"
    look_alike: ClassVar[str] = "B9"
    rare: ClassVar[bool] = False

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 230 companies of 3 to 12."""
        groups = world.count(230)
        group = deal(rng, groups, 3, 12, 4.0)
        n = len(group)
        accounts = people(rng, n, "company", api=0.3, verified=0.55)
        accounts = belong(rng, accounts, group)
        accounts.zone_hours[:] = accounts.zone_hours[np.searchsorted(group, np.arange(groups))][
            group
        ]
        accounts.created_us[:] = _hired_together(rng, accounts.created_us, group)
        office = offices(rng, groups)[group] + 1
        remote = (rng.random(groups) < 0.3)[group] | (rng.random(n) < 0.15)
        first = np.where(remote, residential(rng, n), office)
        counts = sizes(rng, n, 14.0, world.span.days)
        return ordinary(
            rng, world, accounts, counts, own(rng, first, residential(rng, n)),
            hours=OFFICE, weekend=0.1,
        )  # fmt: skip


def _hired_together(
    rng: np.random.Generator, created_us: np.ndarray, group: np.ndarray
) -> np.ndarray:
    """Let the members of half the companies sign up within days of each other."""
    groups = int(group.max()) + 1
    together = (rng.random(groups) < 0.5)[group]
    day = created_us[np.searchsorted(group, np.arange(groups))][group]
    return np.where(together, day + rng.integers(0, 3 * 86_400_000_000, len(group)), created_us)


PERSONA: Persona = Company()
