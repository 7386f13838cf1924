"""Who accounts are: one way to draw them for the innocent and the others alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.range._words import NOUNS
from stillwatch.range.contracts import DAY_US, START_US, Accounts, FloatArray, IntArray

PROVIDERS: Final = tuple(
    f"{first}{second}.example"
    for first in ("post", "inbox", "mail", "letter", "quick", "open")
    for second in ("box", "hub", "line", "desk", "wave", "nest", "port")
)
"""Public e-mail providers; the first are the largest."""

BROWSERS: Final = (
    *(
        f"Mozilla/5.0 ({system}) {engine}"
        for system in ("Windows NT 10.0; Win64; x64", "Macintosh; arm64", "X11; Linux x86_64")
        for engine in (
            "Chromium/138.0",
            "Chromium/139.0",
            "Gecko/20100101 Fx/141.0",
            "WebKit/619.1",
        )
    ),
    "AtlasApp/5.2 (iOS 19)",
    "AtlasApp/5.2 (Android 16)",
    "AtlasApp/5.1 (Android 15)",
)
LIBRARIES: Final = tuple(
    f"{library}/{version}"
    for library, versions in (
        ("atlas-python", ("1.58.2", "1.60.0", "1.61.1", "1.61.3")),
        ("atlas-node", ("4.20.0", "4.24.1", "4.25.0")),
        ("python-requests", ("2.31.0", "2.32.3")),
        ("httpx", ("0.27.2", "0.28.1")),
        ("okhttp", ("4.12.0",)),
        ("go-http-client", ("2.0",)),
        ("aiohttp", ("3.10.5", "3.11.2")),
        ("curl", ("8.7.1",)),
    )
    for version in versions
)
CLIENTS: Final = BROWSERS + LIBRARIES
"""User agents, browsers first. `TLS` has the fingerprint that usually goes with each."""

TLS: Final = tuple(
    f"t13d{15 + k % 3}{10 + k % 7}h{1 + k % 2}_{0x8DAAF615 + 7919 * (k // 2):08x}"
    f"_{0xB0DA82DD + 104729 * (k // 2):08x}"
    for k in range(len(CLIENTS))
)
ZONES: Final = (-8, -6, -5, -3, 0, 0, 1, 1, 2, 3, 5, 5, 7, 8, 8, 9, 10)


def people(
    rng: np.random.Generator,
    n: int,
    archetype: str,
    *,
    api: float = 0.25,
    verified: float = 0.4,
    young: float = 0.15,
) -> Accounts:
    """Draw n unrelated accounts.

    Args:
        rng: Source of randomness.
        n: Number of accounts.
        archetype: Label of all of them.
        api: Share that speaks through the API.
        verified: Share with a verified identity.
        young: Share that signed up in the last ten days before the week or during it.
    """
    speaks_api = rng.random(n) < api
    age_days = np.exp(rng.uniform(np.log(3.0), np.log(900.0), n))
    age_days = np.where(rng.random(n) < young, rng.uniform(-3.0, 10.0, n), age_days)
    plans = np.where(
        speaks_api,
        rng.choice(["api", "api", "api", "free", "team", "plus"], n),
        rng.choice(["free", "free", "plus", "plus", "team", "api"], n),
    )
    return Accounts(
        archetype=archetype,
        organization_id=pa.nulls(n, pa.string()),
        plan=pa.array(plans.tolist(), pa.string()),
        verified=rng.random(n) < verified,
        created_us=(START_US - age_days * DAY_US).astype(np.int64),
        payment_id=_payments(rng, n, plans),
        email_domain=_domains(rng, n),
        api=speaks_api,
        client=clients(rng, speaks_api),
        zone_hours=rng.choice(np.array(ZONES), n).astype(np.int64),
    )


def clients(rng: np.random.Generator, api: NDArray[np.bool_]) -> IntArray:
    """Draw the usual client of each account; one in eight uses the other kind."""
    n = len(api)
    library = api ^ (rng.random(n) < 0.12)
    low = np.where(library, len(BROWSERS), 0)
    width = np.where(library, len(LIBRARIES), len(BROWSERS))
    return np.asarray(low + width * rng.random(n) ** 1.6, dtype=np.int64)


def identifiers(rng: np.random.Generator, n: int, prefix: str) -> pa.Array:
    """Draw n opaque identifiers of 64 random bits."""
    return pa.array(
        [f"{prefix}{value:016x}" for value in rng.integers(0, 2**63, n).tolist()], pa.string()
    )


def company_domains(rng: np.random.Generator, n: int) -> list[str]:
    """Invent n e-mail domains of companies or families."""
    tail = rng.integers(10, 9999, n)
    first, second = rng.choice(np.array(NOUNS), (2, n))
    return [f"{a}-{b}{c}.example" for a, b, c in zip(first, second, tail, strict=True)]


def shared(
    rng: np.random.Generator, n: int, least: int, most: int, share: float = 1.0
) -> tuple[IntArray, int]:
    """Deal n accounts into groups of `least` to `most`.

    Returns:
        The group of each account, -1 for the 1 - `share` that stay alone, and the group count.
    """
    sizes: list[int] = []
    while sum(sizes) < n:
        sizes.append(int(rng.integers(least, most + 1)))
    group = np.repeat(np.arange(len(sizes)), sizes)[:n]
    group = rng.permutation(group)
    group[rng.random(n) >= share] = -1
    return group.astype(np.int64), len(sizes)


def override(column: pa.Array, group: IntArray, values: pa.Array) -> pa.Array:
    """Give the members of each group its value; -1 keeps the account's own."""
    ours = values.take(pa.array(np.maximum(group, 0)))
    return pa.compute.if_else(pa.array(group >= 0), ours, column)


