"""Every way in which a signed request can be wrong, each with its code."""

from __future__ import annotations

import gc
import tracemalloc
from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.wire.register import Register, Revocation
from stillwatch.sharing.wire.requests import SignedRequests
from stillwatch.sharing.wire.signatures import sign_request

NOW = 1_800_000_000
URI = "https://board.example:8443/taxii2/api/collections/?limit=5"
BODY = b'{"objects":[]}'
TYPE = {"Content-Type": "application/taxii+json;version=2.1"}
ACME = "urn:stillwatch:member:acme"


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def verifier(register, clock):
    return SignedRequests(register, clock)


def request(key, body=BODY, now=NOW, method="POST", uri=URI):
    headers = dict(TYPE) if body else {}
    return headers | sign_request(key, method, uri, headers, body, now)


def refused(verifier, headers, body=BODY, method="POST", uri=URI):
    with pytest.raises(SharingRefused) as refusal:
        verifier.verify(method, uri, headers, body)
    return refusal.value.code.removeprefix("sw.signature.")


@pytest.mark.parametrize("body", [b"", BODY])
def test_the_member_that_signed_is_named(verifier, key, body):
    headers = request(key, body)
    assert verifier.verify("POST", URI, headers, body) == ACME
    shouted = {name.upper(): value for name, value in request(key, body).items()}
    assert verifier.verify("POST", URI, CIMultiDict(shouted), body) == ACME


def test_a_changed_message_is_refused(verifier, key):
    assert refused(verifier, request(key), method="PUT") == "forged"
    assert refused(verifier, request(key), uri=URI + "&limit=6") == "forged"
    assert refused(verifier, request(key), uri=URI.replace("board", "other")) == "forged"
    assert refused(verifier, request(key), body=BODY + b" ") == "digest"
    assert refused(verifier, request(key), body=b"") == "digest"
    other_type = request(key) | {"Content-Type": "text/plain"}
    assert refused(verifier, other_type) == "forged"
    other_digest = request(key)
    other_digest["Content-Digest"] = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
    assert refused(verifier, other_digest, b"") == "forged"


def test_a_body_cannot_be_slipped_under_a_signature_without(verifier, key):
    headers = request(key, b"") | TYPE
    assert refused(verifier, headers, BODY) == "components"
    stripped = request(key)
    del stripped["Content-Digest"]
    assert refused(verifier, stripped, BODY) == "components"
    assert refused(verifier, stripped, b"") == "components"


def test_a_replay_is_refused(verifier, key, clock):
    headers = request(key)
    verifier.verify("POST", URI, headers, BODY)
    assert refused(verifier, headers) == "replayed"
    clock.now = NOW + 299
    assert refused(verifier, headers) == "replayed"
    clock.now = NOW + 300
    assert refused(verifier, headers) == "expired"


def test_a_refused_request_uses_up_no_nonce(verifier, key):
    headers = request(key)
    assert refused(verifier, headers, body=b"other") == "digest"
    assert verifier.verify("POST", URI, headers, BODY) == ACME


def test_clocks_that_differ(verifier, key, clock):
    assert verifier.verify("POST", URI, request(key, now=NOW + 10), BODY)
    assert refused(verifier, request(key, now=NOW + 11)) == "future"
    clock.now = NOW + 1000
    assert verifier.verify("POST", URI, request(key, now=NOW + 701), BODY)
    assert refused(verifier, request(key, now=NOW + 700)) == "expired"


def test_after_a_restart_what_was_seen_before_is_refused(register, key, clock):
    headers = request(key)
    SignedRequests(register, clock).verify("POST", URI, headers, BODY)
    clock.now = NOW + 1
    again = SignedRequests(register, clock)
    assert refused(again, headers) == "restarted"
    assert again.verify("POST", URI, request(key, now=NOW + 1), BODY) == ACME


def test_an_unknown_or_revoked_key(verifier, register, key, other_key):
    stranger = type(key)("nobody-1", key.private)
    assert refused(verifier, request(stranger)) == "unknown_key"
    impostor = type(key)("bolt-1", key.private)
    assert refused(verifier, request(impostor)) == "forged"
    register.revoke(ACME, Revocation(NOW, NOW - 50), key.keyid)
    assert refused(verifier, request(key)) == "revoked"
    register.revoke("urn:stillwatch:member:bolt", Revocation(NOW, NOW))
    assert refused(verifier, request(other_key)) == "sw.member.revoked"


