"""Private chat users.

Rhythm: sessions by the local day. Sizes: heavy-tailed. Shared: a carrier's prefix, a family's
payment, a small domain. A fifth uses a VPN now and then.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from stillwatch.range._ordinary import homes, ordinary
from stillwatch.range._people import people, sizes
from stillwatch.range.contracts import Persona, Traffic, World


class Chat:
    """People who ask for themselves."""

    name: ClassVar[str] = "chat"
    summary: ClassVar[str] = "private chat users, by day, at home"
    look_alike: ClassVar[str] = ""
    rare: ClassVar[bool] = False

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 1,100 accounts."""
        n = world.count(1100)
        accounts = people(rng, n, "chat", api=0.2)
        addresses = homes(rng, n)
        through_vpn = rng.random(n) < 0.2
        addresses[through_vpn, 1] = rng.choice(world.proxies, int(through_vpn.sum()))
        return ordinary(rng, world, accounts, sizes(rng, n, 17.0, world.span.days), addresses)


PERSONA: Persona = Chat()
