"""A retrieval index filled once, and moves to a new key (look-alike B13).

Trips: no ramp (a new account or a quiet one at full volume from its first minute), a use that
does not match the account's past, many new prompts in one wrapper. What separates it: it happens
once and ends, its input is the customer's documents; a new key goes on where an old one stopped,
in the same organisation.

Parameters, all ours: about 12 fillings of 120 to 420 chunks in 4 to 14 hours, half behind the
wrapper that a public framework proposes; about six moves, each of an old and a new account with
some forty requests a day.
"""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import pyarrow as pa

from stillwatch.range._network import hosting, own, pick
from stillwatch.range._ordinary import beside, homes, ordinary, wrapped
from stillwatch.range._people import belong, people, sizes
from stillwatch.range._rhythm import owners
from stillwatch.range._text import answers, fill, in_english, prompts
from stillwatch.range.contracts import (
    DAY_US,
    HOUR_US,
    START_US,
    Accounts,
    IntArray,
    Persona,
    Traffic,
    World,
)

WRAPPERS: Final = [
    "Here is a chunk of a longer document.\n<chunk>\n{payload}\n</chunk>\nWrite one or two "
    "sentences that place it within the document, to make it easier to find. Only those sentences.",
    "Index card. Title, five keywords and a summary for: {payload}",
    "{payload}\n\nWhich three questions does this page answer? They go into the search index.",
]
"""The first is what a public framework proposes."""
FIELDS: Final = ("Extract {noun}, {noun} and {noun} as JSON.", "Route this to {noun} or {noun}.")


class Backfill:
    """Customers who fill an index, and customers who change their key."""

    name: ClassVar[str] = "backfill"
    summary: ClassVar[str] = "retrieval backfills and moves to a new key: no ramp, once"
    look_alike: ClassVar[str] = "B13"
    rare: ClassVar[bool] = True

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 12 fillings and 6 moves, of 24 accounts."""
        fillings, moves = world.count(12, least=3), world.count(6, least=1)
        n = fillings + 2 * moves
        accounts = people(rng, n, self.look_alike, api=1.0, verified=0.6)
        customer = np.minimum(np.arange(n), fillings) + np.maximum(0, np.arange(n) - fillings) // 2
        accounts = belong(rng, accounts, customer, organization=0.75, payment=0.9, domain=0.7)
        filled = _fillings(rng, world, accounts, fillings)
        moved = _moves(rng, world, accounts, fillings)
        past = sizes(rng, n, 10.0, world.span.days) * (np.arange(n) < fillings)
        past = past * (rng.random(n) < 0.5)
        return beside(
            beside(filled, moved), ordinary(rng, world, accounts, past, homes(rng, n, 0.4))
        )


def _fillings(rng: np.random.Generator, world: World, accounts: Accounts, fillings: int) -> Traffic:
    account = owners(rng.integers(120, 420, fillings))
    lasts = rng.uniform(4.0, 14.0, fillings) * HOUR_US
    start = START_US + rng.random(fillings) * (world.span.days * DAY_US - lasts)
    when = start[account] + lasts[account] * rng.random(len(account))
    wrapper = np.where(rng.random(fillings) < 0.5, 0, rng.integers(1, len(WRAPPERS), fillings))
    pages = fill(rng, ("{topic}. {passage}", "{passage} {passage}"), len(account))
    return _of(
        rng, accounts, account, when.astype(np.int64),
        wrapped(rng, WRAPPERS, wrapper[account], pages), 2.0,
    )  # fmt: skip


def _moves(rng: np.random.Generator, world: World, accounts: Accounts, fillings: int) -> Traffic:
    """Let each second account go on with the work of the one before from one moment on."""
    moves = (len(accounts) - fillings) // 2
    work = owners(1 + rng.poisson(40.0 * world.span.days, moves))
    when = START_US + rng.random(len(work)) * world.span.days * DAY_US
    switch = START_US + rng.uniform(0.3, 0.7, moves) * world.span.days * DAY_US
    new = when > switch[work]
    order = fill(rng, FIELDS, moves).take(pa.array(work))
    document = prompts(rng, "document", in_english(len(work)))
    # an account that happens to have nothing to do in a short span still tries its key once
    both = np.arange(2 * moves)
    keys = np.concatenate([2 * work + new, both])
    times = np.concatenate([when, np.repeat(switch, 2) + np.where(both % 2, 1.0, -1.0) * 6e7])
    text = pa.concat_arrays([document, prompts(rng, "document", in_english(len(both)))])
    system = pa.concat_arrays([order, order.take(pa.array(np.searchsorted(work, both // 2)))])
    part = _of(rng, accounts, fillings + keys, times.astype(np.int64), text, 3.0)
    return Traffic(
        part.accounts, part.account, part.time_us, part.address, part.user, part.response, system,
        language=part.language,
    )  # fmt: skip


def _of(
    rng: np.random.Generator,
    accounts: Accounts,
    account: IntArray,
    time_us: IntArray,
    user: pa.Array,
    typical: float,
) -> Traffic:
    n = len(accounts)
    english = in_english(len(account))
    return Traffic(
        accounts, account.astype(np.int64), time_us,
        pick(rng, own(rng, hosting(rng, n), hosting(rng, n)), account), user,
        answers(rng, english, typical), language=english,
    )  # fmt: skip


PERSONA: Persona = Backfill()