def _payments(rng: np.random.Generator, n: int, plans: NDArray[np.str_]) -> pa.Array:
    has = rng.random(n) < np.where(plans == "free", 0.3, 0.95)
    own = identifiers(rng, n, "pm_")
    own = pa.compute.if_else(pa.array(has), own, pa.scalar(None, pa.string()))
    family, groups = shared(rng, n, 2, 4, share=0.18)
    family[~has] = -1
    return override(own, family, identifiers(rng, groups, "pm_"))


def _domains(rng: np.random.Generator, n: int) -> pa.Array:
    public = (len(PROVIDERS) * rng.random(n) ** 3.0).astype(np.int64)
    column = pa.array(PROVIDERS).take(pa.array(public))
    private, groups = shared(rng, n, 1, 4, share=0.12)
    return override(column, private, pa.array(company_domains(rng, groups)))


def sizes(rng: np.random.Generator, n: int, weekly: float, days: int) -> IntArray:
    """Draw heavy-tailed numbers of exchanges with about the given weekly mean, at least 1."""
    spread: FloatArray = rng.lognormal(-0.5, 1.0, n)
    return np.maximum(1, rng.poisson(weekly * days / 7.0 * spread)).astype(np.int64)


def belong(
    rng: np.random.Generator,
    accounts: Accounts,
    group: IntArray,
    *,
    organization: float = 0.5,
    payment: float = 0.8,
    domain: float = 0.9,
) -> Accounts:
    """Let accounts of one group belong together; each bond exists for a share of the groups.

    Args:
        rng: Source of randomness.
        accounts: The accounts.
        group: Group of each account, -1 for none.
        organization: Share of groups that are registered as one organisation.
        payment: Share of groups that pay with one instrument.
        domain: Share of groups with an e-mail domain of their own.
    """
    groups = int(group.max(initial=0)) + 1

    def bond(share: float) -> IntArray:
        return np.where((group >= 0) & (rng.random(groups) < share)[group], group, -1)

    names = pa.array(company_domains(rng, groups))
    return replace(
        accounts,
        organization_id=override(
            accounts.organization_id, bond(organization), identifiers(rng, groups, "org_")
        ),
        payment_id=override(accounts.payment_id, bond(payment), identifiers(rng, groups, "pm_")),
        email_domain=override(accounts.email_domain, bond(domain), names),
    )


def deal(rng: np.random.Generator, groups: int, least: int, most: int, typical: float) -> IntArray:
    """Draw group sizes, log-normal around `typical`, and return the group of each account."""
    drawn = np.clip(rng.lognormal(np.log(typical), 0.7, groups), least, most).astype(np.int64)
    return np.repeat(np.arange(groups), drawn).astype(np.int64)


def front(rng: np.random.Generator, accounts: Accounts) -> Accounts:
    """Let covert accounts leak: 55 % share cards, 3 to 8 a card; 30 % share six domains."""
    n = len(accounts)
    card, cards = shared(rng, n, 3, 8, share=0.55)
    host = np.where(rng.random(n) < 0.3, rng.integers(0, 6, n), -1)
    return replace(
        accounts,
        payment_id=override(accounts.payment_id, card, identifiers(rng, cards, "pm_")),
        email_domain=override(accounts.email_domain, host, pa.array(company_domains(rng, 6))),
    )
