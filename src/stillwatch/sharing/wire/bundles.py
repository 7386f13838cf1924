"""Signs what a member posts: one detached signature over the ordered list of objects.

The payload is the canonical JSON of the list; it is not repeated in the signature, which is stored
beside the objects and never inside one. The format is small enough to be written out: libraries for
it bound the payload below the size of a bundle, and accept headers that have no place here.

Source: RFC 7515, section 5 and appendix F (detached content); RFC 9864 (`Ed25519`); RFC 8785.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.ledger.jcs import canonical, parse_strict
from stillwatch.sharing.wire.register import SigningKeys
from stillwatch.sharing.wire.signatures import SigningKey

ALGORITHM: Final = "Ed25519"
READ_ONLY_ALGORITHM: Final = "EdDSA"  # the same with these keys, under its older name
TYPE: Final = "stillwatch-bundle"
MAX_SIGNATURE: Final = 4096


def sign_bundle(key: SigningKey, objects: Sequence[object]) -> str:
    """Return the detached signature of an ordered list of objects: `header..signature`.

    Raises:
        SharingRefused: An object has no canonical form.
    """
    header = _encoded(canonical({"alg": ALGORITHM, "kid": key.keyid, "typ": TYPE}))
    return f"{header}..{_encoded(key.private.sign(_signing_input(header, objects)))}"


def verify_bundle(objects: Sequence[object], signature: str, keys: SigningKeys) -> str:
    """Return the id of the member that signed an ordered list of objects.

    Args:
        objects: Plain JSON data, from `jcs.parse_strict`.
        signature: Detached, as `sign_bundle` returns it.
        keys: The register of members.

    Raises:
        SharingRefused: The signature cannot be read (`sw.bundle.malformed`), has other header
            parameters or another algorithm than it may (`sw.bundle.header`) or does not hold
            (`sw.bundle.forged`); the key is not that of a member; an object has no canonical form.
    """
    parts = signature.split(".") if len(signature) <= MAX_SIGNATURE else []
    if len(parts) != 3 or parts[1]:
        raise _refused("malformed", "the bundle's signature is not detached")
    made = _decoded(parts[2])
    member, public = keys.signer(_key_named_in(_decoded(parts[0])))
    try:
        public.verify(made, _signing_input(parts[0], objects))
    except InvalidSignature:
        raise _refused("forged", "the bundle's signature does not hold") from None
    return member


def _signing_input(header: str, objects: Sequence[object]) -> bytes:
    return f"{header}.{_encoded(canonical(list(objects)))}".encode()


def _key_named_in(data: bytes) -> str:
    try:
        header = parse_strict(data)
    except SharingRefused:
        raise _refused("malformed", "the header of the bundle's signature cannot be read") from None
    if not isinstance(header, dict) or header.keys() != {"alg", "kid", "typ"}:
        raise _refused("header", "the bundle's signature has other parameters than it must")
    if header["typ"] != TYPE or header["alg"] not in (ALGORITHM, READ_ONLY_ALGORITHM):
        raise _refused("header", f"the bundle's signature is not {TYPE} with {ALGORITHM}")
    return str(header["kid"])


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:  # no ASCII, or binascii.Error
        data = b""
    if _encoded(data) != text:
        raise _refused("malformed", "the bundle's signature cannot be read")
    return data


def _refused(code: str, message: str) -> SharingRefused:
    hint = "sign the bundle anew, over the objects exactly as they are posted"
    return SharingRefused(message, hint, f"sw.bundle.{code}")
