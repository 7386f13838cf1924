"""Signs what a member posts: one detached signature over the ordered list of objects.

The payload is the canonical JSON of the list; it is not repeated in the signature, which is stored
beside the objects and never inside one.

Source: RFC 7515, appendix F (detached content); RFC 9864 (`Ed25519`); RFC 8785.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Sequence
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.ledger.jcs import canonical, parse_strict
from stillwatch.sharing.wire.register import SigningKeys
from stillwatch.sharing.wire.signatures import SigningKey

ALGORITHM: Final = "Ed25519"
READ_ONLY_ALGORITHM: Final = "EdDSA"
TYPE: Final = "stillwatch-bundle"
MAX_SIGNATURE: Final = 4096


def sign_bundle(key: SigningKey, objects: Sequence[object]) -> str:
    """Return the detached signature of an ordered list of objects: `header..signature`.

    Raises:
        SharingRefused: An object has no canonical form.
    """
    header = {"alg": ALGORITHM, "kid": key.keyid, "typ": TYPE}
    private = OKPKey.import_key(key.private)
    compact = jws.serialize_compact(header, canonical(list(objects)), private, [ALGORITHM])
    head, _, made = compact.split(".")
    return f"{head}..{made}"


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
    if len(parts) != 3 or parts[1] or not signature.isascii():
        raise _refused("malformed", "the bundle's signature is not detached")
    member, public = keys.signer(_key_named_in(parts[0]))
    payload, key = canonical(list(objects)), OKPKey.import_key(public)
    try:
        jws.deserialize_compact(signature, key, [ALGORITHM, READ_ONLY_ALGORITHM], payload=payload)
    except (JoseError, ValueError):
        raise _refused("forged", "the bundle's signature does not hold") from None
    return member


def _key_named_in(encoded: str) -> str:
    try:
        header = parse_strict(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (ValueError, SharingRefused):
        raise _refused("malformed", "the header of the bundle's signature cannot be read") from None
    if not isinstance(header, dict) or header.keys() != {"alg", "kid", "typ"}:
        raise _refused("header", "the bundle's signature has other parameters than it must")
    if header["typ"] != TYPE or header["alg"] not in (ALGORITHM, READ_ONLY_ALGORITHM):
        raise _refused("header", f"the bundle's signature is not {TYPE} with {ALGORITHM}")
    return str(header["kid"])


def _refused(code: str, message: str) -> SharingRefused:
    hint = "sign the bundle anew, over the objects exactly as they are posted"
    return SharingRefused(message, hint, f"sw.bundle.{code}")
