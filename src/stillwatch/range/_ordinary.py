"""The ordinary traffic of people, which most personas and every cover story are made of."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.range import _words as words
from stillwatch.range._network import hosting, own, pick, residential
from stillwatch.range._rhythm import AWAKE, human, owners
from stillwatch.range._text import (
    answers,
    by_group,
    fill,
    fill_one,
    join,
    prompts,
    tongues,
)
from stillwatch.range.contracts import Accounts, FloatArray, IntArray, Traffic, World

HABIT_SHARE = 0.25
"""Share of people with a personal instruction that opens most of their prompts."""
QUOTING_SHARE = 0.03
"""Share of follow-up prompts that paste the previous answer back (look-alike B18)."""


def ordinary(
    rng: np.random.Generator,
    world: World,
    accounts: Accounts,
    counts: IntArray,
    addresses: IntArray,
    *,
    kind: str = "mixed",
    hours: FloatArray = AWAKE,
    weekend: float = 0.6,
    tongue: IntArray | None = None,
) -> Traffic:
    """Compose what people ask by day.

    Args:
        rng: Source of randomness.
        world: The shared world.
        accounts: Who.
        counts: Exchanges of each account.
        addresses: Addresses of each account, usual one first, shape (accounts, 3).
        kind: Kind of prompt, see `_text.prompts`.
        hours: Relative activity by local hour.
        weekend: Activity at the weekend.
        tongue: Usual language of each account; drawn where it is not given.
    """
    account = owners(counts)
    time_us = human(rng, account, accounts.zone_hours, world.span, hours, weekend)
    time_us = time_us[np.lexsort((time_us, account))]
    language = spoken(rng, account, tongues(rng, len(accounts)) if tongue is None else tongue)
    response = answers(rng, language)
    user = _quoting(rng, prompts(rng, kind, language), response, account)
    user = _habitual(rng, user, account, len(accounts))
    return Traffic(
        accounts, account, time_us, pick(rng, addresses, account), user, response,
        language=language,
    )  # fmt: skip


def beside(one: Traffic, other: Traffic) -> Traffic:
    """Return two parts of the traffic of the same accounts as one.

    A part that does not say its language is English. Columns that one part alone decides are null
    in the other.
    """
    parts = (one, other)

    def text(columns: list[pa.Array | None], kind: pa.DataType) -> pa.Array:
        return pa.concat_arrays(
            [
                pa.nulls(len(part.account), kind) if values is None else values.cast(kind)
                for part, values in zip(parts, columns, strict=True)
            ]
        )

    return Traffic(
        one.accounts,
        np.concatenate([part.account for part in parts]),
        np.concatenate([part.time_us for part in parts]),
        np.concatenate([part.address for part in parts]),
        text([part.user for part in parts], pa.string()),
        text([part.response for part in parts], pa.string()),
        text([part.system for part in parts], pa.string()),
        {
            name: text([part.chosen.get(name) for part in parts], EXCHANGE_SCHEMA.field(name).type)
            for name in {**one.chosen, **other.chosen}
        },
        np.concatenate([part.languages for part in parts]),
    )


def spoken(rng: np.random.Generator, account: IntArray, tongue: IntArray) -> IntArray:
    """Draw the language of each exchange: the account's own, now and then English."""
    return np.where(rng.random(len(account)) < 0.15, -1, tongue[account]).astype(np.int64)


def homes(rng: np.random.Generator, n: int, hosted: float = 0.0) -> IntArray:
    """Draw addresses of people: home, second place, mobile; a share sits at a hosting company."""
    first = np.where(rng.random(n) < hosted, hosting(rng, n), residential(rng, n))
    return own(rng, first, residential(rng, n))


def _quoting(
    rng: np.random.Generator, user: pa.Array, response: pa.Array, account: IntArray
) -> pa.Array:
    follows = np.concatenate(([False], account[1:] == account[:-1]))[: len(account)]
    quotes = follows & (rng.random(len(account)) < QUOTING_SHARE)
    previous = response.take(pa.array(np.maximum(np.arange(len(account)) - 1, 0)))
    return pc.if_else(pa.array(quotes), join(pa.scalar("Shorter: "), previous), user)


def _habitual(
    rng: np.random.Generator, user: pa.Array, account: IntArray, accounts: int
) -> pa.Array:
    """Let a quarter of the people put an instruction of their own before most prompts."""
    phrases = fill(rng, words.RULES, accounts)
    keen = np.where(rng.random(accounts) < HABIT_SHARE, rng.uniform(0.3, 1.0, accounts), 0.0)
    uses = rng.random(len(account)) < keen[account]
    return pc.if_else(pa.array(uses), join(phrases.take(pa.array(account)), user, gap=" "), user)


def wrapped(
    rng: np.random.Generator, patterns: list[str], which: IntArray, payload: pa.Array
) -> pa.Array:
    """Put each payload into the pattern of its group, where the pattern says `{payload}`."""
    return by_group(
        which,
        lambda k, rows: fill_one(
            rng, patterns[k], len(rows), {"payload": lambda _rng, _n: payload.take(pa.array(rows))}
        ),
    )


def before(
    rng: np.random.Generator, group: IntArray, time_us: IntArray, sources: IntArray
) -> IntArray:
    """Choose for each exchange one of `sources` of its own group, a minute before it at least.

    Args:
        rng: Source of randomness.
        group: Group of each exchange; -1 has no sources.
        time_us: Time of each exchange.
        sources: Rows to choose from.

    Returns:
        The chosen row of each exchange, -1 where there is none; late ones are likelier.
    """
    sources = sources[group[sources] >= 0]
    order = sources[np.lexsort((time_us[sources], group[sources]))]
    stride = 2**52
    place = group[order] * stride + time_us[order]
    low = np.searchsorted(place, group * stride)
    high = np.searchsorted(place, group * stride + time_us - 60_000_000)
    high = np.where(group >= 0, high, low)
    back = (rng.random(len(group)) ** 2 * (high - low)).astype(np.int64)
    if not len(order):
        return np.full(len(group), -1, dtype=np.int64)
    return np.where(high > low, order[np.maximum(high - 1 - back, 0)], -1)
