"""Leaves: their bytes, and what opens them."""

from __future__ import annotations

import hmac
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import InputError, UnitError
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.ledger.leaves import Leaf, Opening

OPENING = Opening(b"s" * 32, b'{"a":1}')


def test_the_bytes_of_the_design():
    entry = Leaf(LeafKind.PURGE, 500_000, bytes(range(16)), OPENING.commitment()).encode()
    assert entry == (
        b"\x01\x07"
        + (500_000).to_bytes(4, "big")
        + bytes(range(16))
        + hmac.new(b"s" * 32, b'{"a":1}', sha256).digest()
    )
    assert len(entry) == 54


@given(st.sampled_from(LeafKind), st.integers(0, 2**32 - 1), st.binary(min_size=16, max_size=16))
def test_a_leaf_is_read_as_it_was_written(kind, hour, pseudonym):
    leaf = Leaf(kind, hour, pseudonym, OPENING.commitment())
    assert Leaf.parse(leaf.encode()) == leaf


def test_it_is_opened_by_its_salt_and_event_only():
    leaf = Leaf(LeafKind.SHARE, 1, bytes(16), OPENING.commitment())
    assert leaf.opened_by(OPENING)
    for other in (
        Opening(OPENING.salt, b'{"a":2}'),
        Opening(bytes(32), OPENING.event),
        Opening(OPENING.salt + b"\0", OPENING.event),  # pads to the same HMAC key
        Opening(b"", b""),
    ):
        assert not leaf.opened_by(other)


def test_what_is_no_leaf():
    good = Leaf(LeafKind.SHARE, 1, bytes(16), OPENING.commitment()).encode()
    for entry in (b"", good[:-1], good + b"x", b"\x02" + good[1:], b"\x01\xff" + good[2:]):
        with pytest.raises(InputError):
            Leaf.parse(entry)
    with pytest.raises(UnitError, match="16 bytes"):
        Leaf(LeafKind.SHARE, 1, b"short", OPENING.commitment()).encode()
