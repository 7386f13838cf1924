"""Accounts that take over from others."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pyarrow as pa

from stillwatch.range._people import people
from stillwatch.range.contracts import HOUR_US, Accounts, IntArray


def heirs(
    rng: np.random.Generator, accounts: Accounts, of: IntArray, when_us: IntArray
) -> Accounts:
    """Draw one account for each of those in `of`, signed up within 30 hours before it is needed.

    An heir keeps the kind of access, the client and, every other time, the card.
    """
    n = len(of)
    fresh = people(rng, n, accounts.archetype, young=0.0)
    keeps = pa.array(rng.random(n) < 0.5)
    card = pa.compute.if_else(keeps, accounts.payment_id.take(pa.array(of)), fresh.payment_id)
    return replace(
        fresh,
        created_us=when_us - rng.integers(HOUR_US // 30, 30 * HOUR_US, n),
        api=accounts.api[of],
        client=accounts.client[of],
        payment_id=card,
    )


def joined(one: Accounts, two: Accounts) -> Accounts:
    """Return the accounts of both, in order."""
    columns: dict[str, object] = {}
    for field in fields(Accounts):
        a, b = getattr(one, field.name), getattr(two, field.name)
        if isinstance(a, np.ndarray):
            columns[field.name] = np.concatenate([a, b])
        elif field.name != "archetype":
            columns[field.name] = pa.concat_arrays([a, b])
    return replace(one, **columns)  # type: ignore[arg-type]
