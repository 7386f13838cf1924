"""Signatures over HTTP messages: published vectors, an independent library, signed answers."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
)
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.wire.signatures import (
    Signed,
    check_digest,
    content_digest,
    fields_of,
    read_signature,
    request_lines,
    sign_request,
    sign_response,
    signature_base,
    verify,
    verify_response,
)

NOW = 1_800_000_000
URI = "https://board.example:8443/taxii2/?limit=1&next=a%20b"
BODY = b'{"objects":[]}'
TYPE = {"Content-Type": "application/taxii+json;version=2.1"}

# RFC 9421, B.1.4: test-key-ed25519.
PRIVATE = b64decode("MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF")
PUBLIC = b64decode("MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")

# RFC 9421, B.2.6: signing a request using ed25519.
B26_LINES = [
    ('"date"', "Tue, 20 Apr 2021 02:07:55 GMT"),
    ('"@method"', "POST"),
    ('"@path"', "/foo"),
    ('"@authority"', "example.com"),
    ('"content-type"', "application/json"),
    ('"content-length"', "18"),
]
B26_PARAMS = (
    '("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"'
)
B26_SIGNATURE = b64decode(
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
)


def test_the_published_ed25519_signature():
    public, private = load_der_public_key(PUBLIC), load_der_private_key(PRIVATE, None)
    assert private.public_key() == public
    assert private.sign(signature_base(B26_LINES, B26_PARAMS)) == B26_SIGNATURE
    signed = Signed((), B26_PARAMS, 0, 0, b"", "", B26_SIGNATURE)
    verify(public, signed, B26_LINES)
    with pytest.raises(SharingRefused):
        verify(public, signed, B26_LINES[1:])


@pytest.mark.parametrize(
    ("body", "digest"),
    [
        # RFC 9530, appendix B.1 and RFC 9421, B.2
        (b'{"hello": "world"}\n', "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"),
        (b'{"hello": "world"}', "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"),
        (b"", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"),
    ],
)
def test_published_digests(body, digest):
    assert content_digest(body) == digest
    check_digest({"content-digest": digest}, body)
    for bad in (body + b"x", b"other"):
        with pytest.raises(SharingRefused) as refusal:
            check_digest({"content-digest": digest}, bad)
        assert refusal.value.code == "sw.signature.digest"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "sha-256=::",
        "sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
        "sha-512=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:, md5=:AAAA:",
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE:",
    ],
)
def test_another_form_of_digest_is_refused(value):
    with pytest.raises(SharingRefused):
        check_digest({"content-digest": value}, b'{"hello": "world"}')


@dataclass
class Message:
    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Answer:
    status_code: int
    headers: dict[str, str]
    request: Message = field(default=None)


@dataclass
class Resolver(HTTPSignatureKeyResolver):
    private: object

    def resolve_public_key(self, key_id):
        return self.private.public_key()

    def resolve_private_key(self, key_id):
        return self.private


@pytest.mark.parametrize("body", [b"", BODY])
def test_an_independent_library_verifies_what_we_sign(key, body):
    """It reads the wall clock, so the message is signed at that time."""
    now = int(datetime.now(UTC).timestamp())
    headers = dict(TYPE) | sign_request(key, "POST", URI, TYPE, body, now)
    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.ED25519, key_resolver=Resolver(key.private)
    )
    (result,) = verifier.verify(
        Message("POST", URI, headers), expect_tag="stillwatch-sharing", body=body
    )
    assert result.parameters["keyid"] == key.keyid
    answer = sign_response(key, 202, BODY, headers, now)
    message = Answer(202, answer, Message("POST", URI, headers))
    assert verifier.verify(message, expect_tag="stillwatch-sharing")


def test_we_verify_what_an_independent_library_signs(key):
    """Its order of parameters is another one than ours."""
    message = Message("POST", URI, TYPE | {"Content-Digest": content_digest(BODY)}, BODY)
    signer = HTTPMessageSigner(
        signature_algorithm=algorithms.ED25519, key_resolver=Resolver(key.private)
    )
    created = datetime.fromtimestamp(NOW, UTC)
    signer.sign(
        message,
        key_id=key.keyid,
        created=created,
        expires=created + timedelta(seconds=60),
        nonce="AAAAAAAAAAAAAAAAAAAAAA==",
        tag="stillwatch-sharing",
        label="other",
        use_existing_digest=True,
        covered_component_ids=("content-digest", "@target-uri", "@method", "content-type"),
    )
    fields = fields_of(message.headers)
    signed = read_signature(fields)
    assert (signed.created, signed.expires, signed.nonce) == (NOW, NOW + 60, bytes(16))
    lines = request_lines(signed, "POST", URI, fields, BODY)
    verify(key.private.public_key(), signed, lines)


def answered(key, request_headers, status=200, body=BODY):
    return sign_response(key, status, body, request_headers, NOW)


@pytest.mark.parametrize("body", [b"", BODY])
def test_an_answer_belongs_to_its_request(key, other_key, body):
    asked = sign_request(other_key, "GET", URI, {}, b"", NOW)
    again = sign_request(other_key, "GET", URI, {}, b"", NOW)
    answer = answered(key, asked, body=body)
    public = key.private.public_key()
    verify_response(public, key.keyid, 200, answer, body, asked)
    cases = [
        ("forged", (public, key.keyid, 404, answer, body, asked)),
        ("forged", (public, key.keyid, 200, answer, body, again)),
        ("digest", (public, key.keyid, 200, answer, body + b" ", asked)),
        ("unknown_key", (public, "another", 200, answer, body, asked)),
        ("forged", (other_key.private.public_key(), key.keyid, 200, answer, body, asked)),
        ("missing", (public, key.keyid, 200, {}, body, asked)),
        ("missing", (public, key.keyid, 200, answer, body, {})),
        ("parameters", (public, key.keyid, 200, asked, body, asked)),
    ]
    for code, arguments in cases:
        with pytest.raises(SharingRefused) as refusal:
            verify_response(*arguments)
        assert refusal.value.code == f"sw.signature.{code}"


def test_an_answer_that_covers_less_is_refused(key):
    asked = sign_request(key, "GET", URI, {}, b"", NOW)
    answer = answered(key, asked)
    answer["Signature-Input"] = answer["Signature-Input"].replace(' "signature";req', "")
    with pytest.raises(SharingRefused) as refusal:
        verify_response(key.private.public_key(), key.keyid, 200, answer, BODY, asked)
    assert refusal.value.code == "sw.signature.components"


def test_a_body_needs_a_type(key):
    with pytest.raises(SharingRefused) as refusal:
        sign_request(key, "POST", URI, {}, BODY, NOW)
    assert refusal.value.code == "sw.signature.components"


@given(st.text(max_size=80), st.text(max_size=40))
def test_any_two_fields_are_read_or_refused(given_input, given_signature):
    fields = {"signature-input": given_input, "signature": given_signature}
    with pytest.raises(SharingRefused):
        read_signature(fields)


GOOD = (
    'sw=("@method" "@target-uri");created=1;expires=2;nonce="AAAAAAAAAAAAAAAAAAAAAA=="'
    ';keyid="k";alg="ed25519";tag="stillwatch-sharing"'
)


@given(st.data())
def test_a_changed_field_is_never_read_as_the_same(data):
    """Whatever is read back from a changed field is what enters the signature base."""
    at = data.draw(st.integers(0, len(GOOD) - 1))
    changed = GOOD[:at] + data.draw(st.text(max_size=2)) + GOOD[at + 1 :]
    try:
        signed = read_signature({"signature-input": changed, "signature": "sw=:AAAA:"})
    except SharingRefused:
        return
    assert changed.endswith(signed.params)
