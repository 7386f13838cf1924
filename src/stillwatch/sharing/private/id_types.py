"""Types of identifier that members may compare, and the epochs of their keys.

An epoch is a stretch of days of a fixed length for each type, counted from 1 January 1970. Each
(type, epoch) has a key of its own, so that forgetting one epoch forgets nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from stillwatch.core.errors import SharingRefused

DAY_SECONDS: Final = 86_400
OVERLAP_SECONDS: Final = DAY_SECONDS
"""For so long after its end an epoch's key still answers, to tag again what may be kept."""
PROTOCOL: Final = b"stillwatch-sharing-v1"


class IdType(Enum):
    """A type of identifier: its name, the byte that stands for it, days of an epoch."""

    EMAIL = "email", 1, 90
    EMAIL_ALIAS = "email-alias", 2, 90
    PHONE = "phone", 3, 90
    IP4 = "ip4", 4, 7
    IP6_64 = "ip6-64", 5, 7
    PAY_REF = "pay-ref", 6, 90
    DEVICE_KEY = "device-key", 7, 90
    ORG_REG = "org-reg", 8, 180
    BLOB = "blob", 9, 30
    CANARY = "canary", 10, 180
    TEMPLATE_BAND = "tmpl-band", 11, 90

    def __init__(self, label: str, code: int, epoch_days: int) -> None:
        self.label = label
        self.code = code
        self.epoch_days = epoch_days

    @classmethod
    def named(cls, label: str) -> IdType:
        """Return the type of that name.

        Raises:
            SharingRefused: The class is never shared, or there is no such type.
        """
        if label in NEVER_SHARED:
            raise SharingRefused(
                f"{label} is never shared: {NEVER_SHARED[label]}",
                "no plane and no form carries it, hashes included",
                f"sw.banned.{label}",
            )
        for known in cls:
            if known.label == label:
                return known
        names = ", ".join(known.label for known in cls)
        raise SharingRefused("no such type of identifier", f"choose of {names}", "sw.id.type")

    @classmethod
    def coded(cls, code: int) -> IdType:
        """Return the type that a byte stands for.

        Raises:
            SharingRefused: No type has that code.
        """
        for known in cls:
            if known.code == code:
                return known
        raise SharingRefused(f"no type of identifier has the code {code}", code="sw.id.type")


NEVER_SHARED: Final = {
    "card-number": "a payment network gives references that serve instead",
    "name": "it is personal data that no decision needs",
    "address": "it is personal data that no decision needs",
    "government-id": "it is personal data that no decision needs",
    "prompt": "text of users stays with the firm it was sent to",
    "reply": "text of users stays with the firm that answered",
    "credential": "a secret is revoked, not shared",
    "api-key": "a secret is revoked, not shared",
    "end-user-id": "an integrator's users are not the members' to share",
    "special-category": "the law protects it most",
}
"""Classes that stay home in any form, each with the reason."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One key's lifetime.

    Attributes:
        id_type: Whose epoch.
        number: How many epochs of that length lie between 1 January 1970 and this one, 16 bits.
    """

    id_type: IdType
    number: int

    def __post_init__(self) -> None:
        if not 0 <= self.number < 2**16:
            raise SharingRefused("an epoch's number has 16 bits", code="sw.id.epoch")

    @classmethod
    def at(cls, id_type: IdType, seconds: float) -> Epoch:
        """Return the epoch of a moment in seconds since 1 January 1970, UTC."""
        return cls(id_type, int(seconds // (id_type.epoch_days * DAY_SECONDS)))

    @property
    def start(self) -> int:
        """The first second of it."""
        return self.number * self.id_type.epoch_days * DAY_SECONDS

    @property
    def end(self) -> int:
        """The first second after it; the key answers for `OVERLAP_SECONDS` more."""
        return self.start + self.id_type.epoch_days * DAY_SECONDS

    @property
    def destroyed_from(self) -> int:
        """The second from which the key no longer answers."""
        return self.end + OVERLAP_SECONDS

    @property
    def info(self) -> bytes:
        """What binds a key to its epoch: the `info` of DeriveKeyPair (RFC 9497, 3.2.1).

        Protocol, then name of the type and decimal number of the epoch, each after its length.
        """
        name, number = self.id_type.label.encode(), str(self.number).encode()
        return PROTOCOL + bytes([len(name)]) + name + bytes([len(number)]) + number


def week_of(seconds: float) -> int:
    """Return the ISO week of a moment, counted from Monday 29 December 1969; 16 bits."""
    return (int(seconds // DAY_SECONDS) + 3) // 7


def end_of_week(week: int) -> int:
    """Return the first second after an ISO week counted as `week_of` does."""
    return ((week + 1) * 7 - 3) * DAY_SECONDS
