"""A log with keys that are the same in every run."""

from __future__ import annotations

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.ledger.log import Log
from stillwatch.sharing.ledger.notes import NoteSigner

NOW = 1_800_000_000


def private_key(name):
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


@pytest.fixture(scope="session")
def keys():
    return private_key


@pytest.fixture(scope="session")
def signer():
    return NoteSigner("forum.example/log", private_key("log"))


@pytest.fixture
def log(tmp_path, signer):
    opened = Log(tmp_path / "log", signer, clock=lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def grown(log):
    """A function that appends events, publishes and returns the log."""

    def grow(count):
        first = log.size
        log.append_many(
            [(LeafKind.SHARE, bytes(16), {"number": n}) for n in range(first, first + count)]
        )
        log.publish(log.prepare())
        return log

    return grow
