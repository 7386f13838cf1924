"""Detached signatures over lists of objects."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OKPKey

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.wire.bundles import sign_bundle, verify_bundle
from stillwatch.sharing.wire.register import Register, Revocation

OBJECTS = [{"type": "campaign", "b": 1, "a": "é"}, {"type": "indicator"}]
ACME = "urn:stillwatch:member:acme"
NOW = 1_800_000_000


def encoded(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signed_by_hand(key, header, payload):
    """RFC 7515, 5.1, written out: an independent signer."""
    head = encoded(json.dumps(header).encode())
    made = key.private.sign(f"{head}.{encoded(payload)}".encode())
    return f"{head}..{encoded(made)}"


def refused(objects, signature, register):
    with pytest.raises(SharingRefused) as refusal:
        verify_bundle(objects, signature, register)
    return refusal.value.code


def test_the_member_that_signed_is_named(key, register):
    signature = sign_bundle(key, OBJECTS)
    assert verify_bundle(OBJECTS, signature, register) == ACME
    reordered = [dict(reversed(obj.items())) for obj in OBJECTS]
    assert verify_bundle(reordered, signature, register) == ACME


def test_the_form_is_that_of_the_standard(key):
    """Detached, RFC 7515 appendix F: header and signature with nothing between."""
    head, middle, made = sign_bundle(key, OBJECTS).split(".")
    assert json.loads(decoded(head)) == {
        "alg": "Ed25519",
        "kid": "acme-1",
        "typ": "stillwatch-bundle",
    }
    assert middle == ""
    payload = '[{"a":"é","b":1,"type":"campaign"},{"type":"indicator"}]'.encode()
    key.private.public_key().verify(decoded(made), f"{head}.{encoded(payload)}".encode())


def test_an_independent_library_agrees(key, register):
    head, _, made = sign_bundle(key, OBJECTS).split(".")
    payload = '[{"a":"é","b":1,"type":"campaign"},{"type":"indicator"}]'.encode()
    public = OKPKey.import_key(key.private.public_key())
    read = jws.deserialize_compact(f"{head}..{made}", public, ["Ed25519"], payload=payload)
    assert read.payload == payload
    header = {"alg": "Ed25519", "kid": "acme-1", "typ": "stillwatch-bundle"}
    private = OKPKey.import_key(key.private)
    theirs = jws.detach_content(jws.serialize_compact(header, payload, private, ["Ed25519"]))
    assert verify_bundle(OBJECTS, theirs, register) == ACME


def test_a_bundle_may_be_large(key, register):
    objects = [{"type": "campaign", "n": n, "text": "x" * 1000} for n in range(1000)]
    assert verify_bundle(objects, sign_bundle(key, objects), register) == ACME


@pytest.mark.parametrize("alg", ["Ed25519", "EdDSA"])
def test_an_independent_signer_is_read(key, register, alg):
    header = {"typ": "stillwatch-bundle", "kid": "acme-1", "alg": alg}
    payload = '[{"a":"é","b":1,"type":"campaign"},{"type":"indicator"}]'.encode()
    signature = signed_by_hand(key, header, payload)
    assert verify_bundle(OBJECTS, signature, register) == ACME
    assert refused(OBJECTS[:1], signature, register) == "sw.bundle.forged"


def test_the_order_and_number_of_objects_count(key, register):
    signature = sign_bundle(key, OBJECTS)
    for other in (OBJECTS[::-1], OBJECTS[:1], [*OBJECTS, {}], [], [OBJECTS]):
        assert refused(other, signature, register) == "sw.bundle.forged"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"alg": "none"}, "header"),
        ({"alg": "HS256"}, "header"),
        ({"alg": "Ed448"}, "header"),
        ({"typ": "JWT"}, "header"),
        ({"crit": ["b64"], "b64": False}, "header"),
        ({"jwk": {}}, "header"),
        ({"kid": "bolt-1"}, "forged"),
    ],
)
def test_other_headers_are_refused(key, register, change, code):
    header = {"alg": "Ed25519", "kid": "acme-1", "typ": "stillwatch-bundle"} | change
    payload = b'[{"a":"\xc3\xa9","b":1,"type":"campaign"},{"type":"indicator"}]'
    signature = signed_by_hand(key, header, payload)
    assert refused(OBJECTS, signature, register) == f"sw.bundle.{code}"


def test_keys_of_members_only(key, register):
    stranger = type(key)("nobody-1", key.private)
    assert refused(OBJECTS, sign_bundle(stranger, OBJECTS), register) == (
        "sw.signature.unknown_key"
    )
    register.revoke(ACME, Revocation(NOW, NOW))
    assert refused(OBJECTS, sign_bundle(key, OBJECTS), register) == "sw.member.revoked"


def test_a_signature_of_another_curve_is_no_signature(key, register):
    header = {"alg": "EdDSA", "kid": "acme-1", "typ": "stillwatch-bundle"}
    other = type(key)("acme-1", Ed448PrivateKey.generate())
    payload = b'[{"a":"\xc3\xa9","b":1,"type":"campaign"},{"type":"indicator"}]'
    assert refused(OBJECTS, signed_by_hand(other, header, payload), register) == (
        "sw.bundle.forged"
    )


def test_what_is_no_detached_signature(key, register):
    head, _, made = sign_bundle(key, OBJECTS).split(".")
    for text in (
        "",
        "..",
        f"{head}.{made}",
        f"{head}.e30.{made}",
        f"{head}..{made}.",
        f"é..{made}",
        f"{encoded(b'[]')}..{made}",
        f"{encoded(b'no json')}..{made}",
        f"{head}..{'A' * 5000}",
    ):
        assert refused(OBJECTS, text, register) in ("sw.bundle.malformed", "sw.bundle.header")
    for text in (f"{head}..!{made}", f"{head}..{made}==", f"{head}=..{made}"):
        assert refused(OBJECTS, text, register) == "sw.bundle.malformed"
    for text in (f"{head}..", f"{head}..{made[:-3]}A"):
        assert refused(OBJECTS, text, register) == "sw.bundle.forged"


@given(text=st.text(alphabet="eyJ.hbGciOi\x00é=-_", max_size=60))
def test_any_text_is_refused(text, tmp_path_factory):
    refused(OBJECTS, text, Register(tmp_path_factory.getbasetemp() / "none"))
