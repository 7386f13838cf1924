"""Identifiers become keyed tokens: equal when the identifiers are equal, nothing more."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Final

import pyarrow as pa

from stillwatch.core.keyed import token

_WITH_PORT: Final = re.compile(r"\[([^\[\]]+)\](?::[0-9]+)?|([0-9.]+):[0-9]+")


def tokens(column: pa.Array, key: bytes, purpose: str) -> pa.Array:
    """Return the token of every value of a string column; null stays null."""
    return _distinct(column, lambda value: token(value, key, purpose))


def domain_tokens(column: pa.Array, key: bytes, purpose: str) -> pa.Array:
    """Return the token of every domain name, whose case and last dot mean nothing."""
    return _distinct(column, lambda value: token(value.strip().lower().rstrip(b"."), key, purpose))


def address_tokens(column: pa.Array, key: bytes) -> tuple[pa.Array, pa.Array]:
    """Return the tokens of IP addresses and of their networks, /24 of IPv4 and /48 of IPv6.

    A port behind the address is left out. What does not parse keeps a token of its text and has
    no network.
    """
    return (
        _distinct(column, lambda value: token(_canonical(value)[0], key, "ip")),
        _distinct(column, lambda value: _network_token(value, key)),
    )


def list_tokens(column: pa.ListArray, key: bytes, purpose: str) -> pa.ListArray:
    """Return the tokens of a column of lists of strings; null lists stay null."""
    offsets = column.offsets
    values = tokens(column.values, key, purpose)
    rebuilt = pa.ListArray.from_arrays(offsets.cast(pa.int32()), values)
    if column.null_count:
        nothing = pa.scalar(None, type=rebuilt.type)
        return pa.compute.if_else(column.is_valid(), rebuilt, nothing)
    return rebuilt


def _distinct(column: pa.Array, function: Callable[[bytes], int | None]) -> pa.Array:
    encoded = column.cast(pa.binary()).dictionary_encode()
    hashed = [function(value) for value in encoded.dictionary.to_pylist()]
    return pa.array(hashed, type=pa.int64()).take(encoded.indices)


def _canonical(raw: bytes) -> tuple[str | bytes, str | None]:
    """Return the canonical text of an address, and its network."""
    try:
        text = raw.decode().strip()
        bare = _WITH_PORT.fullmatch(text)
        address = ipaddress.ip_address((bare[1] or bare[2] if bare else text).partition("%")[0])
    except ValueError:
        return raw, None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = 24 if address.version == 4 else 48
    return str(address), str(ipaddress.ip_network((address, bits), strict=False))


def _network_token(raw: bytes, key: bytes) -> int | None:
    network = _canonical(raw)[1]
    return None if network is None else token(network, key, "prefix")
