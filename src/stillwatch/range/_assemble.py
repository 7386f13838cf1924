"""Turns what personas and tactics drew into one table, adding for everybody what nobody chose.

Ids, keys, models, request settings, token counts, errors, bans and JSON layout are drawn here by
the same code for all accounts: this is what keeps the class out of those columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.core.records import EXCHANGE_SCHEMA, TIMESTAMP
from stillwatch.range._languages import LANGUAGES
from stillwatch.range._network import asn_of, roam, written
from stillwatch.range._people import CLIENTS, TLS, identifiers
from stillwatch.range._text import as_json, join
from stillwatch.range.contracts import (
    ABSENT,
    HOUR_US,
    LABEL_SCHEMA,
    Accounts,
    Composition,
    FloatArray,
    IntArray,
    Traffic,
    World,
)

MODELS: Final = ("atlas-4-mini", "atlas-4", "atlas-4-think", "birch-2")
NEW_MODEL: Final = "atlas-5"
REASONERS: Final = (NEW_MODEL, "atlas-4-think")
SURFACES: Final = ("first_party", "first_party", "first_party", "cloud_a", "cloud_b", "aggregator")
BANNED_SHARE: Final = 0.006
CAMPAIGN: Final = "campaign:"


def assemble(rng: np.random.Generator, world: World, parts: Sequence[Traffic]) -> Composition:
    """Join the parts into one composition.

    Args:
        rng: Source of randomness.
        world: The span.
        parts: Traffic of every persona and tactic.
    """
    accounts = sum(len(part.accounts) for part in parts)
    firsts = np.cumsum([0] + [len(part.accounts) for part in parts])
    owner = np.concatenate(
        [part.account + first for part, first in zip(parts, firsts, strict=False)]
    )
    crowd = _accounts(rng, [part.accounts for part in parts])
    crowd["language"] = pa.concat_arrays([_spoken(part) for part in parts])
    time_us = np.concatenate([part.time_us for part in parts])
    address = roam(rng, np.concatenate([part.address for part in parts]))
    rows: dict[str, pa.Array] = {
        "time": pa.array(time_us).cast(TIMESTAMP),
        "ip": written(address),
        "asn": pa.array(asn_of(address)),
        "response": pa.concat_arrays([part.response for part in parts]),
    }
    system = pa.concat_arrays([_system(part) for part in parts])
    user = pa.concat_arrays([part.user for part in parts])
    rows["messages"] = _messages(system, user)
    rows |= _of_accounts(rng, crowd, owner, time_us)
    rows |= _settings(rng, crowd["api"].to_numpy(zero_copy_only=False), owner)
    rows["model"] = _models(rng, accounts, owner, time_us, world)
    rows["status"] = _statuses(rng, accounts, owner, time_us, world)
    _choose(rows, parts)
    _results(rng, rows, system)
    rows["exchange_id"] = identifiers(rng, len(owner), "ex_")
    order = pc.sort_indices(
        pa.table({"time": rows["time"], "id": rows["exchange_id"]}),
        sort_keys=[("time", "ascending"), ("id", "ascending")],
    )
    table = pa.table(
        [
            rows[field.name].cast(field.type)
            if field.name in rows
            else pa.nulls(len(owner), field.type)
            for field in EXCHANGE_SCHEMA
        ],
        schema=EXCHANGE_SCHEMA,
    )
    ranked = order.to_numpy().astype(np.int64)
    kept = _before_giving_up(owner[ranked], rows["status"].to_numpy()[ranked] == 403)
    table = table.take(pa.array(ranked[kept]))
    return Composition(table, _labels(crowd, table))


def _accounts(rng: np.random.Generator, groups: Sequence[Accounts]) -> dict[str, pa.Array]:
    n = sum(len(group) for group in groups)
    labels = [group.archetype for group in groups for _ in range(len(group))]
    crowd = {
        name: pa.concat_arrays([getattr(group, name) for group in groups])
        for name in ("organization_id", "plan", "payment_id", "email_domain")
    }
    for name in ("verified", "created_us", "api", "client"):
        crowd[name] = pa.array(np.concatenate([getattr(group, name) for group in groups]))
    crowd["account_id"] = identifiers(rng, n, "acct_")
    crowd["archetype"] = pa.array(labels)
    surface = rng.integers(len(SURFACES), size=n)
    crowd["surface"] = pa.array(SURFACES).take(pa.array(surface))
    return crowd


def _spoken(part: Traffic) -> pa.Array:
    """Return the language that each account writes most of its prompts in, null if not known."""
    n = len(part.accounts)
    if part.language is None:
        return pa.nulls(n, pa.string())
    codes = pa.array(("en", *(language.code for language in LANGUAGES)))
    cell = part.account * len(codes) + part.language + 1
    counts = np.bincount(cell, minlength=n * len(codes)).reshape(n, len(codes))
    return codes.take(pa.array(counts.argmax(axis=1)))


def _of_accounts(
    rng: np.random.Generator, crowd: dict[str, pa.Array], owner: IntArray, time_us: IntArray
) -> dict[str, pa.Array]:
    rows = pa.array(owner)
    n, accounts = len(owner), len(crowd["api"])
    first = np.full(accounts, np.iinfo(np.int64).max)
    np.minimum.at(first, owner, time_us)
    lead = (rng.lognormal(0.0, 1.5, accounts) * HOUR_US / 6).astype(np.int64)
    created = np.minimum(crowd["created_us"].to_numpy(), first - lead)
    columns = {
        name: crowd[name].take(rows)
        for name in (
            "account_id", "organization_id", "plan", "verified", "payment_id", "email_domain",
            "surface",
        )
    }  # fmt: skip
    columns["account_created"] = pa.array(created[owner]).cast(TIMESTAMP)
    usual = crowd["client"].to_numpy()[owner]
    client = np.where(rng.random(n) < 0.1, rng.integers(len(CLIENTS), size=n), usual)
    tls = np.where(rng.random(n) < 0.1, rng.integers(len(TLS), size=n), client)
    columns["user_agent"] = pa.array(CLIENTS).take(pa.array(client))
    columns["tls_fingerprint"] = pa.array(TLS).take(pa.array(tls))
    keys = identifiers(rng, 2 * accounts, "key_")
    second = rng.random(n) < (rng.random(accounts) < 0.3)[owner] * 0.4
    api = crowd["api"].to_numpy(zero_copy_only=False)[owner]
    columns["credential_id"] = keys.take(pa.array(2 * owner + second, mask=~api))
    return columns


def _settings(
    rng: np.random.Generator, api: NDArray[np.bool_], owner: IntArray
) -> dict[str, pa.Array]:
    n, accounts = len(owner), len(api)
    speaks = api[owner]

    def habit(values: Sequence[float], share: float) -> pa.Array:
        """Let a share of the accounts set a value, mostly their usual one."""
        usual = rng.choice(np.array(values), accounts)
        sets = (rng.random(accounts) < share)[owner] & speaks
        value = np.where(rng.random(n) < 0.9, usual[owner], rng.choice(np.array(values), n))
        return pa.array(value, mask=~sets)

    return {
        "temperature": habit((0.0, 0.0, 0.2, 0.3, 0.7, 0.7, 0.8, 1.0, 1.0), 0.7),
        "top_p": habit((0.9, 0.95, 1.0), 0.25),
        "max_tokens": habit((256, 512, 1024, 2048, 4096, 8192), 0.6).cast(pa.int64()),
        "n": habit((1, 1, 1, 1, 1, 1, 1, 2, 4), 0.2).cast(pa.int64()),
        "logprobs": pa.array(rng.random(n) < 0.02, mask=~speaks),
        "seed": habit((1, 7, 42, 1234), 0.06).cast(pa.int64()),
    }


def _models(
    rng: np.random.Generator, accounts: int, owner: IntArray, time_us: IntArray, world: World
) -> pa.Array:
    n = len(owner)
    usual = (len(MODELS) * rng.random(accounts) ** 1.4).astype(np.int64)
    model = np.where(rng.random(n) < 0.85, usual[owner], rng.integers(len(MODELS), size=n))
    adopts = rng.random(accounts) < 0.4
    delay = rng.exponential(36.0, accounts) * HOUR_US
    share = rng.beta(2.0, 1.5, accounts)
    after = time_us > world.span.release_us + delay[owner]
    new = adopts[owner] & after & (rng.random(n) < share[owner])
    return pa.array((*MODELS, NEW_MODEL)).take(pa.array(np.where(new, len(MODELS), model)))


def _statuses(
    rng: np.random.Generator, accounts: int, owner: IntArray, time_us: IntArray, world: World
) -> pa.Array:
    """Draw errors for all, and bans for a few: an account banned gets 403 from then on."""
    n = len(owner)
    trouble: FloatArray = rng.gamma(0.5, 2.0, accounts)[owner]
    u = rng.random(n)
    status = np.full(n, 200)
    for code, rate in ((429, 0.010), (500, 0.004), (403, 0.003), (529, 0.002)):
        status = np.where(u < rate * trouble, code, status)
        u = np.where(u < rate * trouble, 1.0, u - rate * trouble)
        u = np.where(u < 0, 1.0, u)
    banned = rng.random(accounts) < BANNED_SHARE
    moment = world.span.end_us - rng.random(accounts) * (world.span.days * 24 * HOUR_US)
    return pa.array(np.where(banned[owner] & (time_us > moment[owner]), 403, status))


def _choose(rows: dict[str, pa.Array], parts: Sequence[Traffic]) -> None:
    """Let each part's own columns stand before the common draw; `ABSENT` leaves a value out."""
    for name in sorted({name for part in parts for name in part.chosen}):
        kind = EXCHANGE_SCHEMA.field(name).type
        own = pa.concat_arrays(
            [
                part.chosen[name].cast(kind)
                if name in part.chosen
                else pa.nulls(len(part.account), kind)
                for part in parts
            ]
        )
        decided = pc.coalesce(own, rows[name].cast(kind)) if name in rows else own
        if kind == pa.string():
            decided = pc.if_else(pc.equal(decided, ABSENT), pa.scalar(None, kind), decided)
        rows[name] = decided


