"""MinHash signatures of word 3-grams, and their LSH bands.

Broder, "On the resemblance and containment of documents", 1997: two sets agree in a row of the
signature with probability equal to their Jaccard similarity J. Texts meet in at least one of
`BANDS` bands of `ROWS` rows with probability 1 - (1 - J^8)^16. The hash family is a random odd
multiplier and a random shift modulo 2^32 over well mixed values; the tests hold its bias and
error to the theory.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from stillwatch.core.compiled import kernel
from stillwatch.sketches._hashing import I32, I64, ROLL, U32, U64, chain, mix, seeds

SIZE: Final = 128
BANDS: Final = 16
ROWS: Final = SIZE // BANDS
SHINGLE: Final = 3
SHORTEST: Final = 8  # tokens; shorter texts abstain
_TOP: Final = np.uint64(32)
_ALL: Final = np.uint32(0xFFFFFFFF)


@lru_cache(maxsize=1)
def family(key: bytes) -> tuple[U32, U32]:
    """Return the multipliers and shifts of the `SIZE` hash functions of a key."""
    words = seeds(key, "minhash", SIZE)
    return (words >> _TOP).astype(np.uint32) | np.uint32(1), words.astype(np.uint32)


@kernel
def signature(
    tokens: U64, seed: np.uint64, multipliers: U32, shifts: U32, grams: U32, out: U32
) -> None:
    """Fill `out`, of length `SIZE`, from a text's 3-grams; `grams` is work space for them."""
    count = len(tokens) - SHINGLE + 1
    for i in range(count):  # each afresh, not rolled on: no step then waits for the one before
        gram = (tokens[i] * ROLL + tokens[i + 1]) * ROLL + tokens[i + 2]
        grams[i] = np.uint32(mix(gram ^ seed) >> _TOP)
    for j in range(SIZE):
        out[j] = _ALL
    for i in range(0, count, 4):  # four at once: a row of `out` is then read and written once
        a, b = grams[i], grams[min(i + 1, count - 1)]
        c, d = grams[min(i + 2, count - 1)], grams[min(i + 3, count - 1)]
        for j in range(SIZE):
            multiplier, shift = multipliers[j], shifts[j]
            first = min(np.uint32(multiplier * a + shift), np.uint32(multiplier * b + shift))
            second = min(np.uint32(multiplier * c + shift), np.uint32(multiplier * d + shift))
            out[j] = min(out[j], first, second)


@kernel
def bands(
    values: U64,
    bounds: I64,
    texts: I64,
    seed: np.uint64,
    multipliers: U32,
    shifts: U32,
    out: I64,
    places: I32,
) -> None:
    """Fill the bands of n texts; a text index of -1, or a text too short, has none."""
    row = np.empty(SIZE, dtype=np.uint32)
    grams = np.empty(len(values), dtype=np.uint32)
    total = 0
    for n in range(len(texts)):
        i = texts[n]
        if i >= 0 and bounds[i + 1] - bounds[i] >= SHORTEST:
            signature(values[bounds[i] : bounds[i + 1]], seed, multipliers, shifts, grams, row)
            for band in range(BANDS):
                state = seed ^ np.uint64(band + 1)
                for j in range(band * ROWS, band * ROWS + ROWS):
                    state = chain(state, np.uint64(row[j]))
                out[total] = np.int64(mix(state))
                total += 1
        places[n + 1] = total
