"""Universities, offices and carriers behind one address (look-alike B9).

Shared: one to four addresses for 5 to 60 accounts. Nothing else in common: no template, people's
own hours. A third of the universities' members have its e-mail domain.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from stillwatch.range._network import gateways, own, residential
from stillwatch.range._ordinary import ordinary
from stillwatch.range._people import belong, deal, people, sizes
from stillwatch.range.contracts import Persona, Traffic, World


class Nat:
    """Unrelated people behind a shared address."""

    name: ClassVar[str] = "nat"
    summary: ClassVar[str] = "campus, office and carrier gateways: one address, many people"
    look_alike: ClassVar[str] = "B9"
    rare: ClassVar[bool] = False

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 170 gateways."""
        groups = world.count(170)
        group = deal(rng, groups, 5, 60, 9.0)
        n = len(group)
        accounts = people(rng, n, self.look_alike, api=0.15)
        campus = np.where((rng.random(groups) < 0.3)[group] & (rng.random(n) < 0.4), group, -1)
        accounts = belong(rng, accounts, campus, organization=0.0, payment=0.0, domain=1.0)
        accounts.zone_hours[:] = accounts.zone_hours[np.searchsorted(group, np.arange(groups))][
            group
        ]
        exits = rng.integers(1, 5, groups)[group]
        prefix = gateways(rng, groups)[group]
        first = prefix + 1 + (rng.random(n) * exits).astype(np.int64)
        second = prefix + 1 + (rng.random(n) * exits).astype(np.int64)
        away = rng.random(n) < 0.5
        second[away] = residential(rng, int(away.sum()))
        counts = sizes(rng, n, 13.0, world.span.days)
        return ordinary(rng, world, accounts, counts, own(rng, first, second))


PERSONA: Persona = Nat()
