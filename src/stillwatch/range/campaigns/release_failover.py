"""A batch generator that follows each release and replaces blocked accounts within minutes.

Tactics: A4, A18 (half of the traffic moves to a new model within 24 hours), A19 (a blocked
account's work goes on from a fresh account), A1. The template is paraphrased a little by each
worker. Cover: a fifth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.range._assemble import NEW_MODEL
from stillwatch.range._network import pick
from stillwatch.range._ordinary import homes, wrapped
from stillwatch.range._people import belong, people, shared
from stillwatch.range._rhythm import owners, steady
from stillwatch.range._text import answers, fill, in_english, prompts
from stillwatch.range.contracts import (
    DAY_US,
    HOUR_US,
    START_US,
    Accounts,
    Campaign,
    IntArray,
    Traffic,
    World,
)

OPENINGS: Final = ("Generate", "Produce", "Create", "Write")
NUMBERS: Final = ("ten", "10", "twelve", "eight")
SUBJECTS: Final = ("diverse training examples", "varied training examples", "different examples")
TEMPLATE: Final = (
    "{opening} {number} {subject} about the theme given at the end. Each example has an "
    "instruction, an input and a complete output that a strong model would give. Vary the verbs, "
    "the length and the difficulty, never repeat an instruction, and cover edge cases. Return "
    "one JSON object per line with the keys instruction, input and output.\nTheme: {{payload}}"
)
MINUTE_US: Final = 60_000_000
BLOCKS_PER_WORKER: Final = 0.7


@dataclass(frozen=True, slots=True)
class Relay:
    """The campaign's requests, one value a request; `since_us` has one an account.

    Attributes:
        row: Which piece of work the request carries; retries repeat it.
        refused: Whether the request was blocked with 403.
        since_us: When the account took over; the start of the span for the first ones.
    """

    row: IntArray
    worker: IntArray
    account: IntArray
    time_us: IntArray
    refused: NDArray[np.bool_]
    since_us: IntArray


class ReleaseFailover:
    """A resilient batch generator."""

    name: ClassVar[str] = "release_failover"
    summary: ClassVar[str] = "batch generation that follows a release and survives blocks"
    tactics: ClassVar[tuple[str, ...]] = ("A1", "A4", "A18", "A19")

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 60 workers, played by about 95 accounts in turn."""
        workers = world.count(60, least=6)
        counts = np.maximum(4, rng.poisson(rng.uniform(5, 10, workers) * world.span.days))
        relay = _relay(rng, owners(counts.astype(np.int64)), world)
        accounts = self._pool(rng, relay)
        m = len(relay.row)
        cover = rng.random(m) < 0.2
        theme = fill(rng, ("{topic}, {topic}; {clause}", "{topic} {prep} {topic}"), m)
        asked = wrapped(rng, _voices(rng, workers), relay.worker, theme.take(pa.array(relay.row)))
        english = in_english(m)
        cover &= ~relay.refused
        return Traffic(
            accounts,
            relay.account,
            relay.time_us,
            _addresses(rng, world, relay, workers, len(accounts)),
            pc.if_else(pa.array(cover), prompts(rng, "mixed", english), asked),
            answers(rng, english, 8.0),
            None,
            {
                "status": pa.array(np.full(m, 403), mask=~relay.refused),
                "model": _retargeted(rng, relay, workers, world),
            },
        )

    def _pool(self, rng: np.random.Generator, relay: Relay) -> Accounts:
        n = len(relay.since_us)
        accounts = people(rng, n, "campaign:release_failover", api=0.6, young=0.3)
        fresh = relay.since_us > START_US
        age = rng.integers(2 * MINUTE_US, 30 * HOUR_US, n)
        accounts.created_us[fresh] = (relay.since_us - age)[fresh]
        card, _ = shared(rng, n, 3, 7, share=0.5)
        return belong(rng, accounts, card, organization=0.0, payment=1.0, domain=0.25)


def _relay(rng: np.random.Generator, worker: IntArray, world: World) -> Relay:
    """Hand each worker's work from account to account at its blocks.

    The refused request is tried twice more, then sent again by a fresh account.
    """
    time_us = steady(rng, worker, world.span)
    n = len(worker)
    ends = np.concatenate((worker[1:] != worker[:-1], [True]))
    settled = time_us > START_US + world.span.days * DAY_US * 0.15
    cut = settled & ~ends & (rng.random(n) < BLOCKS_PER_WORKER * np.unique(worker).size / n)
    account = worker + np.cumsum(cut) - cut
    at = np.flatnonzero(cut)
    since = np.full(int(account.max()) + 1, START_US)
    since[account[at] + 1] = time_us[at]
    again = time_us[at] + rng.integers(2 * MINUTE_US, 10 * MINUTE_US, len(at))
    tries = (time_us[at], time_us[at] + MINUTE_US // 3, time_us[at] + MINUTE_US)
    row = np.concatenate([np.arange(n), at, at, at])
    refused = np.concatenate([cut, np.ones(2 * len(at), bool), np.zeros(len(at), bool)])
    return Relay(
        row=row,
        worker=worker[row],
        account=np.concatenate([account, account[at], account[at], account[at] + 1]),
        time_us=np.concatenate([time_us, *tries[1:], again]),
        refused=refused,
        since_us=since,
    )


def _voices(rng: np.random.Generator, workers: int) -> list[str]:
    """Paraphrase the template a little for each worker."""
    return [
        TEMPLATE.format(
            opening=rng.choice(OPENINGS), number=rng.choice(NUMBERS), subject=rng.choice(SUBJECTS)
        )
        for _ in range(workers)
    ]


def _retargeted(rng: np.random.Generator, relay: Relay, workers: int, world: World) -> pa.Array:
    delay = rng.uniform(0.0, 20.0, workers) * HOUR_US
    after = relay.time_us > world.span.release_us + delay[relay.worker]
    moved = after & (rng.random(len(after)) < 0.55)
    return pa.array([NEW_MODEL]).take(pa.array(np.zeros(len(after), np.int64), mask=~moved))


def _addresses(
    rng: np.random.Generator, world: World, relay: Relay, workers: int, n: int
) -> IntArray:
    """Send half through two proxies of the worker, the rest from each account's own places."""
    through = rng.choice(world.proxies, (workers, 2))
    uses = rng.random(len(relay.row)) < 0.5
    even = np.array([0.6, 0.4])
    return np.where(
        uses,
        pick(rng, through, relay.worker, even),
        pick(rng, homes(rng, n, 0.3), relay.account),
    )


CAMPAIGN: Campaign = ReleaseFailover()
