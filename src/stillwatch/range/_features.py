"""Features of an account, one number each, and the view of a table that baselines score."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.range._network import hosted
from stillwatch.range.contracts import DAY_US, HOUR_US, AccountView, FloatArray, IntArray

COUNTED = {
    "addresses": "ip",
    "user agents": "user_agent",
    "models": "model",
    "tls fingerprints": "tls_fingerprint",
}
"""Feature: how many different values of a column an account shows."""
SHARED = {
    "accounts on an address": "ip",
    "accounts of a payment": "payment_id",
    "accounts of an e-mail domain": "email_domain",
    "accounts of a TLS fingerprint": "tls_fingerprint",
    "accounts of an organisation": "organization_id",
}
"""Feature: the largest number of accounts that share one of an account's values."""
WORDS = {
    "asks for reasoning": "reasoning|step by step|show your work|think",
    "asks for a rating": "rubric|score|grade|rate the",
    "asks for examples": "example",
    "has tags": "<[a-z]+>",
    "has a system prompt": '"role":"system"',
}
"""Feature: share of an account's prompts that match a pattern."""


def view_of(exchanges: pa.Table, reference: AccountView | None = None) -> AccountView:
    """Return the view of a table of exchanges.

    Args:
        exchanges: `EXCHANGE_SCHEMA`.
        reference: Benign history of the same provider, if there is any.
    """
    accounts, values = features(exchanges)
    owner = pc.index_in(exchanges["account_id"], accounts).to_numpy().astype(np.int64)
    return AccountView(accounts, owner, exchanges, values, reference)


def features(exchanges: pa.Table) -> tuple[pa.Array, dict[str, FloatArray]]:
    """Return the accounts and, by name, one value of each feature for each of them."""
    encoded = exchanges["account_id"].combine_chunks().dictionary_encode()
    owner = encoded.indices.to_numpy().astype(np.int64)
    accounts = encoded.dictionary
    total = np.bincount(owner, minlength=len(accounts))

    def mean(column: FloatArray | NDArray[np.bool_]) -> FloatArray:
        return np.bincount(owner, np.nan_to_num(column.astype(float)), len(accounts)) / total

    found: dict[str, FloatArray] = {"exchanges": total.astype(float)}
    found |= _times(exchanges, owner, total)
    found |= _numbers(exchanges, mean)
    text = exchanges["messages"].combine_chunks()
    for name, pattern in WORDS.items():
        hits = pc.match_substring_regex(text, pattern, ignore_case=True)
        found[name] = mean(_flags(hits))
    for name, column in COUNTED.items():
        _, who = pairs(exchanges[column], owner)
        found[name] = np.bincount(who, minlength=len(accounts)).astype(float)
    for name, column in SHARED.items():
        found[name] = _sharing(exchanges[column], owner, len(accounts))
    prefix = pc.replace_substring_regex(exchanges["ip"], r"[.:]\w+$", "")
    found["accounts on a prefix"] = _sharing(prefix, owner, len(accounts))
    head = pc.utf8_slice_codeunits(
        pc.replace_substring_regex(text, '.*"user","content":"', ""), 0, 40
    )
    found["accounts with a prompt opening"] = _sharing(head, owner, len(accounts))
    _, who = pairs(head, owner)
    found["share of new openings"] = np.bincount(who, minlength=len(accounts)) / total
    return accounts, found


def _times(exchanges: pa.Table, owner: IntArray, total: IntArray) -> dict[str, FloatArray]:
    n = len(total)
    when = exchanges["time"].cast(pa.int64()).to_numpy()
    created = exchanges["account_created"].cast(pa.int64()).to_numpy()
    hour = when // HOUR_US
    night = (hour % 24) < 6
    active = np.unique(owner * 10**7 + hour) // 10**7
    days = np.unique(owner * 10**6 + when // DAY_US) // 10**6
    order = np.lexsort((when, owner))
    gap = np.diff(when[order], prepend=when[order][:1])
    inner = np.concatenate(([False], np.diff(owner[order]) == 0))
    quick = inner & (gap < 600 * 10**6)
    return {
        "age": np.bincount(owner, (when - created) / DAY_US, n) / total,
        "share at night": np.bincount(owner, night, n) / total,
        "active hours": np.bincount(active, minlength=n).astype(float),
        "active days": np.bincount(days, minlength=n).astype(float),
        "share within ten minutes": np.bincount(owner[order], quick, n) / total,
    }


def _numbers(
    exchanges: pa.Table, mean: Callable[[FloatArray | NDArray[np.bool_]], FloatArray]
) -> dict[str, FloatArray]:
    status = exchanges["status"].to_numpy()
    asn = exchanges["asn"].to_numpy()
    plan = exchanges["plan"]
    found = {
        "hosted share": mean(hosted(asn)),
        "verified": mean(_flags(exchanges["verified"])),
        "api plan": mean(_flags(pc.equal(plan, "api"))),
        "free plan": mean(_flags(pc.equal(plan, "free"))),
        "uses a key": mean(_flags(exchanges["credential_id"].is_valid())),
        "new model share": mean(_flags(pc.equal(exchanges["model"], "atlas-5"))),
        "refused (403)": mean(status == 403),
        "limited (429)": mean(status == 429),
        "errors (500)": mean(status == 500),
        "prompt length": mean(pc.binary_length(exchanges["messages"]).to_numpy()),
    }
    for name in ("temperature", "max_tokens", "output_tokens", "input_tokens", "cached_tokens"):
        found[name] = mean(pc.fill_null(exchanges[name].cast(pa.float64()), 0.0).to_numpy())
    return found


def _flags(column: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False), dtype=bool)


def pairs(column: pa.ChunkedArray | pa.Array, owner: IntArray) -> tuple[IntArray, IntArray]:
    """Return the distinct pairs of a value and an account, as two aligned arrays."""
    joined = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    code = pc.fill_null(joined.dictionary_encode().indices, -1).to_numpy().astype(np.int64)
    distinct = np.unique(code[code >= 0] << 32 | owner[code >= 0])
    return distinct >> 32, distinct & 0xFFFFFFFF


def _sharing(column: pa.ChunkedArray | pa.Array, owner: IntArray, accounts: int) -> FloatArray:
    value, who = pairs(column, owner)
    most = np.zeros(accounts)
    if len(value):
        np.maximum.at(most, who, np.bincount(value)[value].astype(float))
    return most
