"""Addresses of the composed world, as IPv4 integers inside 10.0.0.0/8, which routes to nobody.

The second octet is the network's operator: 0-95 carriers with many customers, 96-111 shared
gateways (universities, offices behind one address), 112-127 company offices, 128-159 hosting.
Every fifth carrier speaks IPv6 and is written inside the documentation prefix 2001:db8::/32.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.range._text import join
from stillwatch.range.contracts import FloatArray, IntArray

BASE: Final = 10 << 24
CARRIERS: Final = 96
HOSTS: Final = 32
FIRST_ASN: Final = 4_200_000_000
"""Start of the private-use AS numbers (RFC 6996)."""


def residential(rng: np.random.Generator, n: int) -> IntArray:
    """Draw customer addresses; big carriers are drawn more often, so some share a prefix."""
    carrier = (CARRIERS * rng.random(n) ** 2.0).astype(np.int64)
    prefix = (48 * rng.random(n) ** 1.2).astype(np.int64)
    return BASE | carrier << 16 | prefix << 8 | rng.integers(1, 255, n)


def gateways(rng: np.random.Generator, n: int) -> IntArray:
    """Draw n different prefixes of shared gateways; the last octet is free."""
    return _prefixes(rng, n, 96)


def offices(rng: np.random.Generator, n: int) -> IntArray:
    """Draw n different prefixes of company offices; the last octet is free."""
    return _prefixes(rng, n, 112)


def _prefixes(rng: np.random.Generator, n: int, operator: int) -> IntArray:
    chosen = rng.choice(16 * 256, n, replace=n > 16 * 256).astype(np.int64)
    return BASE + (operator << 16) + (chosen << 8)


def hosting(rng: np.random.Generator, n: int) -> IntArray:
    """Draw addresses at hosting companies: 32 of them, few prefixes each."""
    host = 128 + (HOSTS * rng.random(n) ** 1.5).astype(np.int64)
    prefix = (40 * rng.random(n) ** 1.3).astype(np.int64)
    return BASE | host << 16 | prefix << 8 | rng.integers(1, 255, n)


def proxies(rng: np.random.Generator, prefixes: int, each: int) -> IntArray:
    """Draw the addresses of a proxy service: a few prefixes of hosting companies."""
    base = hosting(rng, prefixes) & ~255
    return np.asarray(base[:, None] + rng.choice(np.arange(1, 255), (prefixes, each))).ravel()


def own(rng: np.random.Generator, first: IntArray, second: IntArray) -> IntArray:
    """Stack a usual and a second address for each account, with a third from a carrier."""
    return np.stack([first, second, residential(rng, len(first))], axis=1)


def pick(
    rng: np.random.Generator, table: IntArray, account: IntArray, weights: FloatArray | None = None
) -> IntArray:
    """Choose an address for each exchange among its account's addresses (rows of `table`)."""
    shares = np.array([0.78, 0.12, 0.10]) if weights is None else weights
    column = np.searchsorted(np.cumsum(shares)[:-1], rng.random(len(account)))
    return np.asarray(table[account, column], dtype=np.int64)


def roam(rng: np.random.Generator, address: IntArray) -> IntArray:
    """Let carriers hand out addresses anew: a tenth of exchanges, another host of the prefix."""
    carried = (address >> 16 & 255) < CARRIERS
    moves = carried & (rng.random(len(address)) < 0.12)
    return np.where(moves, (address & ~255) | rng.integers(1, 255, len(address)), address)


def asn_of(address: IntArray) -> IntArray:
    """Return the AS number of an address of the composed world."""
    ours = (address >> 24) == 10
    return np.where(ours, FIRST_ASN + ((address >> 16) & 255), FIRST_ASN + 1000 + (address >> 16))


def hosted(asn: IntArray) -> NDArray[np.bool_]:
    """Say which AS numbers belong to hosting companies or VPN services."""
    operator = asn - FIRST_ASN
    return np.asarray(((operator >= 128) & (operator < 128 + HOSTS)) | (operator >= 1000))


def written(address: IntArray) -> pa.Array:
    """Write addresses down: dotted IPv4, or IPv6 for the carriers that use it."""
    unique, where = np.unique(address, return_inverse=True)
    return _unique_written(unique).take(pa.array(where.astype(np.int64)))


def _unique_written(address: IntArray) -> pa.Array:
    decimal = pa.array([str(value) for value in range(256)])
    octets = [(address >> shift) & 255 for shift in (24, 16, 8, 0)]
    plain = join(*(decimal.take(pa.array(octet)) for octet in octets), gap=".")
    hexa = pa.array([f"{value:02x}" for value in range(256)])
    six = join(
        pa.scalar("2001:db8:"),
        hexa.take(pa.array(octets[1])),
        hexa.take(pa.array(octets[2])),
        pa.scalar("::"),
        hexa.take(pa.array(octets[3])),
    )
    modern: NDArray[np.bool_] = (octets[0] == 10) & (octets[1] < CARRIERS) & (octets[1] % 5 == 4)
    return pa.compute.if_else(pa.array(modern), six, plain)
