"""The paging cursor, `next`: where a member stands in one filtered view of one collection.

It is sealed with AES-256-GCM rather than signed in the clear: sequence numbers run over the whole
board, and a member who read them would learn how many objects it may not see. The view (member,
collection, endpoint, filters) is associated data, so a cursor fits no other view.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import struct
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stillwatch.sharing.taxii.errors import Answer
from stillwatch.sharing.taxii.filters import Filters

KEY_BYTES: Final = 32
LIFETIME_SECONDS: Final = 24 * 3600

_NONCE: Final = 12
_CONTENT: Final = struct.Struct(">QQQ")
_SEALED: Final = _NONCE + _CONTENT.size + 16


@dataclass(frozen=True, slots=True)
class Position:
    """Sequence number of the last object given out, and the highest of the snapshot."""

    last: int
    high: int


class Cursors:
    """Seals and opens cursors under one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, position: Position, view: bytes, now_seconds: int) -> str:
        """Return a cursor that opens for the same view until it expires."""
        content = _CONTENT.pack(position.last, position.high, now_seconds + LIFETIME_SECONDS)
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, content, view)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, text: str, view: bytes, now_seconds: int) -> Position:
        """Return the position.

        Raises:
            Answer: 400: forged, of another view, or expired.
        """
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
            if len(sealed) != _SEALED:
                raise _refused()
            content = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], view)
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise _refused() from error
        last, high, expires = _CONTENT.unpack(content)
        if expires < now_seconds:
            raise _refused()
        return Position(last, high)


def view_of(member: str, collection: str, endpoint: str, filters: Filters) -> bytes:
    """Return what a cursor is bound to."""
    parts = [member.encode(), collection.encode(), endpoint.encode(), filters.digest_input()]
    return hashlib.sha256(b"".join(len(p).to_bytes(4, "big") + p for p in parts)).digest()


def _refused() -> Answer:
    return Answer(400, "sw.query.cursor", "the cursor is not valid for this request")
