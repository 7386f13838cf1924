"""Routers that fail over between accounts and providers (look-alike B15).

Trips: A19: a request that failed is sent again within seconds from another account, and some
accounts speak for the first time at such a moment; A1 and A25 by a shared host and many surfaces.
What separates it: it fails over on 5xx and timeouts, not on 403, and behind it stand diverse end
users whose day it keeps.

Parameters, all ours: about nine routers of 3 to 7 accounts, each account with 5 to 12 bad hours
a week, in which nine in ten requests fail; six in ten routers pass their end users' ids; the last
account of a router is a cold standby in half of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.range._assemble import SURFACES
from stillwatch.range._network import hosting
from stillwatch.range._people import belong, deal, identifiers, people
from stillwatch.range._rhythm import AWAKE, SECOND_US, human, owners
from stillwatch.range._text import answers, prompts, tongues
from stillwatch.range.contracts import HOUR_US, START_US, IntArray, Persona, Traffic, World

SEATS: Final = 60
"""End users behind each router."""
FAILS: Final = 0.9
"""Share of requests that fail in a bad hour."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """Requests and their repetitions; `row` is the request that an attempt carries."""

    row: IntArray
    account: IntArray
    time_us: IntArray
    failed: NDArray[np.bool_]


class Router:
    """Products that reach the model through a router."""

    name: ClassVar[str] = "router"
    summary: ClassVar[str] = "routers that fail over on errors and timeouts, for diverse users"
    look_alike: ClassVar[str] = "B15"
    rare: ClassVar[bool] = True

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about nine routers."""
        routers = world.count(9, least=2)
        group = deal(rng, routers, 3, 7, 4.0)
        n = len(group)
        accounts = people(rng, n, self.look_alike, api=1.0, verified=0.6)
        accounts = belong(rng, accounts, group, organization=0.7, payment=0.85, domain=0.9)
        size = np.bincount(group)
        request = owners(np.maximum(6, rng.poisson(32.0 * size * world.span.days / 7.0)))
        zones = rng.choice(accounts.zone_hours, routers)
        time_us = human(rng, request, zones, world.span, AWAKE, weekend=0.8, opening=0.9)
        tries = _attempts(rng, world, group, request, time_us)
        m = len(request)
        seat = request * SEATS + (SEATS * rng.random(m) ** 2).astype(np.int64)
        language = tongues(rng, routers * SEATS)[seat]
        user, response = prompts(rng, "mixed", language), answers(rng, language)
        passes = (rng.random(routers) < 0.6)[request]
        row = pa.array(tries.row)
        ids = identifiers(rng, routers * SEATS, "eu_").take(pa.array(seat, mask=~passes))
        host = (hosting(rng, routers) & ~255)[group] + rng.integers(1, 4, n)
        codes = np.where(rng.random(len(tries.row)) < 0.6, 500, 529)
        surface = rng.integers(0, len(SURFACES), n)[tries.account]
        return Traffic(
            accounts,
            tries.account,
            tries.time_us,
            host[tries.account],
            user.take(row),
            response.take(row),
            None,
            {
                "end_user_id": ids.take(row),
                "status": pa.array(codes, mask=~tries.failed),
                "surface": pa.array(SURFACES).take(pa.array(surface)),
            },
            language[tries.row],
        )


def _attempts(
    rng: np.random.Generator, world: World, group: IntArray, request: IntArray, time_us: IntArray
) -> Attempts:
    """Route each request to an account, and once more to another one where it fails."""
    n, m = len(group), len(request)
    first = np.searchsorted(group, np.arange(int(group[-1]) + 1))
    size = np.bincount(group)
    cold = rng.random(len(size)) < 0.5
    warm = np.maximum(1, size - cold)[request]
    account = first[request] + (warm * rng.random(m) ** 1.5).astype(np.int64)
    hours = world.span.days * 24
    bad = rng.random((n, hours)) < rng.uniform(5.0, 12.0, n)[:, None] / 168.0
    failed = bad[account, (time_us - START_US) // HOUR_US] & (rng.random(m) < FAILS)
    # each account takes one turn at least, so that none of the router's keys stays unknown
    turn = np.concatenate([np.flatnonzero(request == k)[: size[k]] for k in range(len(size))])
    failed[turn] = True
    spare = first[request] + (account - first[request] + 1 + rng.integers(0, 9, m)) % size[request]
    spare[turn] = np.arange(n)
    spare = np.where(
        spare == account, first[request] + (account - first[request] + 1) % size[request], spare
    )
    again = np.flatnonzero(failed)
    wait = (rng.uniform(1.0, 20.0, len(again)) * SECOND_US).astype(np.int64)
    return Attempts(
        row=np.concatenate([np.arange(m), again]),
        account=np.concatenate([account, spare[again]]),
        time_us=np.concatenate([time_us, time_us[again] + wait]),
        failed=np.concatenate([failed, np.zeros(len(again), dtype=bool)]),
    )


PERSONA: Persona = Router()
