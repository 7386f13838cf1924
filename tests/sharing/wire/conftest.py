"""Keys that are the same in every run, and a register that holds them."""

from __future__ import annotations

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.sharing.wire.register import Member, MemberKey, Register
from stillwatch.sharing.wire.signatures import SigningKey

ACME = "urn:stillwatch:member:acme"
BOLT = "urn:stillwatch:member:bolt"


def signing_key(name):
    private = Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())
    return SigningKey(f"{name}-1", private)


@pytest.fixture
def key():
    return signing_key("acme")


@pytest.fixture
def other_key():
    return signing_key("bolt")


@pytest.fixture
def register(tmp_path):
    made = Register(tmp_path / "members.json")
    for member_id, name in ((ACME, "acme"), (BOLT, "bolt")):
        key = signing_key(name)
        public = key.private.public_key().public_bytes_raw()
        made.put(Member(member_id, ("member",), (MemberKey(key.keyid, public),)))
    return made
