"""Tokens of addresses: the quick reading must agree with `ipaddress` on every text."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.core.keyed import token
from stillwatch.sketches._identifiers import _canonical, _parsed, address_tokens, list_tokens

KEY = b"a key"


@settings(deadline=None)
@given(st.ip_addresses())
def test_the_quick_reading_agrees_with_the_slow_one(address: object) -> None:
    assert _canonical(str(address).encode()) == _parsed(str(address))


@given(st.text(alphabet="0123456789abcdef.:%/ ", max_size=20))
def test_so_it_does_on_what_only_looks_like_an_address(text: str) -> None:
    try:
        expected: tuple[bytes, bytes | None] = _parsed(text.strip().partition("%")[0])
    except ValueError:
        expected = text.encode(), None
    assert _canonical(text.encode()) == expected


@pytest.mark.parametrize(
    ("written", "address", "network"),
    [
        ("203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        (" 2001:DB8:0:0::1%eth0 ", "2001:db8::1", "2001:db8::/48"),
        ("::ffff:203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("::ffff:cb00:7109", "203.0.113.9", "203.0.113.0/24"),
        ("::1.2.3.4", "::102:304", "::/48"),
        ("01.2.3.4", "01.2.3.4", None),
        ("nonsense", "nonsense", None),
        ("", "", None),
    ],
)
def test_written_forms(written: str, address: str, network: str | None) -> None:
    found, prefix = address_tokens(pa.array([written, None]), KEY)
    assert found.to_pylist() == [token(address, KEY, "ip"), None]
    expected = None if network is None else token(network, KEY, "prefix")
    assert prefix.to_pylist() == [expected, None]


def test_lists() -> None:
    column = pa.array([["a", "b"], None, [], ["a"]], pa.list_(pa.string()))
    a, b = token("a", KEY, "blob"), token("b", KEY, "blob")
    assert list_tokens(column, KEY, "blob").to_pylist() == [[a, b], None, [], [a]]
