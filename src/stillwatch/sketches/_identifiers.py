"""Identifiers become keyed tokens: equal when the identifiers are equal, nothing more."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Final

import pyarrow as pa

from stillwatch.sketches._blake2 import hashed
from stillwatch.sketches._messages import buffers

_WITH_PORT: Final = re.compile(r"\[([^\[\]]+)\](?::[0-9]+)?|([0-9.]+):[0-9]+")


def tokens(column: pa.Array, key: bytes, purpose: str) -> pa.Array:
    """Return the token of every value of a string column; null stays null."""
    encoded = column.cast(pa.binary()).dictionary_encode()
    return _hashed(encoded.dictionary, key, purpose).take(encoded.indices)


def domain_tokens(column: pa.Array, key: bytes, purpose: str) -> pa.Array:
    """Return the token of every domain name, whose case and last dot mean nothing."""
    encoded = column.cast(pa.binary()).dictionary_encode()
    names = [value.strip().lower().rstrip(b".") for value in encoded.dictionary.to_pylist()]
    return _hashed(pa.array(names, pa.binary()), key, purpose).take(encoded.indices)


def address_tokens(column: pa.Array, key: bytes) -> tuple[pa.Array, pa.Array]:
    """Return the tokens of IP addresses and of their networks, /24 of IPv4 and /48 of IPv6.

    A port behind the address is left out. What does not parse keeps a token of its text and has
    no network.
    """
    encoded = column.cast(pa.binary()).dictionary_encode()
    read = [_canonical(value) for value in encoded.dictionary.to_pylist()]
    addresses = pa.array([address for address, _ in read], type=pa.binary())
    networks = pa.array([network for _, network in read], type=pa.binary()).dictionary_encode()
    prefixes = _hashed(networks.dictionary, key, "prefix").take(networks.indices)
    return _hashed(addresses, key, "ip").take(encoded.indices), prefixes.take(encoded.indices)


def list_tokens(column: pa.ListArray, key: bytes, purpose: str) -> pa.ListArray:
    """Return the tokens of a column of lists of strings; null lists stay null."""
    offsets = column.offsets
    values = tokens(column.values, key, purpose)
    rebuilt = pa.ListArray.from_arrays(offsets.cast(pa.int32()), values)
    if column.null_count:
        nothing = pa.scalar(None, type=rebuilt.type)
        return pa.compute.if_else(column.is_valid(), rebuilt, nothing)
    return rebuilt


def _hashed(values: pa.BinaryArray, key: bytes, purpose: str) -> pa.Array:
    return pa.array(hashed(*buffers(values), key, purpose))


def _canonical(raw: bytes) -> tuple[bytes, bytes | None]:
    """Return the canonical text of an address, and its network."""
    try:
        text = raw.decode().strip()
        bare = _WITH_PORT.fullmatch(text)
        text = (bare[1] or bare[2] if bare else text).partition("%")[0]
        return _usual(text) or _parsed(text)
    except ValueError:
        return raw, None


def _usual(text: str) -> tuple[bytes, bytes] | None:
    """Read an address of one family in its usual form, ten times as fast as any other."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        packed = socket.inet_pton(family, text)
    except OSError:
        return None
    written = socket.inet_ntop(family, packed)
    if family == socket.AF_INET:
        network = f"{written.rpartition('.')[0]}.0/24"
        return (written.encode(), network.encode()) if written == text else None
    if "." in written:
        return None
    return written.encode(), f"{socket.inet_ntop(family, packed[:6] + bytes(10))}/48".encode()


def _parsed(text: str) -> tuple[bytes, bytes]:
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = 24 if address.version == 4 else 48
    network = ipaddress.ip_network((address, bits), strict=False)
    return str(address).encode(), str(network).encode()
