"""Tags, and records that only a holder of the identifier can open.

From the output y of the oblivious function (HKDF, RFC 5869, on SHA-256): prk = Extract(info, y),
tag = Expand(prk, "tag", 16), seal = Expand(prk, "seal", 32). Each record has a random id and a key
of its own, Expand(seal, "rec" || id, 32), so AES-256-GCM-SIV (RFC 8452) takes the zero nonce. What
surrounds a record is bound to it: version, type, epoch, tag, id and pseudonym.

The plaintext always has 192 bytes: version, campaign id 16, tactics as bits u32, confidence, first
week u16, last week u16, day until which it may be kept u16, length of the handle, the handle,
zeros. Numbers are big-endian. Days and weeks count from 1970, as `week_of` does.
"""

from __future__ import annotations

import hmac
import re
import secrets
import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from stillwatch.core.errors import InputError
from stillwatch.sharing.private.id_types import Epoch

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

TAG_BYTES: Final = 16
RID_BYTES: Final = 16
PSEUDONYM_BYTES: Final = 16
PLAIN_BYTES: Final = 192
SEALED_BYTES: Final = PLAIN_BYTES + 16
VERSION: Final = 1
TACTICS: Final = 26
_FIXED: Final = struct.Struct(">B16sIBHHHB")
_HANDLE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_ZERO_NONCE: Final = bytes(12)


class Confidence(IntEnum):
    """How sure the contributor is."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True, slots=True)
class Record:
    """What a member who holds the identifier learns of it.

    Attributes:
        campaign: Id of the contributor's campaign object, the 16 bytes of its UUID.
        tactics: Numbers of tactics, 1 to 26.
        confidence: The contributor's.
        first_week: First week it was seen, as `week_of` counts.
        last_week: Last week it was seen.
        retain_until: Last day it may be kept, counted from 1 January 1970.
        handle: Where to ask the contributor, of letters, digits, dots and dashes.
    """

    campaign: bytes
    tactics: frozenset[int]
    confidence: Confidence
    first_week: int
    last_week: int
    retain_until: int
    handle: str

    def __post_init__(self) -> None:
        if len(self.campaign) != 16:
            raise InputError("a campaign's id has 16 bytes")
        if not self.tactics or not self.tactics <= set(range(1, TACTICS + 1)):
            raise InputError(f"a record names tactics of 1 to {TACTICS}")
        if not 0 <= self.first_week <= self.last_week < 2**16:
            raise InputError("a record's weeks are in order, 16 bits each")
        if not 0 <= self.retain_until < 2**16:
            raise InputError("a record's last day has 16 bits")
        if not _HANDLE.fullmatch(self.handle):
            raise InputError("a contact handle has 1 to 64 letters, digits, dots and dashes")

    def encode(self) -> bytes:
        """Return the plaintext, 192 bytes."""
        handle = self.handle.encode()
        bits = sum(1 << (tactic - 1) for tactic in self.tactics)
        fixed = _FIXED.pack(
            *(VERSION, self.campaign, bits, self.confidence, self.first_week, self.last_week),
            *(self.retain_until, len(handle)),
        )
        return (fixed + handle).ljust(PLAIN_BYTES, b"\x00")

    @classmethod
    def decode(cls, plain: bytes) -> Record:
        """Read a plaintext.

        Raises:
            InputError: It is not one that `encode` gives.
        """
        try:
            version, campaign, bits, confidence, first, last, until, length = _FIXED.unpack_from(
                plain
            )
            record = cls(
                campaign=campaign,
                tactics=frozenset(t for t in range(1, 33) if bits >> (t - 1) & 1),
                confidence=Confidence(confidence),
                first_week=first,
                last_week=last,
                retain_until=until,
                handle=plain[_FIXED.size : _FIXED.size + length].decode("ascii"),
            )
        except (struct.error, ValueError):
            raise InputError("not a record") from None
        if version != VERSION or record.encode() != plain:
            raise InputError("not a record of this version")
        return record


@dataclass(frozen=True, slots=True)
class TagKey:
    """What an identifier gives a member in one epoch.

    Attributes:
        epoch: The epoch.
        tag: What the board stores, 16 bytes; equal for all who hold the identifier.
        seal: What records are sealed under, 32 bytes; as secret as the identifier.
    """

    epoch: Epoch
    tag: bytes
    seal: bytes = field(repr=False)

    @classmethod
    def of(cls, epoch: Epoch, y: bytes) -> TagKey:
        """Derive both from the output of the oblivious function, 64 bytes."""
        prk = hmac.digest(epoch.info, y, "sha256")
        return cls(epoch, _expand(prk, b"tag")[:TAG_BYTES], _expand(prk, b"seal"))


def seal(key: TagKey, pseudonym: bytes, record: Record, rid: bytes | None = None) -> SealedRecord:
    """Seal a record for all who hold its identifier.

    Args:
        key: Of the identifier.
        pseudonym: The contributor's for this campaign, 16 bytes.
        record: What to tell.
        rid: Id of the record, 16 bytes; None draws one, as a member always does.

    Raises:
        InputError: The pseudonym has another length.
    """
    rid = secrets.token_bytes(RID_BYTES) if rid is None else rid
    if len(pseudonym) != PSEUDONYM_BYTES or len(rid) != RID_BYTES:
        raise InputError("a pseudonym and the id of a record have 16 bytes each")
    sealed = _cipher(key, rid).encrypt(_ZERO_NONCE, record.encode(), _bound(key, rid, pseudonym))
    return SealedRecord(rid, pseudonym, sealed)


def open_sealed(key: TagKey, sealed: SealedRecord) -> Record:
    """Open a record.

    Raises:
        InputError: It was sealed for another identifier, epoch or pseudonym, or was changed.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 (slow to load)

    bound = _bound(key, sealed.rid, sealed.pseudonym)
    try:
        plain = _cipher(key, sealed.rid).decrypt(_ZERO_NONCE, sealed.ciphertext, bound)
    except (InvalidTag, ValueError):
        raise InputError(
            "a record does not open",
            "its contributor sealed it wrongly, or somebody changed it: report the row",
        ) from None
    return Record.decode(plain)


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A record as the board stores it.

    Attributes:
        rid: Its random id, 16 bytes.
        pseudonym: The contributor's, 16 bytes.
        ciphertext: 208 bytes.
    """

    rid: bytes
    pseudonym: bytes
    ciphertext: bytes


def _cipher(key: TagKey, rid: bytes) -> AESGCMSIV:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV  # noqa: PLC0415

    return AESGCMSIV(_expand(key.seal, b"rec" + rid))


def _bound(key: TagKey, rid: bytes, pseudonym: bytes) -> bytes:
    epoch = key.epoch
    head = bytes([VERSION, epoch.id_type.code]) + epoch.number.to_bytes(2, "big")
    return head + key.tag + rid + pseudonym


def _expand(prk: bytes, info: bytes) -> bytes:
    """Return the first block of HKDF-Expand, 32 bytes (RFC 5869, 2.3)."""
    return hmac.digest(prk, info + b"\x01", "sha256")
