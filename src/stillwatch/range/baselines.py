"""Shows that no single feature of an account tells the campaigns apart.

Each feature is turned into the best detector it can be, with the truth in hand: either direction,
any threshold. A composition in which one of them does well would be too easy to prove anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.range._network import hosted
from stillwatch.range.contracts import DAY_US, HOUR_US, Composition, FloatArray, IntArray

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


@dataclass(frozen=True, slots=True)
class Baseline:
    """How well one feature alone would do.

    Attributes:
        feature: Name; a leading `-` means that small values are suspicious.
        threshold: Where the F1 score is best.
        precision: At the threshold.
        recall: At the threshold.
        auc: Area under the ROC curve, at least 0.5 as the direction is chosen with the truth.
        precision_at_half: Best precision among thresholds that find at least half.
    """

    feature: str
    threshold: float
    precision: float
    recall: float
    auc: float
    precision_at_half: float


def baseline_table(composition: Composition) -> list[Baseline]:
    """Measure every single feature on all campaign members against everybody else.

    Returns:
        One row a feature, best AUC first. Empty when there is no campaign.
    """
    accounts, values = features(composition.exchanges)
    place = pc.index_in(accounts, composition.labels["account_id"].combine_chunks())
    hidden = composition.labels["campaign_id"].is_valid().take(place).to_numpy()
    if not hidden.any():
        return []
    rows = [_best(name, column, hidden) for name, column in values.items()]
    return sorted(rows, key=lambda row: -row.auc)


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
        _, who = _pairs(exchanges[column], owner)
        found[name] = np.bincount(who, minlength=len(accounts)).astype(float)
    for name, column in SHARED.items():
        found[name] = _sharing(exchanges[column], owner, len(accounts))
    prefix = pc.replace_substring_regex(exchanges["ip"], r"[.:]\w+$", "")
    found["accounts on a prefix"] = _sharing(prefix, owner, len(accounts))
    head = pc.utf8_slice_codeunits(
        pc.replace_substring_regex(text, '.*"user","content":"', ""), 0, 40
    )
    found["accounts with a prompt opening"] = _sharing(head, owner, len(accounts))
    _, who = _pairs(head, owner)
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


def _pairs(column: pa.ChunkedArray | pa.Array, owner: IntArray) -> tuple[IntArray, IntArray]:
    """Return the distinct pairs of a value and an account, as two aligned arrays."""
    joined = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    code = pc.fill_null(joined.dictionary_encode().indices, -1).to_numpy().astype(np.int64)
    pairs = np.unique(code[code >= 0] << 32 | owner[code >= 0])
    return pairs >> 32, pairs & 0xFFFFFFFF


def _sharing(column: pa.ChunkedArray | pa.Array, owner: IntArray, accounts: int) -> FloatArray:
    value, who = _pairs(column, owner)
    most = np.zeros(accounts)
    if len(value):
        np.maximum.at(most, who, np.bincount(value)[value].astype(float))
    return most


def _best(name: str, values: FloatArray, hidden: NDArray[np.bool_]) -> Baseline:
    area = _auc(values, hidden)
    sign = 1.0 if area >= 0.5 else -1.0
    order = np.argsort(-sign * values, kind="stable")
    ranked = sign * values[order]
    last = np.concatenate((ranked[1:] != ranked[:-1], [True]))
    found = np.cumsum(hidden[order])[last]
    flagged = np.flatnonzero(last) + 1
    precision, recall = found / flagged, found / hidden.sum()
    score = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    k = int(np.argmax(score))
    return Baseline(
        feature=name if sign > 0 else f"-{name}",
        threshold=float(sign * ranked[last][k]),
        precision=float(precision[k]),
        recall=float(recall[k]),
        auc=max(area, 1.0 - area),
        precision_at_half=float(precision[recall >= 0.5].max()),
    )


def _auc(values: FloatArray, hidden: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve; ties count half (Mann and Whitney 1947)."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2.0
    positives = int(hidden.sum())
    above = float(middle[place][hidden].sum()) - positives * (positives + 1) / 2.0
    return above / (positives * (len(values) - positives))