def _results(rng: np.random.Generator, rows: dict[str, pa.Array], system: pa.Array) -> None:
    """Draw token counts and the finish from the text; a failed request has no answer."""
    n = len(system)
    fine = pc.equal(rows["status"], 200)
    nothing = pa.scalar(None, pa.string())
    rows["response"] = pc.if_else(fine, rows["response"], nothing)
    letters = pc.binary_length(rows["messages"]).to_numpy()
    rows["input_tokens"] = pa.array((letters / rng.uniform(3.4, 4.4, n)).astype(np.int64) + 3)
    written_out = pc.fill_null(pc.binary_length(rows["response"]), 0).to_numpy()
    rows["output_tokens"] = pa.array((written_out / rng.uniform(3.4, 4.4, n)).astype(np.int64))
    thinks = pc.and_(fine, pc.is_in(rows["model"], pa.array(REASONERS)))
    thought = pa.array(rng.lognormal(6.0, 0.9, n).astype(np.int64))
    rows["reasoning_tokens"] = pc.if_else(thinks, thought, pa.scalar(None, pa.int64()))
    prefix = pc.fill_null(pc.binary_length(system), 0).to_numpy() / 4
    rows["cached_tokens"] = pa.array((prefix * (rng.random(n) < 0.6)).astype(np.int64))
    u = rng.random(n)
    finish = pa.array(np.where(u < 0.93, "stop", np.where(u < 0.985, "length", "refusal")).tolist())
    finish = pc.coalesce(rows.get("finish_reason", finish), finish)
    rows["finish_reason"] = pc.if_else(fine, finish, nothing)


