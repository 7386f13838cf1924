"""One spelling an identifier: examples, rules that refuse, and properties over all types."""

from __future__ import annotations

import hashlib
from ipaddress import ip_network

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given
from hypothesis import strategies as st

from stillwatch.core.errors import InputError, SharingRefused, StillwatchError
from stillwatch.sharing.private.id_types import NEVER_SHARED, Epoch, IdType, end_of_week, week_of
from stillwatch.sharing.private.identifiers import Identifier, Normaliser

NORMALISER = Normaliser()
DEVICE = (
    Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    .public_key()
    .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
)
PAR = "V0010013018036776504784176467"
EXAMPLES: list[tuple[str, str | bytes, bytes]] = [
    ("email", " Ada.Byron+x@Example.ORG. ", b"ada.byron+x@example.org"),
    ("email", "j\u006f\u0308rg@b\u00fccher.example", "j\u00f6rg@xn--bcher-kva.example".encode()),
    ("email", '"a@b"@example.org', b'"a@b"@example.org'),
    ("email", "a@EXAMPLE\uff0eorg", b"a@example.org"),
    ("email-alias", "Ada.Byron+x@Example.org", b"ada.byron@example.org"),
    ("email-alias", "A.d.a+y@GoogleMail.com", b"ada@gmail.com"),
    ("phone", "+49 (30) 123-4567", b"+49301234567"),
    ("ip4", "8.8.4.4", bytes([8, 8, 4, 4])),
    ("ip6-64", "2606:4700:10:20:1:2:3:4", bytes.fromhex("2606470000100020")),
    ("pay-ref", f"par:{PAR}", f"par:{PAR}".encode()),
    ("pay-ref", "processor-x:tok_1aBcDeFgH", b"processor-x:tok_1aBcDeFgH"),
    ("device-key", DEVICE, hashlib.sha256(DEVICE).digest()),
    ("org-reg", "gb:Companies-House: 0123 4567", b"GB:COMPANIESHOUSE:01234567"),
    ("blob", b"sealed", hashlib.sha256(b"sealed").digest()),
    ("canary", b"\x01\x02", b"\x01\x02"),
    ("tmpl-band", bytes([17]) + bytes(56), bytes([17]) + bytes(56)),
]
MALFORMED: list[tuple[str, str | bytes]] = [
    ("email", "nobody"),
    ("email", "@example.org"),
    ("email", "a b@example.org"),
    ("email", "a@localhost"),
    ("email", "a@-x.org"),
    ("email", "a@" + "x" * 64 + ".org"),
    ("email", "a" * 600 + "@example.org"),
    ("email", b"a@example.org"),
    ("email-alias", "+tag@example.org"),
    ("email-alias", "...@gmail.com"),
    ("phone", "030 1234567"),
    ("phone", "0049301234567"),
    ("phone", "+1234567890123456"),
    ("phone", "+12"),
    ("phone", "+\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668"),
    ("ip4", "8.8.8"),
    ("ip4", "8.8.8.08"),
    ("ip4", "2606:4700::1"),
    ("ip6-64", "8.8.8.8"),
    ("ip6-64", "fe80::1%eth0"),
    ("pay-ref", "par:SHORT"),
    ("pay-ref", "no-scheme"),
    ("pay-ref", "x:with space inside"),
    ("device-key", b"no key"),
    ("device-key", DEVICE + b"\x00"),
    ("device-key", "zz"),
    ("org-reg", "GBR:X:1"),
    ("org-reg", "GB:X:--"),
    ("blob", b""),
    ("canary", b""),
    ("canary", bytes(513)),
    ("canary", "xyz"),
    ("tmpl-band", bytes([18]) + bytes(56)),
    ("tmpl-band", bytes(56)),
]


@pytest.mark.parametrize(("label", "given_value", "canonical"), EXAMPLES)
def test_examples(label: str, given_value: str | bytes, canonical: bytes) -> None:
    made = NORMALISER.identifier(label, given_value)
    assert made.value == canonical
    assert made.x == bytes([len(label)]) + label.encode() + canonical


def test_every_type_has_an_example() -> None:
    assert {label for label, _, _ in EXAMPLES} == {known.label for known in IdType}


@pytest.mark.parametrize(("label", "value"), MALFORMED)
def test_malformed_values_are_refused_and_not_repeated(label: str, value: str | bytes) -> None:
    with pytest.raises(InputError) as caught:
        NORMALISER.identifier(label, value)
    if len(value) > 4:
        assert str(value) not in str(caught.value)


