"""Signed requests and responses between members and the forum's servers.

One fixed profile: Ed25519; a request covers method, whole URI and, with a body, its type and
digest; a response covers status, digest and the signature of the request it answers. Anything else
is refused, so the parser is a handful of rules. A general library accepts every component of the
standard, reads the wall clock, and has one error for a dozen faults that a member must tell apart.

Source: RFC 9421 (HTTP Message Signatures), RFC 9530 (Content-Digest).
"""

from __future__ import annotations

import binascii
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from stillwatch.core.errors import SharingRefused

ALGORITHM: Final = "ed25519"
TAG: Final = "stillwatch-sharing"
LIFETIME_SECONDS: Final = 300
NONCE_BYTES: Final = 16

REQUEST: Final = ('"@method"', '"@target-uri"')
BODY: Final = ('"content-type"', '"content-digest"')
RESPONSE: Final = ('"@status"', '"content-digest"', '"signature";req')

_LABEL: Final = "sw"
_MAX_HEADER: Final = 2048
_INPUT: Final = re.compile(
    r"(?P<label>[a-z*][a-z0-9_.*-]*)="
    r"(?P<params>\((?P<components>[^()]*)\)"
    r'(?P<parameters>(?:;[a-z]+=(?:[0-9]{1,15}|"[ !#-\[\]-~]*"))*))'
)
_COMPONENT: Final = re.compile(r'"[@a-z-]+"(?:;req)?')
_PARAMETER: Final = re.compile(r';([a-z]+)=([0-9]+|"[^"]*")')
_SIGNATURE: Final = re.compile(r"(?P<label>[a-z*][a-z0-9_.*-]*)=:(?P<value>[A-Za-z0-9+/=]*):")
_DIGEST: Final = re.compile(r"sha-256=:(?P<value>[A-Za-z0-9+/=]*):")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private request-signing key.

    Attributes:
        keyid: The name under which the register holds its public half.
        private: The key itself, apart from the one of the TLS certificate.
    """

    keyid: str
    private: Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature and its parameters, as read from two header fields; nothing is verified yet.

    Attributes:
        components: The identifiers of what is covered, in order.
        params: Components and parameters, as they enter the signature base.
        created: Unix seconds.
        expires: Unix seconds; 0 for a response.
        nonce: 16 bytes; empty for a response.
        keyid: Name of the key.
        signature: 64 bytes.
    """

    components: tuple[str, ...]
    params: str
    created: int
    expires: int
    nonce: bytes
    keyid: str
    signature: bytes


def content_digest(body: bytes) -> str:
    """Return the `Content-Digest` of a body (RFC 9530, section 2)."""
    return f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"


def signature_base(lines: Iterable[tuple[str, str]], params: str) -> bytes:
    """Return the bytes that are signed (RFC 9421, section 2.5).

    Args:
        lines: Component identifiers, serialised, and their values, in the order of the parameters.
        params: The inner list of identifiers with the signature's parameters.
    """
    covered = [f"{name}: {value}" for name, value in lines]
    return "\n".join([*covered, f'"@signature-params": {params}']).encode()


def sign_request(
    key: SigningKey, method: str, target_uri: str, headers: Mapping[str, str], body: bytes, now: int
) -> dict[str, str]:
    """Return the header fields to add to a request.

    Args:
        key: The member's request-signing key.
        method: HTTP method, upper case.
        target_uri: The whole URI.
        headers: Header fields; with a body they must hold `content-type`.
        body: As it will be sent.
        now: Unix seconds.

    Raises:
        SharingRefused: There is a body without a type.
    """
    fields = fields_of(headers)
    added = {}
    if body:
        added["Content-Digest"] = fields["content-digest"] = content_digest(body)
    components = REQUEST + (BODY if body else ())
    parameters = (
        f";created={now};expires={now + LIFETIME_SECONDS}"
        f';nonce="{b64encode(secrets.token_bytes(NONCE_BYTES)).decode()}"'
    )
    values = {'"@method"': method, '"@target-uri"': target_uri}
    return added | _sign(key, components, parameters, _covered(components, values, fields))


def sign_response(
    key: SigningKey, status: int, body: bytes, request_headers: Mapping[str, str], now: int
) -> dict[str, str]:
    """Return the header fields to add to a response.

    Args:
        key: The server's signing key.
        status: HTTP status.
        body: As it will be sent; may be empty.
        request_headers: Those of the request that is answered.
        now: Unix seconds.

    Raises:
        SharingRefused: The request has no signature.
    """
    digest = content_digest(body)
    values = _response_values(status, digest, request_headers)
    signed = _sign(key, RESPONSE, f";created={now}", _covered(RESPONSE, values, {}))
    return {"Content-Digest": digest} | signed


def verify_response(
    public: Ed25519PublicKey,
    keyid: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    request_headers: Mapping[str, str],
) -> None:
    """Check that a response is the server's answer to this very request.

    Args:
        public: The server's key.
        keyid: Its name.
        status: HTTP status.
        headers: Those of the response.
        body: As received.
        request_headers: Those that were sent.

    Raises:
        SharingRefused: It is not; the codes are those of `requests.SignedRequests`.
    """
    fields = fields_of(headers)
    signed = read_signature(fields, response=True)
    if signed.keyid != keyid:
        raise refused("unknown_key", "the response is signed with another key than the server's")
    if signed.components != RESPONSE:
        raise refused("components", "the response's signature covers other parts than it must")
    values = _response_values(status, fields.get("content-digest", ""), request_headers)
    verify(public, signed, _covered(RESPONSE, values, {}))
    check_digest(fields, body)


def _response_values(status: int, digest: str, request: Mapping[str, str]) -> dict[str, str]:
    signature = fields_of(request).get("signature")
    if signature is None:
        raise refused("missing", "the request has no signature that an answer could cover")
    values = (str(status), digest, signature)
    return dict(zip(RESPONSE, values, strict=True))


def request_lines(
    signed: Signed, method: str, target_uri: str, fields: Mapping[str, str], body: bytes
) -> list[tuple[str, str]]:
    """Return what a request's signature must cover, in the signature's own order.

    Raises:
        SharingRefused: It covers other components (`sw.signature.components`).
    """
    with_body = bool(body) or "content-digest" in fields
    if sorted(signed.components) != sorted(REQUEST + (BODY if with_body else ())):
        raise refused("components", "the signature covers other parts of the request than it must")
    values = {'"@method"': method, '"@target-uri"': target_uri}
    return _covered(signed.components, values, fields)


def check_digest(fields: Mapping[str, str], body: bytes) -> None:
    """Recompute the digest over the body as received.

    Raises:
        SharingRefused: It is missing, unreadable or another (`sw.signature.digest`).
    """
    found = _DIGEST.fullmatch(fields.get("content-digest", ""))
    value = _decoded(found["value"]) if found else b""
    if not hmac.compare_digest(value, sha256(body).digest()):
        raise refused("digest", "the body is not what its digest says")


def verify(public: Ed25519PublicKey, signed: Signed, lines: Sequence[tuple[str, str]]) -> None:
    """Check a signature.

    Raises:
        SharingRefused: It does not hold (`sw.signature.forged`).
    """
    try:
        public.verify(signed.signature, signature_base(lines, signed.params))
    except InvalidSignature:
        raise refused("forged", "the signature does not hold for this message") from None


def read_signature(fields: Mapping[str, str], response: bool = False) -> Signed:
    """Read the two signature fields, of this profile only.

    Args:
        fields: Header fields by lower-case name, from `fields_of`.
        response: Whether they are those of a response, which has neither nonce nor expiry.

    Raises:
        SharingRefused: They are `missing`, `malformed`, of another `alg` or `tag`, or lack a
            parameter or have one too many (`parameters`).
    """
    given, value = fields.get("signature-input"), fields.get("signature")
    if not given or not value:
        raise refused("missing", "the message is not signed")
    if max(len(given), len(value)) > _MAX_HEADER:
        raise _malformed()
    found, signature = _INPUT.fullmatch(given), _SIGNATURE.fullmatch(value)
    if not found or not signature or found["label"] != signature["label"]:
        raise _malformed()
    components = tuple(found["components"].split(" "))
    if not all(map(_COMPONENT.fullmatch, components)):
        raise _malformed()
    parameters = _parameters(found["parameters"], response)
    return Signed(
        components=components,
        params=found["params"],
        created=int(parameters["created"]),
        expires=int(parameters.get("expires", "0")),
        nonce=_decoded(parameters.get("nonce", '""')[1:-1]),
        keyid=parameters["keyid"][1:-1],
        signature=_decoded(signature["value"]),
    )


def _parameters(text: str, response: bool) -> dict[str, str]:
    pairs = _PARAMETER.findall(text)
    found = dict(pairs)
    numbers = {"created"} if response else {"created", "expires"}
    words = {"keyid", "alg", "tag"} if response else {"keyid", "alg", "tag", "nonce"}
    if (
        len(found) != len(pairs)
        or found.keys() != numbers | words
        or numbers != {name for name, value in pairs if value.isdigit()}
    ):
        raise refused("parameters", "the signature has other parameters than it must")
    if found["alg"] != f'"{ALGORITHM}"':
        raise refused("alg", f"the signature's algorithm is not {ALGORITHM}")
    if found["tag"] != f'"{TAG}"':
        raise refused("tag", f"the signature's tag is not {TAG}")
    return found


def fields_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Return header fields by lower-case name.

    Raises:
        SharingRefused: A field that a signature is about comes twice (`sw.signature.duplicate`).
    """
    found: dict[str, str] = {}
    once = {"signature", "signature-input", "content-digest", "content-type"}
    for name, value in headers.items():
        lower = name.lower()
        if lower in found and lower in once:
            raise refused("duplicate", f"the message has two {lower} fields")
        found[lower] = value.strip(" \t")
    return found


def refused(code: str, message: str) -> SharingRefused:
    """Return a refusal of a signature, by the last part of its code."""
    hint = "sign the message anew with the clock set right"
    return SharingRefused(message, hint, f"sw.signature.{code}")


def _covered(
    components: Sequence[str], derived: Mapping[str, str], fields: Mapping[str, str]
) -> list[tuple[str, str]]:
    lines = []
    for name in components:
        value = derived.get(name, fields.get(name.strip('"')))
        if value is None or not value.isascii() or not value.isprintable():
            raise refused("components", f"the message has no usable {name} to sign")
        lines.append((name, value))
    return lines


def _sign(
    key: SigningKey, components: Sequence[str], parameters: str, lines: Sequence[tuple[str, str]]
) -> dict[str, str]:
    params = (
        f'({" ".join(components)}){parameters};keyid="{key.keyid}";alg="{ALGORITHM}";tag="{TAG}"'
    )
    made = b64encode(key.private.sign(signature_base(lines, params))).decode()
    return {"Signature-Input": f"{_LABEL}={params}", "Signature": f"{_LABEL}=:{made}:"}


def _decoded(text: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if b64encode(data).decode() != text:
        raise _malformed()
    return data


def _malformed() -> SharingRefused:
    return refused("malformed", "the message's signature fields cannot be read")