def altered(key, old, new):
    headers = request(key, b"")
    assert old in headers["Signature-Input"]
    headers["Signature-Input"] = headers["Signature-Input"].replace(old, new)
    return headers


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('tag="stillwatch-sharing"', 'tag="other"', "tag"),
        (';tag="stillwatch-sharing"', "", "parameters"),
        ('alg="ed25519"', 'alg="hmac-sha256"', "alg"),
        (';alg="ed25519"', "", "parameters"),
        (';keyid="acme-1"', "", "parameters"),
        (';keyid="acme-1"', ";keyid=1", "parameters"),
        ("created=", 'created="1";x=', "parameters"),
        (f";created={NOW}", f';created="{NOW}"', "parameters"),
        (f";created={NOW}", f";created={NOW};created={NOW}", "parameters"),
        (f"created={NOW}", f"created={NOW - 1}", "lifetime"),
        (f"expires={NOW + 300}", f"expires={NOW}", "lifetime"),
        (f"expires={NOW + 300}", f"expires={NOW + 299}", "forged"),
        (f"expires={NOW + 300}", f"expires={10**15}", "malformed"),
        ('nonce="', 'nonce="AAAA', "nonce"),
        ('nonce="', 'nonce="!', "malformed"),
        (' "@target-uri"', "", "components"),
        ('"@method"', '"@method" "@method"', "components"),
        ('"@target-uri"', '"@target-uri" "date"', "components"),
        ('"@target-uri"', '"@target-uri";req', "components"),
        ('"@method"', '"@authority"', "components"),
        ('keyid="acme-1"', f'keyid="{"k" * 2000}"', "malformed"),
        ("sw=", "other=", "malformed"),
        ("sw=", "", "malformed"),
        (";tag=", "; tag=", "malformed"),
        ("(", "((", "malformed"),
        ('"@method" ', '"@method"  ', "malformed"),
    ],
)
def test_other_parameters_and_components(verifier, key, old, new, code):
    assert refused(verifier, altered(key, old, new), b"") == code


def test_fields_that_are_missing_twice_or_cut(verifier, key):
    headers = request(key)
    for name in ("Signature", "Signature-Input"):
        assert refused(verifier, {k: v for k, v in headers.items() if k != name}) == "missing"
        assert refused(verifier, headers | {name: ""}) == "missing"
        assert refused(verifier, headers | {name.lower(): headers[name]}) == "duplicate"
        twice = CIMultiDict(headers)
        twice.add(name, headers[name])
        assert refused(verifier, twice) == "duplicate"
        listed = headers | {name: f"{headers[name]}, {headers[name]}"}
        assert refused(verifier, listed) == "malformed"
        assert refused(verifier, headers | {name: headers[name][:-1]}) in ("malformed", "forged")
        assert refused(verifier, headers | {name: "x" * 5000}) == "malformed"
    for cut in range(1, 88):
        shorter = headers["Signature"][: -1 - cut] + ":"
        code = refused(verifier, headers | {"Signature": shorter})
        assert code in ("malformed", "forged")
    twice = CIMultiDict(headers)
    twice.add("Content-Digest", headers["Content-Digest"])
    assert refused(verifier, twice) == "duplicate"


def test_one_changed_bit_of_a_signature_is_a_forgery(verifier, key):
    headers = request(key)
    data = b64decode(headers["Signature"][4:-1])
    for bit in range(0, 512, 13):
        bent = bytearray(data)
        bent[bit // 8] ^= 1 << bit % 8
        shown = headers | {"Signature": f"sw=:{b64encode(bent).decode()}:"}
        assert refused(verifier, shown) == "forged"
    assert verifier.verify("POST", URI, headers, BODY) == ACME


def test_memory_is_bounded_and_nothing_seen_is_forgotten(register, key, other_key, clock):
    verifier = SignedRequests(register, clock, nonces_per_key=50)
    first = request(key)
    verifier.verify("POST", URI, first, BODY)
    for _ in range(49):
        verifier.verify("POST", URI, request(key), BODY)
    assert refused(verifier, request(key)) == "busy"
    assert refused(verifier, first) == "replayed"
    assert verifier.verify("POST", URI, request(other_key), BODY)
    clock.now = NOW + 300
    assert verifier.verify("POST", URI, request(key, now=NOW + 300), BODY)
    assert refused(verifier, first) == "expired"


def test_unsigned_floods_leave_nothing_in_memory(verifier, key):
    forger = type(key)(key.keyid, Ed25519PrivateKey.generate())
    tracemalloc.start()
    refused(verifier, request(forger))
    before = tracemalloc.get_traced_memory()[0]
    for n in range(300):
        refused(verifier, request(forger))
        refused(verifier, request(type(key)(f"nobody-{n}", key.private)))
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 20_000


@given(headers=st.dictionaries(st.text(max_size=20), st.text(max_size=60)))
def test_any_headers_are_refused(headers, tmp_path_factory):
    verifier = SignedRequests(Register(tmp_path_factory.getbasetemp() / "none"), Clock())
    refused(verifier, headers)


def test_refusals_repeat_nothing_of_the_message(verifier, key):
    planted = "planted-secret"
    uri = f"https://board.example/{planted}"
    for headers, body in (
        (request(key, uri=uri), BODY),
        (request(key), planted.encode()),
        (request(key) | {"Signature": planted}, BODY),
        (request(type(key)(planted, key.private)), BODY),
    ):
        with pytest.raises(SharingRefused) as refusal:
            verifier.verify("POST", URI, headers, body)
        assert planted not in str(refusal.value)
        assert planted not in repr(refusal.value.__cause__)
