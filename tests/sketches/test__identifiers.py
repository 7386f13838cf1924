"""Identifiers become tokens: equal when the identifiers are, and networks of the right width."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.sketches._build import sketch

from stillwatch.core.keyed import PUBLIC_KEY, token
from stillwatch.sketches import _identifiers
from stillwatch.sketches._identifiers import _WITH_PORT, _canonical, _parsed, address_tokens

KEY = b"a key of this test"


def address(*texts: str | None) -> list[tuple[int | None, int | None]]:
    found = _identifiers.address_tokens(pa.array(texts, pa.string()), KEY)
    return list(zip(*(column.to_pylist() for column in found), strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "203.0.113.9",
        " 203.0.113.9\n",
        "::ffff:203.0.113.9",
        "::ffff:cb00:7109",
        "203.0.113.9:51234",
        "[::ffff:203.0.113.9]:443",
    ],
)
def test_one_ipv4_address_has_one_token_however_written(text: str) -> None:
    assert address(text) == address("203.0.113.9")


@pytest.mark.parametrize(
    "text",
    [
        "2001:db8::1",
        "2001:0DB8:0000:0000:0000:0000:0000:0001",
        "2001:db8::1%eth0",
        "[2001:db8::1]",
        "[2001:db8::1]:8443",
    ],
)
def test_one_ipv6_address_has_one_token_however_written(text: str) -> None:
    assert address(text) == address("2001:db8::1")


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("203.0.113.0", "203.0.113.255", True),
        ("203.0.113.255", "203.0.114.0", False),
        ("2001:db8:1::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:ffff::", "2001:db8:2::", False),
        ("203.0.113.1", "2001:db8::1", False),
    ],
)
def test_a_network_is_24_bits_of_ipv4_and_48_of_ipv6(one: str, other: str, together: bool) -> None:
    (ip, prefix), (other_ip, other_prefix) = address(one, other)
    assert ip != other_ip
    assert (prefix == other_prefix) is together


@pytest.mark.parametrize(
    "text",
    [
        "unknown",
        "-",
        "999.1.1.1",
        "1.2.3",
        "203.0.113.9, 198.51.100.1",
        "10.0.0.1/8",
        "::1::",
        "١.٢.٣.٤",
    ],
)
def test_what_is_no_address_keeps_a_token_and_has_no_network(text: str) -> None:
    ((ip, prefix),) = address(text)
    assert ip == token(text, KEY, "ip")
    assert prefix is None


def test_null_stays_null_and_order_is_kept() -> None:
    one, nothing, again = address("198.51.100.7", None, "198.51.100.7")
    assert nothing == (None, None)
    assert one == again


@pytest.mark.parametrize("text", ["Mail.Example", "mail.example.", " MAIL.EXAMPLE "])
def test_domains_are_one_whatever_their_case(text: str) -> None:
    written = sketch(email_domain=text)["email_domain_key"]
    assert written == sketch(email_domain="mail.example")["email_domain_key"]
    assert written != sketch(email_domain="mail2.example")["email_domain_key"]


def test_what_is_not_a_domain_keeps_its_case() -> None:
    for column in ("payment_id", "user_agent", "tls_fingerprint", "account_id"):
        target = {
            "payment_id": "payment_key",
            "user_agent": "user_agent_key",
            "tls_fingerprint": "tls_key",
            "account_id": "account_key",
        }[column]
        assert sketch(**{column: "abc"})[target] != sketch(**{column: "ABC"})[target]


def test_equal_values_in_different_columns_have_different_tokens() -> None:
    names = ("payment_id", "user_agent", "tls_fingerprint", "credential_id", "end_user_id", "ip")
    row = sketch(**dict.fromkeys(names, "same"), account_id="same", email_domain="same")
    keys = [v for name, v in row.items() if name.endswith("_key") and v is not None]
    keys.remove(row["party_key"])  # without an organisation the account is the party
    assert len(set(keys)) == len(keys)


def test_the_party_is_the_organisation_where_there_is_one() -> None:
    alone, member = sketch(account_id="a"), sketch(account_id="a", organization_id="o")
    assert alone["party_key"] == alone["account_key"] == member["account_key"]
    assert member["party_key"] == sketch(account_id="b", organization_id="o")["party_key"]
    assert member["party_key"] != sketch(account_id="o")["party_key"]


def test_another_key_gives_other_tokens_throughout() -> None:
    said = '[{"role":"user","content":"' + "word " * 40 + '"}]'
    columns = {"ip": "203.0.113.9", "payment_id": "p", "blob_ids": ["b"], "messages": said}
    one, other = sketch(PUBLIC_KEY, **columns), sketch(b"another key of 16+", **columns)
    for name, value in one.items():
        if value and (name.endswith(("_key", "_keys")) or name in ("fingerprints", "bands")):
            assert value != other[name], name


def test_lists_of_ids() -> None:
    column = pa.array([["a", "b"], None, [], ["b"]], pa.list_(pa.string()))
    for start in range(4):
        found = _identifiers.list_tokens(column.slice(start), KEY, "blob").to_pylist()
        b = token("b", KEY, "blob")
        assert found == [[token("a", KEY, "blob"), b], None, [], [b]][start:]


@given(st.lists(st.none() | st.text(max_size=20), max_size=8))
def test_any_text_has_the_token_of_its_bytes(texts: list[str | None]) -> None:
    texts = [t if t is None else t.encode("utf-8", "ignore").decode() for t in texts]
    found = _identifiers.tokens(pa.array(texts, pa.string()), KEY, "x").to_pylist()
    assert found == [None if t is None else token(t, KEY, "x") for t in texts]
    _identifiers.address_tokens(pa.array(texts, pa.string()), KEY)


@settings(deadline=None)
@given(st.ip_addresses())
def test_the_quick_reading_agrees_with_the_slow_one(address: object) -> None:
    assert _canonical(str(address).encode()) == _parsed(str(address))


@given(st.text(alphabet="0123456789abcdef.:%/ ", max_size=20))
def test_so_it_does_on_what_only_looks_like_an_address(text: str) -> None:
    assume(not _WITH_PORT.fullmatch(text.strip()))
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
