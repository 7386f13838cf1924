"""Customers of a VPN service (look-alike B9): the same addresses as the campaigns' proxies."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from stillwatch.range._network import own, residential
from stillwatch.range._ordinary import ordinary
from stillwatch.range._people import people, sizes
from stillwatch.range.contracts import Persona, Traffic, World


class Vpn:
    """People who hide their address for reasons of their own."""

    name: ClassVar[str] = "vpn"
    summary: ClassVar[str] = "VPN customers on the addresses that campaigns use as well"
    look_alike: ClassVar[str] = "B9"
    rare: ClassVar[bool] = False

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 360 accounts."""
        n = world.count(360)
        accounts = people(rng, n, "vpn", verified=0.25, young=0.3)
        first, second = rng.choice(world.proxies, (2, n))
        at_home = rng.random(n) < 0.4
        second[at_home] = residential(rng, int(at_home.sum()))
        counts = sizes(rng, n, 17.0, world.span.days)
        return ordinary(rng, world, accounts, counts, own(rng, first, second))


PERSONA: Persona = Vpn()
