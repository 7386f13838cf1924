"""Leaves of the log: they say when, who and which kind, and commit to the rest.

A leaf has 54 bytes: version, kind, hour (u32), pseudonym (16), keyed hash of the event (32). Who
holds salt and event can show what was logged; without them nobody can test a guess.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from stillwatch.core.errors import InputError, UnitError
from stillwatch.sharing.contracts import LeafKind

VERSION: Final = 1
SALT_BYTES: Final = 32
PSEUDONYM_BYTES: Final = 16
LEAF_BYTES: Final = 54


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a commitment.

    Attributes:
        salt: 32 random bytes.
        event: Canonical JSON of the event.
    """

    salt: bytes
    event: bytes

    def commitment(self) -> bytes:
        """Return the keyed hash of the event, 32 bytes."""
        return hmac.digest(self.salt, self.event, sha256)


@dataclass(frozen=True, slots=True)
class Leaf:
    """What anyone may read of an event.

    Attributes:
        kind: What it is about.
        hour: Unix seconds over 3,600.
        pseudonym: Who, 16 bytes.
        commitment: 32 bytes; see `Opening`.
    """

    kind: LeafKind
    hour: int
    pseudonym: bytes
    commitment: bytes

    def encode(self) -> bytes:
        """Return the leaf's 54 bytes.

        Raises:
            UnitError: The pseudonym has another length than 16 bytes.
        """
        if len(self.pseudonym) != PSEUDONYM_BYTES:
            raise UnitError(f"a pseudonym has {PSEUDONYM_BYTES} bytes, not {len(self.pseudonym)}")
        head = bytes([VERSION, self.kind]) + self.hour.to_bytes(4, "big")
        return head + self.pseudonym + self.commitment

    @classmethod
    def parse(cls, entry: bytes) -> Leaf:
        """Return the leaf that an entry of the log is.

        Raises:
            InputError: It has another length, version or kind than is known.
        """
        if len(entry) != LEAF_BYTES or entry[0] != VERSION:
            raise InputError("a leaf of the log has another form than this version knows")
        try:
            kind = LeafKind(entry[1])
        except ValueError:
            raise InputError(f"a leaf of the log is of the unknown kind {entry[1]}") from None
        return cls(kind, int.from_bytes(entry[2:6], "big"), entry[6:22], entry[22:])

    def opened_by(self, opening: Opening) -> bool:
        """Say whether salt and event are what the leaf commits to."""
        return len(opening.salt) == SALT_BYTES and hmac.compare_digest(
            opening.commitment(), self.commitment
        )
