"""The register of members."""

from __future__ import annotations

import json

import pytest

from stillwatch.core.errors import ConfigError, ExternalError, InputError, SharingRefused
from stillwatch.sharing.wire.register import Member, MemberKey, Register, Revocation

ACME = "urn:stillwatch:member:acme"
BOLT = "urn:stillwatch:member:bolt"
NOW = 1_800_000_000


def code_of(call):
    with pytest.raises(SharingRefused) as refusal:
        call()
    return refusal.value.code


def test_it_is_read_as_it_was_written(register, tmp_path, key):
    again = Register(tmp_path / "members.json")
    assert again.members() == register.members()
    assert again.signer("acme-1")[0] == ACME
    assert again.signer("acme-1")[1] == key.private.public_key()
    assert again.active(BOLT).roles == ("member",)
    assert (tmp_path / "members.json").stat().st_mode & 0o777 == 0o600


def test_a_revocation_counts_from_the_next_request_on(register, tmp_path):
    """Another process, such as the operator's command line, writes the file."""
    server = Register(tmp_path / "members.json")
    assert server.signer("acme-1")
    register.revoke(ACME, Revocation(NOW, NOW - 7200), "acme-1")
    assert code_of(lambda: server.signer("acme-1")) == "sw.signature.revoked"
    assert server.active(ACME).keys[0].revoked == Revocation(NOW, NOW - 7200)
    register.revoke(BOLT, Revocation(NOW, NOW))
    assert code_of(lambda: server.active(BOLT)) == "sw.member.revoked"
    assert code_of(lambda: server.signer("bolt-1")) == "sw.member.revoked"


def test_a_second_key_outlives_the_first(register, other_key):
    public = other_key.private.public_key().public_bytes_raw()
    held = register.active(ACME).keys
    register.put(Member(ACME, ("member",), (*held, MemberKey("acme-2", public))))
    register.revoke(ACME, Revocation(NOW, NOW), "acme-1")
    assert register.signer("acme-2")[0] == ACME
    assert code_of(lambda: register.signer("acme-1")) == "sw.signature.revoked"


def test_who_is_not_in_it(register):
    assert code_of(lambda: register.active("urn:nobody:x")) == "sw.member.unknown"
    assert code_of(lambda: register.signer("nobody-1")) == "sw.signature.unknown_key"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"members": 1}',
        '{"members": [1]}',
        '{"members": [{"id": "urn:a:b"}]}',
        '{"members": [{"id": "no uri", "roles": [], "keys": [], "revoked": null}]}',
        '{"members": [{"id": "urn:a:b", "roles": [], "keys": {}, "revoked": null}]}',
        '{"members": [{"id": "urn:a:b", "roles": "member", "keys": [], "revoked": null}]}',
        '{"members": [{"id": "urn:a:b", "roles": [], "keys": [], "revoked": 1}]}',
        '{"members": [{"id": "urn:a:b", "roles": [], "revoked": null, "keys":'
        ' [{"keyid": "k", "public": "AAAA", "revoked": null}]}]}',
        '{"members": [], "members": []}',
    ],
)
def test_a_damaged_register_lets_nobody_in(register, tmp_path, content):
    assert register.signer("acme-1")
    (tmp_path / "members.json").write_text(content)
    with pytest.raises(InputError, match="damaged"):
        register.signer("acme-1")


def test_a_register_without_a_file_is_empty(tmp_path):
    assert code_of(lambda: Register(tmp_path / "none").active(ACME)) == "sw.member.unknown"


def test_names_that_cannot_be_used(register):
    key = MemberKey("acme-1", bytes(32))
    for member in (
        Member("no uri", ()),
        Member("urn:a:" + "b" * 300, ()),
        Member("urn:stillwatch:member:new", (), (key,)),
        Member("urn:stillwatch:member:new", (), (MemberKey('k" x', bytes(32)),)),
    ):
        before = register.members()
        with pytest.raises(ConfigError):
            register.put(member)
        assert register.members() == before
    for name, keyid in (("urn:none:x", None), (ACME, "none")):
        with pytest.raises(ConfigError):
            register.revoke(name, Revocation(NOW, NOW), keyid)


def test_a_full_disk_keeps_the_old_register(register, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ExternalError):
        register.put(Member("urn:stillwatch:member:new", ()))
    monkeypatch.undo()
    assert set(register.members().by_id) == {ACME, BOLT}


def test_the_file_is_for_people_too(register, tmp_path):
    rows = json.loads((tmp_path / "members.json").read_text())["members"]
    assert [row["id"] for row in rows] == [ACME, BOLT]
    assert set(rows[0]) == {"id", "roles", "keys", "revoked"}
