"""What a member and the key holder send each other, byte for byte.

A request, `POST /v1/evaluate` of `application/vnd.stillwatch.evaluate`:
"SWEV", version u8 = 1, type u8, epoch u16, purpose u8, count u32, commitment root 32, then `count`
blinded elements of 32 bytes. The count is padded to 64 times a power of two and at most 1,024.

The answer, of the same media type: "SWEV", version u8 = 1, index of the batch's leaf u64, count
u32, then `count` evaluated elements of 32 bytes and one proof of 64. Numbers are big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from stillwatch.core.errors import InputError
from stillwatch.sharing.private.commit_open import MOST_REAL, padded_count
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.voprf import ELEMENT_BYTES, PROOF_BYTES

MEDIA_TYPE: Final = "application/vnd.stillwatch.evaluate"
MOST_ELEMENTS: Final = MOST_REAL
_MAGIC: Final = b"SWEV"
_VERSION: Final = 1
_REQUEST: Final = struct.Struct(">4sBBHBI32s")
_ANSWER: Final = struct.Struct(">4sBQI")
MOST_REQUEST_BYTES: Final = _REQUEST.size + MOST_ELEMENTS * ELEMENT_BYTES


class Purpose(Enum):
    """Why a member looks something up; peers see it in the log."""

    CONFIRMED_CLUSTER = "confirmed-cluster", 1
    SUSPECTED_CLUSTER = "suspected-cluster", 2
    APPEAL_CHECK = "appeal-check", 3
    CONTROL = "control", 4

    def __init__(self, label: str, code: int) -> None:
        self.label = label
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """A batch to be evaluated.

    Attributes:
        epoch: Type and epoch of the key.
        purpose: Why.
        root: What the member commits to, 32 bytes.
        elements: Blinded, 32 bytes each.
    """

    epoch: Epoch
    purpose: Purpose
    root: bytes
    elements: Sequence[bytes]

    def encode(self) -> bytes:
        """Return the request's bytes."""
        head = _REQUEST.pack(
            *(_MAGIC, _VERSION, self.epoch.id_type.code, self.epoch.number, self.purpose.code),
            *(len(self.elements), self.root),
        )
        return head + b"".join(self.elements)

    @classmethod
    def decode(cls, body: bytes) -> Request:
        """Read a request.

        Raises:
            InputError: It is none, or its count is not padded.
            SharingRefused: Nobody knows the type.
        """
        try:
            magic, version, id_type, number, purpose, count, root = _REQUEST.unpack_from(body)
        except struct.error:
            raise InputError("not a request to evaluate") from None
        purposes = {known.code: known for known in Purpose}
        if magic != _MAGIC or version != _VERSION or purpose not in purposes:
            raise InputError("not a request to evaluate of a known version and purpose")
        if not 0 < count <= MOST_ELEMENTS or count != padded_count(count):
            raise InputError(f"a count is 64 times a power of two, at most {MOST_ELEMENTS}")
        elements = _split(body, _REQUEST.size, count, len(body))
        return cls(Epoch(IdType.coded(id_type), number), purposes[purpose], root, elements)


@dataclass(frozen=True, slots=True)
class Answer:
    """An evaluated batch.

    Attributes:
        leaf: Index of the leaf of the log that the batch is in.
        elements: Evaluated, 32 bytes each.
        proof: Over the whole batch, 64 bytes.
    """

    leaf: int
    elements: Sequence[bytes]
    proof: bytes

    @staticmethod
    def encode(leaf: int, count: int, evaluated: bytes) -> bytes:
        """Return the answer's bytes, given what an `Evaluator` returned."""
        return _ANSWER.pack(_MAGIC, _VERSION, leaf, count) + evaluated

    @classmethod
    def decode(cls, body: bytes, count: int) -> Answer:
        """Read the answer to a batch of that count.

        Raises:
            InputError: It is none.
        """
        try:
            magic, version, leaf, stated = _ANSWER.unpack_from(body)
        except struct.error:
            raise InputError("not an answer of a key holder") from None
        if (magic, version, stated) != (_MAGIC, _VERSION, count):
            raise InputError("not an answer of a key holder to this batch")
        elements = _split(body, _ANSWER.size, count, len(body) - PROOF_BYTES)
        return cls(leaf, elements, body[-PROOF_BYTES:])


def _split(body: bytes, start: int, count: int, end: int) -> list[bytes]:
    if end - start != count * ELEMENT_BYTES:
        raise InputError("a batch is shorter or longer than its count")
    return [body[at : at + ELEMENT_BYTES] for at in range(start, end, ELEMENT_BYTES)]
