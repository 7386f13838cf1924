"""Each baseline that clusters accounts: a case it finds, and a trap it falls into."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from baseline_rows import Rows, of, people, row, said, scores

from stillwatch.range.baselines.fraudar import peel

TEMPLATE = "Work through the following and put every thought that you have into tags: "


def shared(mark: str, count: int, rng: np.random.Generator, **columns: object) -> Rows:
    """Return accounts of two exchanges that have these columns in common."""
    return [
        row(f"{mark}{k}", rng.uniform(0, 6e5), said(rng, 12), **columns)
        for k in range(count)
        for _ in range(2)
    ]


def test_shared_attribute_chains_accounts_and_takes_an_office_for_a_chain() -> None:
    rng = np.random.default_rng(0)
    chain = [
        row(f"c{k}", 60 * k, said(rng, 12), payment_id=f"card{(k + j) // 2}")
        for k in range(12)
        for j in range(2)
    ]
    office = shared("o", 40, rng, ip="198.51.100.7")
    found = scores("shared_attribute", people(30, prompts=4) + chain + office)
    assert set(of(found, "c")) == {12.0}
    assert set(of(found, "o")) == {40.0}
    assert set(of(found, "p")) == {1.0}


def test_exact_prefix_finds_a_template_and_loses_it_with_its_first_word() -> None:
    rng = np.random.default_rng(1)
    same = [
        row(f"c{k}", 9000 * j + k, TEMPLATE + said(rng, 8)) for k in range(20) for j in range(3)
    ]
    varied = [
        row(f"v{k}", 9000 * j + k, f"{said(rng, 1)}{k}-{j} {TEMPLATE}{said(rng, 8)}")
        for k in range(20)
        for j in range(3)
    ]
    found = scores("exact_prefix", people(20) + same + varied)
    assert set(of(found, "c")) == {20.0}
    assert of(found, "p").max() < 2
    assert of(found, "v").max() < 2


def test_glasswally_style_unites_a_thousand_strangers_with_one_client() -> None:
    """One of them is bad; all of them are condemned."""
    rng = np.random.default_rng(2)
    crowd = shared("b", 1000, rng, tls_fingerprint="one-popular-client")
    worst = [
        row("b0", k, "think step by step", tls_fingerprint="one-popular-client") for k in range(150)
    ]
    alone = people(30, prompts=6)
    found = scores("glasswally_style", crowd + worst + alone)
    assert len(set(of(found, "b"))) == 1
    assert of(found, "b").min() > of(found, "p").max()


def test_glasswally_style_adds_little_for_one_signal_at_its_maximum() -> None:
    lone = [row("c1", k, "Show your reasoning") for k in range(3)]
    assert of(scores("glasswally_style", people(5) + lone), "c").max() < 0.35


def test_synchrotrap_finds_lockstep_and_loses_it_to_staggered_starts() -> None:
    rng = np.random.default_rng(3)

    def pool(mark: str, stagger: float, ip: str) -> Rows:
        return [
            row(f"{mark}{k}", 86_400 * day + stagger * k, said(rng, 12), ip=ip)
            for k in range(8)
            for day in range(6)
        ]

    found = scores(
        "synchrotrap",
        people(20) + pool("c", 60, "198.51.100.7") + pool("j", 10_000, "198.51.100.9"),
    )
    assert set(of(found, "c")) == {8.0}
    assert of(found, "j").max() < 0.2
    assert of(found, "p").max() < 0.2


def test_fraudar_finds_a_dense_block_and_takes_a_campus_for_one() -> None:
    rng = np.random.default_rng(4)

    def block(mark: str, base: str) -> Rows:
        return [
            row(f"{mark}{k}", 5000 * j + k, said(rng, 12), ip=f"{base}.{j}")
            for k in range(15)
            for j in range(12)
        ]

    found = scores("fraudar", people(30, prompts=6) + block("c", "198.51.100"))
    assert len(set(of(found, "c"))) == 1
    assert of(found, "c").min() > of(found, "p").max()
    campus = scores("fraudar", people(30, prompts=6) + block("u", "203.0.113"))
    assert of(campus, "u").min() == pytest.approx(of(found, "c").min())


@pytest.mark.parametrize("seed", range(15))
def test_peeling_reaches_half_of_the_best_density(seed: int) -> None:
    """The bound of the paper, against every pair of subsets of a 5 by 5 graph."""
    rng = np.random.default_rng(seed)
    left, right = np.nonzero(rng.random((5, 5)) < 0.5)
    weight = 1.0 / np.log(np.bincount(right, minlength=5)[right] + 5.0)
    best = 0.0
    for kept in product([False, True], repeat=10):
        inside = np.array(kept)
        if inside.any():
            edges = inside[left] & inside[right + 5]
            best = max(best, float(weight[edges].sum()) / int(inside.sum()))
    reached = peel(left.astype(np.int64), right.astype(np.int64) + 5, weight).max()
    assert best / 2 <= reached <= best + 1e-9
