"""Winnowed fingerprints: a small choice of token windows that shared passages have in common.

Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD
2003. Of every `width` consecutive windows of `k` tokens the one with the least hash is kept, the
rightmost on ties; two texts that share a run of `k + width - 1` tokens share a fingerprint.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stillwatch.core.compiled import kernel
from stillwatch.sketches._hashing import I32, I64, ROLL, U64, ZERO, mix, power


class Choice(NamedTuple):
    """Which messages to fingerprint, and how finely.

    Attributes:
        roles: Bit set of the roles of the first part, and of the second part.
        caps: Most fingerprints kept of either part; the ones with the least hash.
        k: Tokens in a window.
        width: Windows in a neighbourhood; a power of two.
    """

    roles: tuple[int, int]
    caps: tuple[int, int]
    k: int
    width: int


def fingerprints(
    values: U64, bounds: I64, roles: I32, rows: I64, choice: Choice, seed: np.uint64
) -> tuple[I64, I32]:
    """Return the sorted distinct fingerprints of every row, and n + 1 offsets into them."""
    (first, second), (cap, other), k, width = choice
    out = np.empty((len(rows) - 1) * (cap + other), dtype=np.int64)
    places = np.zeros(len(rows), dtype=np.int32)
    total = choose(
        values, bounds, roles, rows, first, second, cap, other, k, width, seed, out, places
    )
    return out[:total], places


@kernel
def choose(
    values: U64,
    bounds: I64,
    roles: I32,
    rows: I64,
    first: int,
    second: int,
    cap: int,
    other: int,
    k: int,
    width: int,
    seed: np.uint64,
    out: I64,
    places: I32,
) -> int:
    """Fill `out` and `places` row by row; return the number of fingerprints."""
    kept = np.empty(cap + 1, dtype=np.uint64)
    more = np.empty(other + 1, dtype=np.uint64)
    recent = np.empty(width, dtype=np.uint64)
    gone = power(k)
    total = 0
    for row in range(len(rows) - 1):
        count = 0
        extra = 0
        for i in range(rows[row], rows[row + 1]):
            bit = 1 << roles[i]
            if first & bit:
                count = winnow(
                    values, bounds[i], bounds[i + 1], k, gone, seed, recent, kept, count, cap
                )
            if second & bit:
                extra = winnow(
                    values, bounds[i], bounds[i + 1], k, gone, seed, recent, more, extra, other
                )
        start = total
        for i in range(count):
            out[total] = np.int64(kept[i])
            total += 1
        for i in range(extra):
            out[total] = np.int64(more[i])
            total += 1
        total = _sort_distinct(out, start, total)
        places[row + 1] = total
    return total


@kernel
def winnow(
    values: U64,
    start: int,
    end: int,
    k: int,
    gone: np.uint64,
    seed: np.uint64,
    recent: U64,
    kept: U64,
    count: int,
    cap: int,
) -> int:
    """Add the fingerprints of one text to the `count` least kept so far; return the new count."""
    windows = end - start - k + 1
    width = len(recent)
    mask = width - 1
    rolling = ZERO
    for i in range(start, min(start + k - 1, end)):
        rolling = rolling * ROLL + values[i]
    least = -1
    last = -1
    for w in range(windows):
        rolling = rolling * ROLL + values[start + w + k - 1]
        if w:
            rolling -= gone * values[start + w - 1]
        fresh = mix(rolling ^ seed)
        recent[w & mask] = fresh
        if w and least <= w - width:
            least = w - width + 1
            for j in range(w - width + 2, w + 1):
                if recent[j & mask] <= recent[least & mask]:
                    least = j
        elif w == 0 or fresh <= recent[least & mask]:
            least = w
        if least != last and (w >= width - 1 or w == windows - 1):
            count = _keep(kept, count, cap, recent[least & mask])
            last = least
    return count


@kernel
def _keep(kept: U64, count: int, cap: int, value: np.uint64) -> int:
    """Insert into a sorted distinct list of at most `cap`; the greatest falls out."""
    if count == cap and value >= kept[cap - 1]:
        return count
    at = count
    while at > 0 and kept[at - 1] > value:
        at -= 1
    if at > 0 and kept[at - 1] == value:
        return count
    count = min(count + 1, cap)
    for i in range(count - 1, at, -1):
        kept[i] = kept[i - 1]
    kept[at] = value
    return count


@kernel
def _sort_distinct(out: I64, start: int, end: int) -> int:
    """Sort `out[start:end]` in place, drop repeats, return the new end."""
    for i in range(start + 1, end):
        value = out[i]
        at = i
        while at > start and out[at - 1] > value:
            out[at] = out[at - 1]
            at -= 1
        out[at] = value
    last = start
    for i in range(start, end):
        if i == start or out[i] != out[i - 1]:
            out[last] = out[i]
            last += 1
    return last
