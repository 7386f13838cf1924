"""Continuous integration: one key on runners that live for minutes (look-alike B7).

Trips: many addresses and many user agents of one account; the same requests again and again at
any hour at which somebody commits; a public review action is one template for strangers, on the
runner pool that they share. What separates it: one organisation a key, and bursts that follow
commits, which follow the working day.

Parameters, all ours: about 40 projects, 9 commits a week, 2 to 6 jobs a commit; seven in ten on
a public runner pool of 240 addresses; half use the public action.
"""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.range._network import hosting, proxies
from stillwatch.range._people import BROWSERS, CLIENTS, LIBRARIES, TLS, belong, people
from stillwatch.range._rhythm import OFFICE, SECOND_US, human, owners
from stillwatch.range._text import answers, fill, in_english, join, prompts
from stillwatch.range.contracts import IntArray, Persona, Traffic, World

ACTION: Final = (
    "You are Gatekeeper, a reviewer of pull requests. List defects by file, the worst first. Say "
    "how sure you are of each, from 1 to 5, and explain your reasoning in one line. Do not comment "
    "on style. If the change looks safe, say so and stop."
)
"""System prompt of a public review action."""
CHECKS: Final = 12
"""Prompts in a project's own regression suite, all of them run at each commit."""
CHANGES: Final = (
    "Change {number} by {name}: {clause}.\n{snippet}\n{snippet}",
    "diff of {noun}_{noun}\n{snippet}\n{Sentence}",
    "{Sentence}\n{snippet}",
)


class Ci:
    """Projects whose checks call the model."""

    name: ClassVar[str] = "ci"
    summary: ClassVar[str] = "continuous integration: one key, ephemeral runners, bursts at commits"
    look_alike: ClassVar[str] = "B7"
    rare: ClassVar[bool] = True

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 40 projects."""
        n = world.count(40, least=4)
        accounts = people(rng, n, self.look_alike, api=1.0, verified=0.6)
        alone = np.arange(n, dtype=np.int64)
        accounts = belong(rng, accounts, alone, organization=0.6, payment=0.0, domain=0.6)
        rate = 9.0 * world.span.days / 7.0 * rng.gamma(2.0, 0.5, n)
        project = owners(1 + rng.poisson(rate))
        commit_us = human(
            rng, project, accounts.zone_hours, world.span, OFFICE, weekend=0.15, opening=0.6
        )
        commit = owners(rng.integers(2, 7, len(project)))
        account = project[commit]
        m = len(account)
        address, client = _runners(rng, project, commit)
        kind = rng.choice(3, n, p=(0.5, 0.3, 0.2))[account]
        english = in_english(m)
        delay = (rng.exponential(70.0, m) * SECOND_US).astype(np.int64)
        return Traffic(
            accounts,
            account,
            np.minimum(commit_us[commit] + delay, world.span.end_us - 1),
            address,
            _asked(rng, n, account, kind),
            answers(rng, english, 4.0),
            pa.array([ACTION]).take(pa.array(np.zeros(m, np.int64), mask=kind != 0)),
            {
                "user_agent": pa.array(CLIENTS).take(pa.array(client)),
                "tls_fingerprint": pa.array(TLS).take(pa.array(client)),
            },
            english,
        )


def _runners(
    rng: np.random.Generator, project: IntArray, commit: IntArray
) -> tuple[IntArray, IntArray]:
    """Give every two jobs or so of a commit a fresh runner: its address and its client."""
    fresh = np.concatenate(([True], commit[1:] != commit[:-1])) | (rng.random(len(commit)) < 0.5)
    runner = np.cumsum(fresh) - 1
    runners = int(fresh.sum())
    pool = proxies(rng, 24, 10)
    public = (rng.random(int(project.max()) + 1) < 0.7)[project[commit[fresh]]]
    address = np.where(public, rng.choice(pool, runners), hosting(rng, runners))
    client = len(BROWSERS) + rng.integers(0, len(LIBRARIES), runners)
    return address[runner], client[runner].astype(np.int64)


def _asked(rng: np.random.Generator, n: int, account: IntArray, kind: IntArray) -> pa.Array:
    m = len(account)
    change = fill(rng, CHANGES, m)
    suite = prompts(rng, "support", in_english(n * CHECKS))
    check = suite.take(pa.array(account * CHECKS + rng.integers(0, CHECKS, m)))
    notes = join(pa.scalar("Write the release note of this change. "), change)
    return pc.case_when(
        pc.make_struct(pa.array(kind == 0), pa.array(kind == 1)), change, check, notes
    )


PERSONA: Persona = Ci()
