"""One harvest template over a wide pool of slow accounts.

Tactics: A1 (shared proxies, cards and domains, in part), A2 (30 % cover traffic), A3 (one
dispatcher's load), A4 (4 to 8 requests a day), A5 (reasoning written into inline tags).
Evasion: half of the requests leave from home-like addresses; most accounts pay on their own.
"""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.range._network import pick
from stillwatch.range._ordinary import homes
from stillwatch.range._people import front, people
from stillwatch.range._rhythm import human, owners, shifts
from stillwatch.range._text import answers, in_english, join, prompts
from stillwatch.range.contracts import Campaign, IntArray, Traffic, World

LEAD: Final = (
    "Work on the task below as a careful expert. Before you answer, write out every thought you "
    "have, in the order you have it, between <reasoning> and </reasoning>: guesses, checks, dead "
    "ends and corrections included, nothing shortened. Only then give the result between "
    "<answer> and </answer>.\n\nTask: "
)
PROXIES: Final = 25


class FixedTemplate:
    """A wide, slow harvest of reasoning."""

    name: ClassVar[str] = "fixed_template"
    summary: ClassVar[str] = "one reasoning template over 200 slow accounts with cover traffic"
    tactics: ClassVar[tuple[str, ...]] = ("A1", "A2", "A3", "A4", "A5")

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 200 accounts."""
        n = world.count(200, least=8)
        accounts = front(rng, people(rng, n, "campaign:fixed_template", api=0.5, young=0.35))
        joins = np.where(rng.random(n) < 0.4, rng.uniform(0.0, 0.8, n), 0.0)
        load = rng.uniform(4.0, 8.0, n) * world.span.days * (1.0 - joins)
        account = owners(np.maximum(2, rng.poisson(load)).astype(np.int64))
        m = len(account)
        cover = rng.random(m) < 0.3
        by_day = human(rng, account, accounts.zone_hours, world.span)
        time_us = np.where(cover, by_day, shifts(rng, account, joins, world.span))
        english = in_english(m)
        task = prompts(rng, "study", english)
        task = pc.if_else(pa.array(rng.random(m) < 0.4), prompts(rng, "mixed", english), task)
        harvest = join(pa.scalar(LEAD), task)
        talk = answers(rng, english)
        traced = join(
            pa.scalar("<reasoning>"), talk, pa.scalar("</reasoning>\n<answer>"),
            answers(rng, english, 1.5), pa.scalar("</answer>"),
        )  # fmt: skip
        covered = pa.array(cover)
        return Traffic(
            accounts,
            account,
            time_us,
            _addresses(rng, world, account, cover, n),
            pc.if_else(covered, prompts(rng, "mixed", english), harvest),
            pc.if_else(covered, talk, traced),
        )


def _addresses(
    rng: np.random.Generator, world: World, account: IntArray, cover: np.ndarray, n: int
) -> IntArray:
    """Harvest through two of 25 proxies each for 80 % of the accounts; cover from home."""
    table = homes(rng, n, 0.3)
    through = rng.choice(world.proxies[:PROXIES], (n, 2))
    uses = (rng.random(n) < 0.8)[account] & (rng.random(len(account)) < np.where(cover, 0.2, 0.65))
    even = np.array([0.6, 0.4])
    return np.where(uses, pick(rng, through, account, even), pick(rng, table, account))


CAMPAIGN: Campaign = FixedTemplate()
