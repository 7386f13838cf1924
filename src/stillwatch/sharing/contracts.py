"""What the parts of the forum ask of each other.

The board, the key holder and the nodes run apart, at different operators. They meet in these
contracts only, so that each can be tested against a plain stand-in.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Protocol


class LeafKind(IntEnum):
    """What a leaf of the transparency log is about; the wire value is one byte."""

    SHARE = 1
    LOOKUP_BATCH = 2
    PULL = 3
    OPINION = 4
    APPEAL = 5
    WITHDRAWAL = 6
    PURGE = 7
    EPOCH_KEY_PUBLISHED = 8
    EPOCH_KEY_DESTROYED = 9
    MEMBER_JOINED = 10
    MEMBER_LEFT = 11
    MEMBER_REVOKED = 12
    PSEUDONYM_OPENED = 13
    EVIDENCE_COMMITTED = 14
    LEGAL_BASIS_CHANGED = 15


class LeafLog(Protocol):
    """An append-only transparency log whose leaves are commitments."""

    def append(self, kind: LeafKind, pseudonym: bytes, event: Mapping[str, object]) -> int:
        """Commit to an event and return the index of its leaf.

        Args:
            kind: What it is about.
            pseudonym: Who, 16 bytes; peers cannot link it across campaigns.
            event: Plain JSON data: objects, lists, strings, integers, booleans.

        Raises:
            ExternalError: The leaf could not be made durable; nothing was appended.
        """
        ...


class RequestVerifier(Protocol):
    """Says which forum member signed a request."""

    def verify(self, method: str, target_uri: str, headers: Mapping[str, str], body: bytes) -> str:
        """Return the member id.

        Args:
            method: HTTP method, upper case.
            target_uri: The whole URI that was asked for.
            headers: Header fields; names in any case.
            body: The body as received.

        Raises:
            SharingRefused: No signature, a wrong one, one that was seen before or one out of its
                time; the code says which.
        """
        ...
