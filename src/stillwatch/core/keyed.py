"""Keyed pseudo-random functions: tokens of identifiers, and tie-breakers fixed before scoring."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

PUBLIC_KEY: Final = b"stillwatch-public-sketch-key-v1"
"""Used when the operator sets none: tokens are then comparable between deployments, and can be
guessed by anyone who holds a candidate value."""


def token(value: str | bytes, key: bytes, purpose: str) -> int:
    """Return a signed 64-bit keyed token of a value (BLAKE2b, RFC 7693), never 0.

    Args:
        value: The identifier.
        key: Secret of the deployment, at most 64 bytes.
        purpose: Keeps tokens of different kinds apart, at most 16 bytes.
    """
    raw = value.encode() if isinstance(value, str) else value
    digest = hashlib.blake2b(raw, digest_size=8, key=key, person=purpose.encode()).digest()
    return int.from_bytes(digest, "little", signed=True) or 1


def uniforms(ids: Iterable[str], key: bytes, purpose: str) -> NDArray[np.float64]:
    """Return one uniform number in (0, 1) for each id: the same id and key give the same number.

    Tie-breakers come from here and never from a fresh generator, or one may re-roll them.
    """
    tokens = np.fromiter((token(i, key, purpose) for i in ids), dtype=np.int64)
    return (tokens.view(np.uint64).astype(np.float64) + 0.5) / 2.0**64
