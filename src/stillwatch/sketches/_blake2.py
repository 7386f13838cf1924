"""Tokens of whole columns: BLAKE2b (RFC 7693) as a kernel, equal to `core.keyed.token`.

hashlib would hold the interpreter lock for every identifier, so that threads wait for each other.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from stillwatch.core.compiled import kernel
from stillwatch.sketches._hashing import I64, U8, U64, ZERO

BLOCK: Final = 128
_WORDS: Final = 16
_BYTES: Final = 8  # of a digest
_IV: Final = np.array(
    [
        *(0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1),
        *(0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179),
    ],
    dtype=np.uint64,
)
_ORDER: Final = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
    ],
    dtype=np.uint8,
)
_ROUNDS: Final = 12
_R16, _R24, _R32, _R40, _R48, _R63, _R1 = (np.uint64(n) for n in (16, 24, 32, 40, 48, 63, 1))


def hashed(data: U8, offsets: I64, key: bytes, purpose: str) -> I64:
    """Return the token of each of n byte strings, given their n + 1 offsets."""
    start = _IV.copy()
    start[0] ^= np.uint64(0x01010000 | len(key) << 8 | _BYTES)
    start[6:] ^= np.frombuffer(purpose.encode().ljust(16, b"\0"), dtype="<u8")
    block = np.frombuffer(key.ljust(BLOCK, b"\0"), dtype="<u8").astype(np.uint64)
    out = np.empty(len(offsets) - 1, dtype=np.int64)
    digests(data, offsets, start, block, len(key) > 0, out)
    return out


@kernel
def digests(data: U8, offsets: I64, start: U64, key: U64, keyed: bool, out: I64) -> None:
    """Fill `out` with the first eight bytes of the digests, 1 in place of 0."""
    work = np.empty(_WORDS, dtype=np.uint64)
    block = np.empty(_WORDS, dtype=np.uint64)
    opened = start.copy()
    if keyed:
        compress(opened, key, BLOCK, False, work)
    for row in range(len(out)):
        at, end = offsets[row], offsets[row + 1]
        state = opened.copy()
        taken = BLOCK if keyed else 0
        if keyed and at == end:
            state[:] = start
            compress(state, key, BLOCK, True, work)
        while at < end or taken == 0:
            size = min(BLOCK, end - at)
            block[:] = ZERO
            for i in range(size):
                block[i >> 3] |= np.uint64(data[at + i]) << np.uint64((i & 7) << 3)
            at += size
            taken += size
            compress(state, block, taken, at == end, work)
            if at == end:
                break
        value = np.int64(state[0])
        out[row] = value if value else 1


@kernel
def compress(state: U64, block: U64, taken: int, last: bool, work: U64) -> None:
    """Absorb a block of 16 words; `taken` bytes have been read by its end."""
    for i in range(8):
        work[i] = state[i]
        work[i + 8] = _IV[i]
    work[12] ^= np.uint64(taken)
    if last:
        work[14] = ~work[14]
    for turn in range(_ROUNDS):
        order = _ORDER[turn % 10]
        for i in range(4):
            _stir(work, i, i + 4, i + 8, i + 12, block[order[2 * i]], block[order[2 * i + 1]])
        for i in range(4):
            b, c, d = 4 + (i + 1 & 3), 8 + (i + 2 & 3), 12 + (i + 3 & 3)
            _stir(work, i, b, c, d, block[order[2 * i + 8]], block[order[2 * i + 9]])
    for i in range(8):
        state[i] ^= work[i] ^ work[i + 8]


@kernel
def _stir(work: U64, a: int, b: int, c: int, d: int, x: np.uint64, y: np.uint64) -> None:
    work[a] += work[b] + x
    work[d] ^= work[a]
    work[d] = work[d] >> _R32 | work[d] << _R32
    work[c] += work[d]
    work[b] ^= work[c]
    work[b] = work[b] >> _R24 | work[b] << _R40
    work[a] += work[b] + y
    work[d] ^= work[a]
    work[d] = work[d] >> _R16 | work[d] << _R48
    work[c] += work[d]
    work[b] ^= work[c]
    work[b] = work[b] >> _R63 | work[b] << _R1
