"""A forum on disk: its authority, its pseudonyms, the credentials that it issues."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import ConfigError
from stillwatch.sharing.wire.certificates import new_tls_key
from stillwatch.sharing.wire.credentials import Credentials
from stillwatch.sharing.wire.forum import ForumAuthority, Pseudonyms
from stillwatch.sharing.wire.register import Revocation

NOW = 1_800_000_000
ACME = "urn:stillwatch:member:acme"


@pytest.fixture
def forum(tmp_path):
    return ForumAuthority.create(tmp_path / "forum", "Trial forum", NOW)


def certificate(folder):
    return x509.load_pem_x509_certificate((folder / "tls.pem").read_bytes())


def test_what_a_member_is_issued(forum, tmp_path):
    made = forum.enrol(tmp_path / "acme", ACME, ["member", "witness"], "acme-1", NOW)
    issued = certificate(tmp_path / "acme")
    names = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.UniformResourceIdentifier(ACME)]
    assert issued.not_valid_after_utc - issued.not_valid_before_utc == timedelta(days=30)
    assert issued.not_valid_before_utc < datetime.fromtimestamp(NOW, UTC)
    issued.verify_directly_issued_by(forum.authority.certificate)
    assert forum.register.active(ACME).roles == ("member", "witness")
    member, public = forum.register.signer("acme-1")
    assert (member, public) == (ACME, made.key.private.public_key())
    assert Credentials.load(tmp_path / "acme").key.keyid == "acme-1"
    assert made.tls_public() != public


def test_private_files_are_for_their_owner_only(forum, tmp_path):
    forum.enrol(tmp_path / "acme", ACME, ["member"], "acme-1", NOW)
    private = [p for p in tmp_path.rglob("*") if p.suffix == ".key" or p.name == "members.json"]
    assert len(private) == 5
    assert {p.stat().st_mode & 0o777 for p in private} == {0o600}
    assert {p.parent.stat().st_mode & 0o777 for p in private} == {0o700}


def test_it_is_the_same_forum_after_a_restart(forum):
    again = ForumAuthority.load(forum.folder)
    assert again.authority.certificate == forum.authority.certificate
    assert again.pseudonyms.of(ACME, "c1") == forum.pseudonyms.of(ACME, "c1")


def test_nothing_is_overwritten(forum, tmp_path):
    with pytest.raises(ConfigError, match="already"):
        ForumAuthority.create(forum.folder, "Another", NOW)
    forum.enrol(tmp_path / "acme", ACME, ["member"], "acme-1", NOW)
    with pytest.raises(ConfigError, match="already"):
        forum.enrol(tmp_path / "acme", ACME, ["member"], "acme-1", NOW)
    other = Ed25519PrivateKey.generate().public_key()
    with pytest.raises(ConfigError, match="taken"):
        forum.admit(ACME, ["member"], new_tls_key().public_key(), ("acme-1", other), NOW)


def test_admitting_again_renews_and_adds_keys(forum, tmp_path):
    made = forum.enrol(tmp_path / "acme", ACME, ["member"], "acme-1", NOW)
    later = NOW + 20 * 86_400
    signing = ("acme-1", made.key.private.public_key())
    renewed = forum.admit(ACME, ["member"], made.tls_public(), signing, later)
    assert renewed.not_valid_after_utc > certificate(tmp_path / "acme").not_valid_after_utc
    second = Ed25519PrivateKey.generate().public_key()
    forum.admit(ACME, ["member"], made.tls_public(), ("acme-2", second), later)
    assert [key.keyid for key in forum.register.active(ACME).keys] == ["acme-1", "acme-2"]


def test_a_revoked_member_is_not_admitted_again(forum, tmp_path):
    made = forum.enrol(tmp_path / "acme", ACME, ["member"], "acme-1", NOW)
    forum.register.revoke(ACME, Revocation(NOW, NOW))
    signing = ("acme-1", made.key.private.public_key())
    with pytest.raises(ConfigError, match="revoked"):
        forum.admit(ACME, ["member"], made.tls_public(), signing, NOW)


def test_a_member_s_certificate_lives_thirty_days_at_most(forum):
    for days in (0, 31):
        with pytest.raises(ConfigError):
            forum.authority.client(ACME, new_tls_key().public_key(), NOW, days)


@pytest.mark.parametrize("name", ["authority.key", "authority.pem", "pseudonym.key"])
def test_a_damaged_forum_is_not_opened(forum, name):
    (forum.folder / name).write_bytes(b"damaged")
    with pytest.raises(ConfigError):
        ForumAuthority.load(forum.folder)
    (forum.folder / name).unlink()
    with pytest.raises(ConfigError):
        ForumAuthority.load(forum.folder)


@pytest.mark.parametrize("name", ["id", "signing.key", "tls.key", "tls.pem", "authority.pem"])
def test_damaged_credentials_are_named(forum, tmp_path, name):
    forum.enrol(tmp_path / "acme", ACME, ["member"], "acme-1", NOW)
    (tmp_path / "acme" / name).write_bytes(b"dam\xffaged")
    with pytest.raises(ConfigError):
        Credentials.load(tmp_path / "acme").client_context()


def test_the_pseudonym_of_the_design():
    """HMAC-SHA256 under the forum's key over member and campaign, cut to 16 bytes."""
    found = Pseudonyms(b"k" * 32).of("urn:a:b", "campaign--1")
    expected = hmac.new(b"k" * 32, b"\x00\x07urn:a:bcampaign--1", "sha256").digest()[:16]
    assert found == expected


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_one_pseudonym_a_member_and_campaign(one, two):
    pseudonyms = Pseudonyms(bytes(32))
    assert (pseudonyms.of(*one) == pseudonyms.of(*two)) == (one == two)
    assert pseudonyms.of("ab", "c") != pseudonyms.of("a", "bc")


def test_secrets_are_not_shown(forum, tmp_path):
    made = forum.enrol(tmp_path / "acme", ACME, ["member"], "acme-1", NOW)
    shown = repr(forum) + repr(made)
    for secret in (forum.pseudonyms.key, made.key.private.private_bytes_raw()):
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown
