from __future__ import annotations

import ipaddress

import numpy as np

from stillwatch.range._network import (
    asn_of,
    gateways,
    hosted,
    hosting,
    offices,
    proxies,
    residential,
    roam,
    written,
)

RNG = np.random.default_rng


def test_addresses_are_valid_and_route_to_nobody() -> None:
    address = np.concatenate([residential(RNG(1), 500), hosting(RNG(2), 500)])
    parsed = [ipaddress.ip_address(text) for text in written(address).to_pylist()]
    assert not any(one.is_global for one in parsed)
    assert {one.version for one in parsed} == {4, 6}
    assert len(set(parsed)) == len(set(address.tolist()))


def test_gateways_and_offices_are_prefixes_of_their_own() -> None:
    gate, office = gateways(RNG(1), 300), offices(RNG(1), 300)
    assert len(set(gate.tolist()) | set(office.tolist())) == 600
    assert ((gate & 255) == 0).all()


def test_hosting_is_known_by_its_operator() -> None:
    assert hosted(asn_of(hosting(RNG(1), 200))).all()
    assert hosted(asn_of(proxies(RNG(1), 4, 3))).all()
    assert not hosted(asn_of(residential(RNG(1), 200))).any()
    assert hosted(asn_of(np.array([0x2D_00_00_01]))).all()


def test_roaming_stays_in_the_prefix_and_only_with_carriers() -> None:
    home, host = residential(RNG(1), 2_000), hosting(RNG(2), 2_000)
    moved = roam(RNG(3), home)
    assert ((moved ^ home) >> 8 == 0).all()
    assert 0.08 < (moved != home).mean() < 0.16
    assert (roam(RNG(3), host) == host).all()
