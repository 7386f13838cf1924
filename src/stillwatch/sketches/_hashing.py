"""Keyed 64-bit hashing inside compiled kernels.

An operator's key seeds every hash, so that nobody outside can steer collisions. All arithmetic is
on uint64: numba turns a product of narrower integers into 64 bits, and a mix of signed and
unsigned into floats.
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillwatch.core.compiled import kernel

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

ZERO: Final = np.uint64(0)
STEP: Final = np.uint64(0x9E3779B97F4A7C15)  # odd; 2^64 / golden ratio
ROLL: Final = np.uint64(0xD6E8FEB86659FD93)  # odd; multiplier of the rolling window hash
_M1: Final = np.uint64(0xFF51AFD7ED558CCD)
_M2: Final = np.uint64(0xC4CEB9FE1A85EC53)
_S32: Final = np.uint64(32)
_S33: Final = np.uint64(33)


@kernel
def mix(value: np.uint64) -> np.uint64:
    """Spread a 64-bit value over all bits; a bijection (finaliser of MurmurHash3, Appleby)."""
    value = (value ^ (value >> _S33)) * _M1
    value = (value ^ (value >> _S33)) * _M2
    return value ^ (value >> _S33)


@kernel
def chain(state: np.uint64, value: np.uint64) -> np.uint64:
    """Absorb one value into an ordered hash state."""
    state = (state ^ value) * STEP
    return state ^ (state >> _S32)


@kernel
def power(exponent: int) -> np.uint64:
    """Return `ROLL` to the power of `exponent`, modulo 2^64."""
    result = np.uint64(1)
    for _ in range(exponent):
        result *= ROLL
    return result


@kernel
def hash_values(data: U8, offsets: I64, seed: np.uint64) -> U64:
    """Return one keyed hash for each of n byte strings, given their n + 1 offsets."""
    out = np.empty(len(offsets) - 1, dtype=np.uint64)
    for row in range(len(out)):
        state = seed
        for i in range(offsets[row], offsets[row + 1]):
            state = chain(state, np.uint64(data[i]))
        out[row] = mix(state)
    return out


def seeds(key: bytes, purpose: str, count: int) -> U64:
    """Derive `count` seeds from the operator's key (BLAKE2b, RFC 7693), one stream a purpose."""
    words = [
        hashlib.blake2b(i.to_bytes(4, "little"), digest_size=8, key=key, person=purpose.encode())
        for i in range(count)
    ]
    return np.array([int.from_bytes(w.digest(), "little") for w in words], dtype=np.uint64)
