"""A second key holder's side, on libsodium: derives keys and proves, where `voprf` is a closed box.

RFC 9497: DeriveKeyPair 3.2.1, GenerateProof 2.2.1.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import rbcl

from stillwatch.sharing.private import voprf
from stillwatch.sharing.private.voprf import ORDER


def derive_key(seed: bytes, info: bytes) -> int:
    message = seed + len(info).to_bytes(2, "big") + info
    for counter in range(256):
        uniform = voprf._expand(message + bytes([counter]), b"DeriveKeyPair" + voprf.CONTEXT)
        key = int.from_bytes(uniform, "little") % ORDER
        if key:
            return key
    raise AssertionError


class SodiumEvaluator:
    def __init__(self, seed: bytes, info: bytes, random: int | None = None) -> None:
        self.key = derive_key(seed, info)
        self.random = random

    @property
    def public_key(self) -> bytes:
        made: bytes = rbcl.crypto_scalarmult_ristretto255_base(self._bytes(self.key))
        return made

    def evaluate(self, blinded: Sequence[bytes]) -> bytes:
        evaluated = [self._times(self.key, element) for element in blinded]
        return b"".join(evaluated) + self.proof(blinded, evaluated)

    def proof(self, blinded: Sequence[bytes], evaluated: Sequence[bytes]) -> bytes:
        r = self.random or 1 + secrets.randbelow(ORDER - 1)
        left, right = voprf.composites(self.public_key, blinded, evaluated)
        t2 = rbcl.crypto_scalarmult_ristretto255_base(self._bytes(r))
        c = voprf.challenge(self.public_key, left, right, t2, self._times(r, left))
        return self._bytes(c) + self._bytes((r - c * self.key) % ORDER)

    @staticmethod
    def _bytes(scalar: int) -> bytes:
        return scalar.to_bytes(32, "little")

    @classmethod
    def _times(cls, scalar: int, element: bytes) -> bytes:
        product: bytes = rbcl.crypto_scalarmult_ristretto255(cls._bytes(scalar), element)
        return product