def _system(part: Traffic) -> pa.Array:
    return pa.nulls(len(part.account), pa.string()) if part.system is None else part.system


def _messages(system: pa.Array, user: pa.Array) -> pa.Array:
    lead = join(pa.scalar('{"role":"system","content":"'), as_json(system), pa.scalar('"},'))
    return join(
        pa.scalar("["),
        pc.fill_null(lead, ""),
        pa.scalar('{"role":"user","content":"'),
        as_json(user),
        pa.scalar('"}]'),
    )


def _before_giving_up(owner: IntArray, refused: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which rows an account would still send: not those after three 403 in a row.

    Rows are in order of time.
    """
    order = np.argsort(owner, kind="stable")
    who, hit = owner[order], refused[order]
    silent = np.zeros(len(hit), dtype=bool)
    silent[3:] = hit[3:] & hit[2:-1] & hit[1:-2] & hit[:-3] & (who[3:] == who[:-3])
    kept = np.ones(len(hit), dtype=bool)
    kept[order] = ~silent
    return kept


def _labels(crowd: dict[str, pa.Array], table: pa.Table) -> pa.Table:
    archetype = crowd["archetype"]
    hidden = pc.starts_with(archetype, CAMPAIGN)
    campaign = pc.replace_substring(archetype, CAMPAIGN, "")
    labels = pa.table(
        [
            crowd["account_id"],
            archetype,
            pc.if_else(hidden, campaign, pa.scalar(None, pa.string())),
            crowd["language"],
        ],
        schema=LABEL_SCHEMA,
    )
    present = pc.is_in(labels["account_id"], pc.unique(table["account_id"]))
    return labels.filter(present).sort_by("account_id")
