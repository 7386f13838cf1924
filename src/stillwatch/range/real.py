"""Composes labelled traffic from real prompts, real arrival processes and real networks.

Who asks what, when and from which hosting network is real; who belongs together is ours. Labels
are by the origin of the text: an attack prompt is one that served distillation. None of it is
traffic of an observed campaign, and figures made from it carry that caveat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.range._assemble import assemble
from stillwatch.range._corpora import (
    Arrivals,
    Rows,
    Tenant,
    arrivals,
    catalogue,
    corpus_rows,
    networks,
)
from stillwatch.range._network import gateways, offices, own, pick, residential
from stillwatch.range._people import belong, deal, front, people, sizes
from stillwatch.range._rhythm import inside, owners
from stillwatch.range._text import answers, join
from stillwatch.range.compose import stream
from stillwatch.range.contracts import (
    DAY_US,
    Composition,
    FloatArray,
    IntArray,
    Span,
    Traffic,
    World,
)

WRAPPERS: Final = {
    "none": ("", ""),
    "trace": (
        "Solve the problem. First put the complete chain of thought between <trace> and </trace>, "
        "with every intermediate step and every check you make, then state the final result after "
        "the word RESULT.\n\n",
        "",
    ),
    "paraphrase": ("", "\n\nExplain how you got there before you give the final answer."),
}
"""Harvest wrappers: what is put before and after the prompt of the corpus."""


@dataclass(frozen=True, slots=True)
class Attack:
    """A campaign to hide.

    Attributes:
        corpus: Attack corpus of the catalogue.
        accounts: Accounts it is spread over.
        daily: Mean requests of an account a day.
        wrapper: Key of `WRAPPERS`.
        cover: Share of benign prompts mixed in.
        samples: How often each prompt is sent, from accounts at random.
        proxied: Share of accounts that use the shared proxies.
    """

    corpus: str
    accounts: int
    daily: float
    wrapper: str = "none"
    cover: float = 0.3
    samples: int = 1
    proxied: float = 0.8


ATTACKS: Final = (
    Attack("atk_gsm8k_train_reasoning", 150, 6.0, wrapper="trace", samples=2),
    Attack("atk_codealpaca", 60, 9.0),
)
COVER: Final = ("ben_instructwild_users", "ben_nq_open_dev", "ben_clinc150")


def compose_real(
    data: Path,
    seed: int = 0,
    *,
    days: int = 7,
    scale: float = 1.0,
    attacks: Sequence[Attack] = ATTACKS,
) -> Composition:
    """Compose traffic from the data folder.

    Args:
        data: Folder with the files that `catalogue.toml` names.
        seed: Same seed and data, same bytes.
        days: Whole days, 1 to 14.
        scale: Multiplies the number of benign groups.
        attacks: Campaigns to hide, each labelled with the name of its corpus.

    Returns:
        About 115,000 exchanges of 4,500 accounts at scale 1 over 7 days. Small corpora are dealt
        out several times over, so an ordinary question may come from two strangers.

    Raises:
        InputError: A file is missing or damaged.
    """
    trace = arrivals(data)
    service = networks(data, "vpn", 48, stream(seed, "real.proxies"))
    world = World(seed=seed, span=Span(days), proxies=service, scale=scale)
    parts = [
        _Tenancy(data, world, trace, stream(seed, f"real.{k}.{tenant.archetype}")).compose(tenant)
        for k, tenant in enumerate(catalogue()[1])
    ]
    parts += [
        _Tenancy(data, world, trace, stream(seed, f"real.{attack.corpus}")).attack(attack)
        for attack in attacks
    ]
    return assemble(stream(seed, "real.assemble"), world, parts)


@dataclass(frozen=True, slots=True)
class _Tenancy:
    """Draws the traffic of one row of the catalogue or of one attack."""

    data: Path
    world: World
    trace: Arrivals
    rng: np.random.Generator

    def compose(self, tenant: Tenant) -> Traffic:
        rng = self.rng
        least, most, typical = tenant.size
        group = deal(rng, self.world.count(tenant.groups, 3), int(least), int(most), typical)
        n, machine = len(group), tenant.network == "hosting"
        accounts = people(rng, n, tenant.archetype, api=0.85 if machine else 0.25)
        if tenant.bonds == "company":
            accounts = belong(rng, accounts, group)
        account = owners(sizes(rng, n, tenant.weekly, self.world.span.days))
        time_us = self._times(account, group if machine else None)
        rows = corpus_rows(self.data, tenant.corpora)
        fixed = tenant.frame == "fixed_order"
        row = (
            _in_order(account) % len(rows.user)
            if fixed
            else _dealt(rng, len(account), len(rows.user))
        )
        chosen = {"tools": rows.tools.take(pa.array(row))}
        if fixed:
            chosen["temperature"] = pa.array(np.zeros(len(account)))
        user, lead = rows.user.take(pa.array(row)), self._leads(tenant, group[account])
        if tenant.frame.endswith("user"):
            user = join(lead, user, gap="\n\n")
        return Traffic(
            accounts,
            account,
            time_us,
            pick(rng, self._addresses(tenant.network, group), account),
            user,
            self._responses(rows, row),
            None if tenant.frame.endswith("user") else lead,
            chosen,
        )

    def attack(self, attack: Attack) -> Traffic:
        rng, n = self.rng, attack.accounts
        accounts = front(rng, people(rng, n, f"campaign:{attack.corpus}", api=0.5, young=0.35))
        daily = attack.daily * rng.uniform(0.6, 1.4, n)
        counts = np.maximum(2, rng.poisson(daily * self.world.span.days)).astype(np.int64)
        account = owners(counts)
        m = len(account)
        harvest, cover = corpus_rows(self.data, (attack.corpus,)), corpus_rows(self.data, COVER)
        row = rng.permutation(np.arange(m) // attack.samples) % len(harvest.user)
        aside = _dealt(rng, m, len(cover.user))
        covered = pa.array(rng.random(m) < attack.cover)
        before, after = WRAPPERS[attack.wrapper]
        asked = join(pa.scalar(before), harvest.user.take(pa.array(row)), pa.scalar(after))
        table = self._addresses("home", np.arange(n))
        through = rng.choice(self.world.proxies[:25], (n, 2))
        uses = (rng.random(n) < attack.proxied)[account] & (rng.random(m) < 0.6)
        even = np.array([0.6, 0.4])
        return Traffic(
            accounts,
            account,
            self._times(account, np.zeros(n, dtype=np.int64)),
            np.where(uses, pick(rng, through, account, even), pick(rng, table, account)),
            pc.if_else(covered, cover.user.take(pa.array(aside)), asked),
            pc.if_else(covered, self._responses(cover, aside), self._responses(harvest, row)),
        )

    def _times(self, account: IntArray, group: IntArray | None) -> IntArray:
        """Draw each account's times from a real client; accounts of a group share the client.

        A unit-rate renewal process with gamma gaps of the client's variation is bent through
        the client's cumulative load: the rate is scaled down, day shape and burstiness stay.
        """
        rng, days = self.rng, self.world.span.days
        counts = np.bincount(account)
        clients = rng.integers(0, len(self.trace.load), len(counts) + 1)
        edges = np.linspace(0.0, 14.0, self.trace.load.shape[1])
        pieces: list[FloatArray] = []
        for k, count in enumerate(counts):
            client = clients[group[k] if group is not None else k]
            load, shape = self.trace.load[client], 1.0 / self.trace.variation[client] ** 2
            first = int(rng.integers(0, 15 - days))
            low, high = np.interp([first, first + days], edges, load)
            if high <= low:
                low, high, first = 0.0, 1.0, 0
            gaps = np.cumsum(rng.gamma(shape, 1.0 / shape, count + 1)) + 1e-9
            at = np.interp(low + (high - low) * gaps[:-1] / gaps[-1], load, edges) - first
            pieces.append(at % days)
        return inside(np.concatenate(pieces) * DAY_US, self.world.span)

    def _addresses(self, network: str, group: IntArray) -> IntArray:
        rng, n = self.rng, len(group)
        groups = int(group.max()) + 1
        home = residential(rng, n)
        if network == "gateway":
            return own(rng, gateways(rng, groups)[group] + rng.integers(1, 4, n), home)
        if network == "office":
            return own(rng, offices(rng, groups)[group] + 1, home)
        if network == "vpn":
            return own(rng, rng.choice(self.world.proxies, n), rng.choice(self.world.proxies, n))
        if network == "hosting":
            base = networks(self.data, "datacenter", groups, rng)
            return own(rng, base[group], networks(self.data, "datacenter", n, rng))
        return own(rng, home, residential(rng, n))

    def _responses(self, rows: Rows, row: IntArray) -> pa.Array:
        """Take the source's answer; where it has none, make one."""
        made = answers(self.rng, np.full(len(row), -1, dtype=np.int64), 4.0)
        return pc.coalesce(rows.response.take(pa.array(row)), made)

    def _leads(self, tenant: Tenant, group: IntArray) -> pa.Array | None:
        if not tenant.prompts:
            return None
        prompts = corpus_rows(self.data, (tenant.prompts,)).user
        if tenant.frame.startswith("shared"):
            return pa.repeat(prompts[int(self.rng.integers(len(prompts)))], len(group))
        which = self.rng.permutation(len(prompts))[group % len(prompts)]
        return prompts.take(pa.array(which))


def _in_order(account: IntArray) -> IntArray:
    """Number each account's exchanges from 0; `account` is sorted."""
    counts = np.bincount(account)
    return np.arange(len(account)) - np.repeat(np.cumsum(counts) - counts, counts)


def _dealt(rng: np.random.Generator, n: int, rows: int) -> IntArray:
    """Deal n rows like cards: none comes again before all have come."""
    decks = [rng.permutation(rows) for _ in range(n // rows + 1)]
    return np.asarray(np.concatenate(decks)[:n], dtype=np.int64)
