"""Composes labelled traffic from real prompts, real arrival processes and real networks.

Who asks what, when and from which hosting network is real; who belongs together is ours. Labels
are by the origin of the text: an attack prompt is one that served distillation. None of it is
traffic of an observed campaign, and figures made from it carry that caveat.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core.errors import InputError
from stillwatch.range._arrivals import client_times
from stillwatch.range._corpora import HINT, Rows, Tenant, catalogue, corpus_rows, networks
from stillwatch.range._network import gateways, offices, own, pick, residential
from stillwatch.range._people import belong, deal, people, sizes
from stillwatch.range._rhythm import owners
from stillwatch.range._text import answers, in_english, join
from stillwatch.range.compose import stream
from stillwatch.range.contracts import IntArray, Span, Traffic, World


def tenants(world: World, without: tuple[str, ...] = ()) -> list[Traffic]:
    """Compose the benign accounts of the catalogue.

    Args:
        world: Its `data` is the folder with the files that `catalogue.toml` names, its `span` is
            1 to 14 days.
        without: Corpora that are left out; a tenant that has no other is left out whole.

    Returns:
        About 110,000 exchanges of 5,100 accounts at scale 1 over 7 days. Small corpora are dealt
        out several times over, so an ordinary question may come from two strangers.

    Raises:
        InputError: A file is missing or damaged, or there is no data folder.
    """
    if world.data is None:
        raise InputError("real prompts need the data folder", HINT)
    parts = []
    for k, tenant in enumerate(catalogue()[1]):
        kept = tuple(name for name in tenant.corpora if name not in without)
        if kept:
            rng = stream(world.seed, f"real.{k}.{tenant.archetype}")
            parts.append(_Tenancy(world.data, world, rng).compose(replace(tenant, corpora=kept)))
    return parts


def real_world(data: Path, seed: int, days: int, scale: float = 1.0, rare: float = 1.0) -> World:
    """Return a world with real prompts, arrivals and VPN networks."""
    service = networks(data, "vpn", 48, stream(seed, "real.proxies"))
    return World(seed=seed, span=Span(days), proxies=service, scale=scale, rare=rare, data=data)


@dataclass(frozen=True, slots=True)
class _Tenancy:
    """Draws the traffic of one row of the catalogue."""

    data: Path
    world: World
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
        time_us = client_times(rng, self.world, account, group if machine else None)
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
        made = answers(self.rng, in_english(len(row)), 4.0)
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
