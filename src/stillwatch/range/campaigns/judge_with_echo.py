"""Answers of some accounts are judged by others.

Tactics: A13 (rubric grader), A15 (our own earlier output comes back, from another account),
A1 (shared cards in part, proxies of its own). Cover: a quarter of the traffic.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.range._network import pick, proxies
from stillwatch.range._ordinary import homes
from stillwatch.range._people import identifiers, override, people, shared
from stillwatch.range._prompts import MARKS
from stillwatch.range._rhythm import earlier, owners, shifts
from stillwatch.range._text import answers, fill, in_english, join, prompts
from stillwatch.range.contracts import Campaign, IntArray, Traffic, World

RUBRIC: Final = (
    "You are the judge. Rate the response to the question against this rubric: correctness 0-4, "
    "depth of reasoning 0-3, clarity 0-3. Deduct for padding. Give a number for each criterion, "
    "the total score out of 10, and one sentence why.\n\n[Question]\n"
)
COLLECT: Final = "\nAnswer in full, as an expert would for another expert."


class JudgeWithEcho:
    """A preference-data pipeline spread over accounts."""

    name: ClassVar[str] = "judge_with_echo"
    summary: ClassVar[str] = "answers of some accounts graded by rubric from others"
    tactics: ClassVar[tuple[str, ...]] = ("A1", "A13", "A15")

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 16 collecting and 26 judging accounts."""
        collectors, judges = world.count(16, 4), world.count(26, 6)
        n = collectors + judges
        accounts = people(rng, n, "campaign:judge_with_echo", api=0.6, young=0.3)
        card, cards = shared(rng, n, 3, 8, share=0.6)
        cards_held = identifiers(rng, cards, "pm_")
        accounts = replace(accounts, payment_id=override(accounts.payment_id, card, cards_held))
        joins = np.where(rng.random(n) < 0.3, rng.uniform(0.0, 0.6, n), 0.0)
        load = rng.uniform(7.0, 17.0, n) * world.span.days * (1.0 - joins)
        account = owners(np.maximum(3, rng.poisson(load)).astype(np.int64))
        m = len(account)
        time_us = shifts(rng, account, joins, world.span)
        english = in_english(m)
        user, response = prompts(rng, "mixed", english), answers(rng, english, 5.0)
        cover = rng.random(m) < 0.25
        collects = np.flatnonzero((account < collectors) & ~cover)
        judged = np.flatnonzero((account >= collectors) & ~cover)
        source = earlier(rng, time_us, collects, judged)
        judged, source = judged[source >= 0], source[source >= 0]
        task = prompts(rng, "study", english)
        rubric = join(
            pa.scalar(RUBRIC), task.take(pa.array(source)), pa.scalar("\n\n[Response]\n"),
            response.take(pa.array(source)),
        )  # fmt: skip
        user = _replace(user, collects, join(task.take(pa.array(collects)), pa.scalar(COLLECT)))
        user = _replace(user, judged, rubric)
        response = _replace(response, judged, fill(rng, MARKS, len(judged)))
        through = proxies(rng, 4, 3)
        table = homes(rng, n, 0.3)
        table[:, 0] = np.where(rng.random(n) < 0.75, rng.choice(through, n), table[:, 0])
        table[:, 1] = np.where(rng.random(n) < 0.75, rng.choice(through, n), table[:, 1])
        chosen = {"status": pa.array(np.full(m, 200), mask=~np.isin(np.arange(m), source))}
        return Traffic(
            accounts, account, time_us, pick(rng, table, account), user, response, None, chosen
        )


def _replace(column: pa.Array, rows: IntArray, values: pa.Array) -> pa.Array:
    place = np.full(len(column), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    return pc.coalesce(values.take(pa.array(place, mask=place < 0)), column)


CAMPAIGN: Campaign = JudgeWithEcho()
