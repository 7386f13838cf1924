"""Commit to a batch of lookups, and open a few of them to an auditor.

The key holder cannot inspect what it evaluates. So a member commits, with each batch, to the root
of a hash tree over SHA-256(salt, x, blind), one leaf an element. Later the hash of a witnessed
checkpoint, which nobody could foresee, draws a few places; the member opens them to the auditor
alone. An opening holds only if the input and its blind give the element that was evaluated, so a
member who swept identifiers that it never saw is caught, and cannot swap inputs afterwards: that
would take the discrete logarithm between two hashed inputs.

Padding is committed to as well. Its input is of a type that no identifier has, so a sweep cannot
pass for padding.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.ledger.tree import (
    MemoryTree,
    inclusion_proof,
    leaf_hash,
    verify_inclusion,
)
from stillwatch.sharing.private import voprf
from stillwatch.sharing.private.voprf import Blinded

MOST_OPENED: Final = 20
"""Places an auditor draws of one member in a quarter."""
MOST_REAL: Final = 1024
"""Identifiers of one batch."""
_SALT_BYTES: Final = 16
_PAD: Final = b"\x03pad"
_UNIT: Final = 64


@dataclass(frozen=True, slots=True)
class Opening:
    """What a member shows of one element, to the auditor alone.

    Attributes:
        index: Its place in the batch.
        salt: 16 bytes, so that nobody can test a guess against the commitment.
        x: The input.
        blind: What hid it, 32 bytes.
        path: The hashes from its leaf to the root.
    """

    index: int
    salt: bytes = field(repr=False)
    x: bytes = field(repr=False)
    blind: bytes = field(repr=False)
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class CommittedBatch:
    """A batch as the member keeps it until its audit is over; as secret as the identifiers.

    Attributes:
        blinded: Its elements, padding at the end.
        salts: One an element.
        root: What the member commits to, 32 bytes.
    """

    blinded: tuple[Blinded, ...] = field(repr=False)
    salts: tuple[bytes, ...] = field(repr=False)
    root: bytes

    def open(self, index: int) -> Opening:
        """Return the opening of one place.

        Raises:
            InputError: The batch has no such place.
        """
        if not 0 <= index < len(self.blinded):
            raise InputError("the batch has no such place")
        one = self.blinded[index]
        leaves = _leaves(self.blinded, self.salts)
        hashes = inclusion_proof(MemoryTree(leaves), index, len(leaves))
        return Opening(index, self.salts[index], one.x, one.blind, tuple(hashes))


def commit(inputs: Sequence[bytes]) -> CommittedBatch:
    """Blind inputs, pad them, and commit to all.

    Args:
        inputs: 1 to 1,024 of `Identifier.x`.

    Raises:
        InputError: There are none, or too many.
    """
    if not 0 < len(inputs) <= MOST_REAL:
        raise InputError(f"a batch has 1 to {MOST_REAL} identifiers")
    padding = padded_count(len(inputs)) - len(inputs)
    pads = [_PAD + secrets.token_bytes(voprf.SCALAR_BYTES) for _ in range(padding)]
    blinded = tuple(voprf.blind(x) for x in (*inputs, *pads))
    salts = tuple(secrets.token_bytes(_SALT_BYTES) for _ in blinded)
    return CommittedBatch(blinded, salts, MemoryTree(_leaves(blinded, salts)).root())


def padded_count(count: int) -> int:
    """Return the least 64 times a power of two that is no less than a count."""
    padded = _UNIT
    while padded < count:
        padded *= 2
    return padded


def draw(checkpoint: bytes, root: bytes, count: int, most: int = MOST_OPENED) -> list[int]:
    """Return the places that an auditor has a member open, in order.

    Anyone can repeat the draw: place k comes from SHA-256("stillwatch-audit", checkpoint, root, k),
    as a number modulo the count. A place that came before is passed over.

    Args:
        checkpoint: Hash of the first witnessed checkpoint that holds the batch's leaf.
        root: What the member committed to.
        count: Elements of the batch, padding included.
        most: How many places to draw.
    """
    places: dict[int, None] = {}
    counter = 0
    while len(places) < min(most, count):
        seed = b"stillwatch-audit" + checkpoint + root + counter.to_bytes(4, "big")
        places[int.from_bytes(hashlib.sha256(seed).digest(), "big") % count] = None
        counter += 1
    return list(places)


def check(
    opening: Opening, root: bytes, elements: Sequence[bytes], seen: Callable[[bytes], bool]
) -> None:
    """Hold an opening against what the member committed to and what the key holder evaluated.

    Args:
        opening: What the member shows.
        root: The root in the log.
        elements: The batch as the key holder received it, padding included.
        seen: Whether an input occurs in the member's own log of traffic.

    Raises:
        SharingRefused: It does not hold; the code says at which step. Suspend the member's quota.
    """
    entry = _entry(opening.salt, opening.x, opening.blind)
    if not verify_inclusion(leaf_hash(entry), opening.index, len(elements), opening.path, root):
        raise SharingRefused("an opening is not of the committed batch", code="sw.audit.root")
    try:
        element = voprf.blind(opening.x, opening.blind).element
    except InputError:
        element = b""
    if element != elements[opening.index]:
        raise SharingRefused("an opened input was not evaluated", code="sw.audit.element")
    is_padding = opening.x.startswith(_PAD) and len(opening.x) == len(_PAD) + voprf.SCALAR_BYTES
    if not is_padding and not seen(opening.x):
        raise SharingRefused(
            "an identifier was looked up that the member never saw", code="sw.audit.unseen"
        )


def _leaves(blinded: Sequence[Blinded], salts: Sequence[bytes]) -> list[bytes]:
    return [_entry(salt, one.x, one.blind) for salt, one in zip(salts, blinded, strict=True)]


def _entry(salt: bytes, x: bytes, blind: bytes) -> bytes:
    return hashlib.sha256(salt + x + blind).digest()