@pytest.mark.parametrize("label", NEVER_SHARED)
def test_classes_never_shared_are_refused_by_name(label: str) -> None:
    with pytest.raises(SharingRefused, match=label) as caught:
        NORMALISER.identifier(label, "planted")
    assert caught.value.code == f"sw.banned.{label}"
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["x:4111111111111111", "par:4111 1111 1111 1111", "x:cus-5500-0000-0000-0004-a"]
)
def test_card_numbers_are_refused(value: str) -> None:
    with pytest.raises(SharingRefused) as caught:
        NORMALISER.identifier("pay-ref", value)
    assert caught.value.code == "sw.banned.card-number"


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("ip4", "10.1.2.3"),
        ("ip4", "100.64.0.1"),
        ("ip4", "127.0.0.1"),
        ("ip4", "224.0.0.5"),
        ("ip4", "192.0.2.1"),
        ("ip6-64", "::1"),
        ("ip6-64", "fc00::1"),
        ("ip6-64", "ff0e::1"),
        ("ip6-64", "::ffff:8.8.8.8"),
        ("ip6-64", "2002:808:808::1"),
        ("ip6-64", "2001:db8::1"),
    ],
)
def test_addresses_that_are_nobodys_are_refused(label: str, value: str) -> None:
    with pytest.raises(SharingRefused) as caught:
        NORMALISER.identifier(label, value)
    assert caught.value.code == "sw.id.not_public"


def test_shared_networks_are_refused() -> None:
    listed = Normaliser([ip_network("8.8.0.0/16"), ip_network("2606:4700::/32")])
    for label, value in (("ip4", "8.8.255.1"), ("ip6-64", "2606:4700:1::1")):
        with pytest.raises(SharingRefused) as caught:
            listed.identifier(label, value)
        assert caught.value.code == "sw.id.shared_network"
    assert listed.identifier("ip4", "8.9.0.1").value == bytes([8, 9, 0, 1])
    assert listed.identifier("ip6-64", "2606:4701::1").value == bytes.fromhex("2606470100000000")


def test_unknown_types_are_refused() -> None:
    with pytest.raises(SharingRefused):
        NORMALISER.identifier("shoe-size", "42")
    with pytest.raises(SharingRefused):
        IdType.coded(99)


TEXTS = st.one_of(
    st.text(max_size=60),
    st.emails(),
    st.ip_addresses().map(str),
    st.from_regex(r"\+[0-9 ]{5,18}", fullmatch=True),
    st.from_regex(r"[a-z]{2}:[\w-]{1,9}:[\w ]{1,9}", fullmatch=True),
    st.from_regex(r"[a-z]{1,8}:[!-~]{6,40}", fullmatch=True),
    st.builds("{}@{}.org".format, st.text(max_size=12), st.text(min_size=1, max_size=8)),
)


@given(st.sampled_from(IdType), st.one_of(TEXTS, st.binary(max_size=70)))
def test_normalising_twice_changes_nothing(id_type: IdType, value: str | bytes) -> None:
    try:
        once = NORMALISER.identifier(id_type.label, value)
    except StillwatchError:
        assume(False)
    assert 0 < len(once.value) <= 512
    assert NORMALISER.identifier(id_type.label, once.text) == once


@given(st.sampled_from(IdType), st.one_of(TEXTS, st.text(), st.binary()))
def test_no_value_ends_in_another_error(id_type: IdType, value: str | bytes) -> None:
    try:
        made = NORMALISER.identifier(id_type.label, value)
    except (InputError, SharingRefused):
        return
    assert made.id_type is id_type


PAIRS = st.tuples(st.sampled_from(IdType), st.binary(min_size=1, max_size=40))


@given(PAIRS, PAIRS)
def test_two_pairs_never_encode_alike(a: tuple[IdType, bytes], b: tuple[IdType, bytes]) -> None:
    left, right = Identifier(*a), Identifier(*b)
    assert (left.x == right.x) == (a == b)


@given(st.sampled_from(IdType), st.binary(min_size=1, max_size=40))
def test_the_encoding_reads_back(id_type: IdType, value: bytes) -> None:
    x = Identifier(id_type, value).x
    assert (x[1 : 1 + x[0]].decode(), x[1 + x[0] :]) == (id_type.label, value)


def test_a_value_never_shows_in_a_representation() -> None:
    made = NORMALISER.identifier("email", "planted@example.org")
    assert "planted" not in repr(made)


def test_epochs_follow_each_other() -> None:
    assert len({known.code for known in IdType}) == len(IdType)
    for known in IdType:
        moment = 1_772_409_600
        epoch = Epoch.at(known, moment)
        assert epoch.start <= moment < epoch.end
        assert Epoch.at(known, epoch.end) == Epoch(known, epoch.number + 1)
        assert Epoch.at(known, epoch.end - 1) == epoch
        assert epoch.destroyed_from - epoch.end == 86_400
    assert Epoch(IdType.IP4, 2930).info == b"stillwatch-sharing-v1\x03ip4\x042930"
    with pytest.raises(SharingRefused):
        Epoch(IdType.IP4, 2**16)


@given(st.integers(0, 4_000_000_000))
def test_weeks_are_iso_weeks(seconds: int) -> None:
    week = week_of(seconds)
    assert end_of_week(week) - 7 * 86_400 <= seconds < end_of_week(week)
    assert (end_of_week(week) // 86_400 + 3) % 7 == 0  # day 4 of 1970 was a Monday
