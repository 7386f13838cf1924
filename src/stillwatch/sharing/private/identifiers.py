"""One spelling for each identifier, so that two members who hold the same one agree on its bytes.

What enters the oblivious function is `x` = length of the type's name, one byte, then the name, then
the value. No two pairs of type and value give the same `x`. Text is brought to Unicode's normal
form C first. No message ever repeats a value.

Normalising twice changes nothing: `text` writes a value so that `Normaliser.identifier` reads it
back. Sources: E.164 (ITU-T), UTS 46 and RFC 5891 for domains, EMVCo's payment account reference.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
)
from typing import Final

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.private.id_types import IdType

MOST_BYTES: Final = 512
DIGEST_BYTES: Final = 32
_MOST_CHARACTERS: Final = 1024  # before normalising
BANDS: Final = 18
BAND_BYTES: Final = 1 + 56

_GMAIL: Final = {"gmail.com", "googlemail.com"}
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_MARKS: Final = str.maketrans("", "", " -./()\u00a0")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9-]{1,31}")
_PAR: Final = re.compile(r"[A-Z0-9]{29}")
_TOKEN: Final = re.compile(r"[!-~]{8,128}")
_DIGITS: Final = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_NOT_ALPHANUMERIC: Final = re.compile(r"[^A-Z0-9]")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Identifier:
    """A canonical identifier.

    Attributes:
        id_type: Its type.
        value: Its canonical bytes, 1 to 512.
    """

    id_type: IdType
    value: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not 0 < len(self.value) <= MOST_BYTES:
            raise InputError(f"a value of {self.id_type.label} has 1 to {MOST_BYTES} bytes")

    @property
    def x(self) -> bytes:
        """The input of the oblivious function."""
        label = self.id_type.label.encode()
        return bytes([len(label)]) + label + self.value

    @property
    def text(self) -> str:
        """The value as `Normaliser.identifier` reads it back."""
        if self.id_type is IdType.IP4:
            return str(IPv4Address(self.value))
        if self.id_type is IdType.IP6_64:
            return str(IPv6Address(self.value + bytes(8)))
        return self.value.hex() if self.id_type in _BYTES else self.value.decode()


@dataclass(frozen=True, slots=True)
class Normaliser:
    """Turns what a log holds into identifiers.

    Attributes:
        shared_networks: Networks whose addresses many strangers share, such as Tor exits and large
            address translators. Their addresses are refused.
    """

    shared_networks: Iterable[Network] = ()
    _shared: Mapping[tuple[int, int], frozenset[int]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        found: dict[tuple[int, int], set[int]] = {}
        for network in self.shared_networks:
            key = network.version, network.max_prefixlen - network.prefixlen
            found.setdefault(key, set()).add(int(network.network_address) >> key[1])
        frozen = {key: frozenset(values) for key, values in found.items()}
        object.__setattr__(self, "_shared", frozen)

    def identifier(self, label: str, value: str | bytes) -> Identifier:
        """Return the canonical identifier of a value.

        Args:
            label: Name of the type, such as `email`.
            value: The value; bytes where the type takes them: a device's public key, a blob, a
                canary, a band of a template.

        Raises:
            SharingRefused: The class is never shared, or a rule keeps this value at home.
            InputError: The value is none of that type.
        """
        id_type = IdType.named(label)
        if isinstance(value, str):
            if len(value) > _MOST_CHARACTERS:
                raise InputError(f"a value has at most {_MOST_CHARACTERS} characters")
            value = unicodedata.normalize("NFC", value).strip()
        if id_type in _BYTES:
            return Identifier(id_type, _BYTES[id_type](value))
        if isinstance(value, bytes):
            raise InputError(f"{label} is text")
        if id_type is IdType.IP4:
            return Identifier(id_type, self._public(IPv4Address, value).packed)
        if id_type is IdType.IP6_64:
            return Identifier(id_type, self._public(IPv6Address, value).packed[:8])
        return Identifier(id_type, _TEXT[id_type](value).encode())

    def _public(
        self, read: type[IPv4Address] | type[IPv6Address], value: str
    ) -> IPv4Address | IPv6Address:
        try:
            address = read("" if "%" in value else value)  # a zone belongs to one machine
        except AddressValueError:
            raise InputError("not an address of that type") from None
        embedded = isinstance(address, IPv6Address) and (
            address.ipv4_mapped or address.sixtofour or address.teredo
        )
        if embedded or address.is_multicast or not address.is_global:
            raise SharingRefused(
                "an address that is not one party's alone",
                "private, reserved and translated addresses say nothing about a party",
                "sw.id.not_public",
            )
        bits = int(address)
        if any(
            version == address.version and bits >> shift in networks
            for (version, shift), networks in self._shared.items()
        ):
            raise SharingRefused(
                "an address on the list of shared networks",
                "strangers share it; a match would prove nothing",
                "sw.id.shared_network",
            )
        return address


def _email(value: str) -> str:
    local, at, domain = unicodedata.normalize("NFC", value.lower()).rpartition("@")
    if not at or not local or any(c.isspace() or not c.isprintable() for c in local):
        raise InputError("not an e-mail address")
    return f"{local}@{_domain(domain)}"


@lru_cache(maxsize=65_536)
def _domain(domain: str) -> str:
    import idna  # noqa: PLC0415 (its tables take longer to load than most commands run)

    try:
        ascii_form = idna.encode(domain.rstrip("."), uts46=True, std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError):
        raise InputError("not an e-mail address: its domain is none") from None
    if "." not in ascii_form:
        raise InputError("not an e-mail address: its domain has no dot")
    return ascii_form


def _email_alias(value: str) -> str:
    local, _, domain = _email(value).rpartition("@")
    local = local.split("+", 1)[0]
    if domain in _GMAIL:
        local, domain = local.replace(".", ""), "gmail.com"
    if not local:
        raise InputError("not an e-mail address: nothing is left of its local part")
    return f"{local}@{domain}"


def _phone(value: str) -> str:
    number = value.translate(_PHONE_MARKS)
    if not _PHONE.fullmatch(number):
        raise InputError("not a number in E.164: a plus, then 7 to 15 digits")
    return number


def _pay_ref(value: str) -> str:
    scheme, _, reference = value.partition(":")
    if any(_luhn(found.group()) for found in _DIGITS.finditer(reference)):
        raise SharingRefused(
            "a payment reference that reads like a card number",
            "share the network's account reference (PAR) instead",
            "sw.banned.card-number",
        )
    form = _PAR if scheme == "par" else _TOKEN
    if not _SCHEME.fullmatch(scheme) or not form.fullmatch(reference):
        raise InputError(
            "not a payment reference",
            "write par:REFERENCE with 29 characters, or PROCESSOR:TOKEN with 8 to 128",
        )
    return value


def _luhn(text: str) -> bool:
    """Whether digits end in their check digit (ISO/IEC 7812-1)."""
    digits = [int(c) for c in reversed(text) if c.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _org_reg(value: str) -> str:
    country, _, rest = value.upper().partition(":")
    registry, _, number = rest.partition(":")
    registry, number = (_NOT_ALPHANUMERIC.sub("", part) for part in (registry, number))
    if not _COUNTRY.fullmatch(country) or not registry or not number:
        raise InputError("not an entry of a register", "write COUNTRY:REGISTRY:NUMBER")
    return f"{country}:{registry}:{number}"


def _digest(value: str | bytes, what: str) -> bytes:
    if isinstance(value, bytes):
        return hashlib.sha256(value).digest()
    if not _DIGEST.fullmatch(value.lower()):
        raise InputError(f"not {what}: give its bytes, or its SHA-256 as 64 hexadecimal digits")
    return bytes.fromhex(value)


def _device_key(value: str | bytes) -> bytes:
    if isinstance(value, bytes):
        _check_public_key(value)
    return _digest(value, "a device's public key")


def _check_public_key(der: bytes) -> None:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 (slow to load)
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    try:
        key = serialization.load_der_public_key(der)
        canonical = key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    except (ValueError, UnsupportedAlgorithm):
        canonical = b""
    if canonical != der:
        raise InputError("not a device's public key: SubjectPublicKeyInfo in DER is expected")


def _blob(value: str | bytes) -> bytes:
    if value == b"":
        raise InputError("an empty blob")
    return _digest(value, "an encrypted reasoning blob")


def _raw(value: str | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise InputError("text of this type is hexadecimal digits") from None


def _band(value: str | bytes) -> bytes:
    raw = _raw(value)
    if len(raw) != BAND_BYTES or raw[0] >= BANDS:
        raise InputError(f"a band is its number under {BANDS}, one byte, and 56 bytes of it")
    return raw


_TEXT: Final[Mapping[IdType, Callable[[str], str]]] = {
    IdType.EMAIL: _email,
    IdType.EMAIL_ALIAS: _email_alias,
    IdType.PHONE: _phone,
    IdType.PAY_REF: _pay_ref,
    IdType.ORG_REG: _org_reg,
}
_BYTES: Final[Mapping[IdType, Callable[[str | bytes], bytes]]] = {
    IdType.DEVICE_KEY: _device_key,
    IdType.BLOB: _blob,
    IdType.CANARY: _raw,
    IdType.TEMPLATE_BAND: _band,
}
