"""An LLM gateway (look-alike B8): a registered integrator that passes its end users' ids."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pyarrow as pa

from stillwatch.range._network import hosting, own
from stillwatch.range._ordinary import ordinary
from stillwatch.range._people import belong, identifiers, people
from stillwatch.range.contracts import Persona, Traffic, World


class Gateway:
    """Keys of one aggregator, each serving many end users."""

    name: ClassVar[str] = "gateway"
    summary: ClassVar[str] = "an aggregator: shared addresses, very diverse, end-user ids passed"
    look_alike: ClassVar[str] = "B8"
    rare: ClassVar[bool] = False

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 24 keys and 1,200 end users."""
        n = world.count(24, least=3)
        accounts = people(rng, n, self.look_alike, api=1.0, verified=0.9, young=0.1)
        group = np.zeros(n, dtype=np.int64)
        accounts = belong(rng, accounts, group, organization=1.0, payment=1.0, domain=1.0)
        exits = (hosting(rng, 1) & ~255) + np.arange(1, 7)
        addresses = own(rng, rng.choice(exits, n), rng.choice(exits, n))
        addresses[:, 2] = rng.choice(exits, n)
        counts = np.maximum(3, rng.poisson(150.0 * world.span.days / 7.0 * rng.gamma(4, 1 / 4, n)))
        traffic = ordinary(rng, world, accounts, counts.astype(np.int64), addresses, weekend=0.9)
        users = identifiers(rng, 50 * n, "eu_")
        seat = (50 * rng.random(len(traffic.account)) ** 2).astype(np.int64)
        traffic.chosen["end_user_id"] = users.take(pa.array(traffic.account * 50 + seat))
        return traffic


PERSONA: Persona = Gateway()
