"""The Merkle tree: the reference vectors, its definition, and a second implementation."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from stillwatch.core.errors import UnitError
from stillwatch.sharing.ledger.tree import (
    EMPTY_ROOT,
    MemoryTree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

# The eight leaves of the Certificate Transparency reference tests, their roots and some proofs.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
OF_LEAF_5_IN_8 = [
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]
FROM_6_TO_8 = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]
FROM_2_TO_5 = [
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
]


def by_definition(leaves):
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    split = max(2**k for k in range(20) if 2**k < len(leaves))
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


def made(size):
    return [b"leaf %d" % index for index in range(size)]


def test_reference_vectors():
    tree = MemoryTree(LEAVES)
    assert [root(tree, size) for size in range(1, 9)] == ROOTS
    assert MemoryTree().root() == EMPTY_ROOT == sha256(b"").digest()
    assert [h.hex() for h in inclusion_proof(tree, 5, 8)] == OF_LEAF_5_IN_8
    assert [h.hex() for h in consistency_proof(tree, 6, 8)] == FROM_6_TO_8
    assert [h.hex() for h in consistency_proof(tree, 2, 5)] == FROM_2_TO_5


@given(st.integers(0, 130))
def test_every_root_is_its_definition(size):
    assert MemoryTree(made(size)).root() == by_definition(made(size))


@given(st.data())
def test_proofs_hold_and_their_neighbours_do_not(data):
    size = data.draw(st.integers(1, 200))
    tree = MemoryTree(made(size))
    index = data.draw(st.integers(0, size - 1))
    leaf, proof = leaf_hash(b"leaf %d" % index), inclusion_proof(tree, index, size)
    assert verify_inclusion(leaf, index, size, proof, tree.root())
    assert not verify_inclusion(leaf_hash(b"other"), index, size, proof, tree.root())
    assert not verify_inclusion(leaf, index, size, [*proof, leaf], tree.root())
    assert not verify_inclusion(leaf, size, size, proof, tree.root())
    if size > 1:
        assert not verify_inclusion(leaf, (index + 1) % size, size, proof, tree.root())
        assert not verify_inclusion(leaf, index, size, proof[:-1], tree.root())
    at = data.draw(st.integers(0, max(0, len(proof) * 256 - 1)))
    if proof:
        bent = list(proof)
        bent[at // 256] = flipped(bent[at // 256], at % 256)
        assert not verify_inclusion(leaf, index, size, bent, tree.root())


def flipped(value, bit):
    return (int.from_bytes(value, "big") ^ (1 << bit)).to_bytes(len(value), "big")


@given(st.data())
def test_consistency_holds_for_prefixes_only(data):
    new = data.draw(st.integers(1, 200))
    old = data.draw(st.integers(0, new))
    tree = MemoryTree(made(new))
    proof, roots = consistency_proof(tree, old, new), (root(tree, old), tree.root())
    assert verify_consistency(old, new, *roots, proof)
    forked = MemoryTree([*made(new)[:-1], b"another"])
    if 0 < old < new:
        assert not verify_consistency(old, new, flipped(roots[0], 3), roots[1], proof)
        assert not verify_consistency(old, new, roots[0], forked.root(), proof)
        assert not verify_consistency(old, new, *roots, proof[:-1])
        assert not verify_consistency(old, new, *roots, [*proof, proof[0]])
    if old == new:
        assert not verify_consistency(old, new, roots[0], forked.root(), [])
        assert not verify_consistency(old, new, *roots, [roots[0]])
    assert not verify_consistency(new + 1, new, *roots, proof)


def test_a_rewritten_past_has_no_proof():
    honest, forked = MemoryTree(made(40)), MemoryTree([*made(10), b"rewritten", *made(60)[11:]])
    proof = consistency_proof(forked, 40, 60)
    assert not verify_consistency(40, 60, honest.root(), forked.root(), proof)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 64, 100, 255, 256, 257, 300])
def test_a_second_implementation_agrees(size):
    ours, theirs = MemoryTree(made(size)), InmemoryTree.init_from_entries(made(size))
    assert ours.root() == theirs.get_state()
    for index in range(0, size, 1 + size // 20):
        path = theirs.prove_inclusion(index + 1).path
        assert path == [leaf_hash(made(size)[index]), *inclusion_proof(ours, index, size)]
    for old, new in pairwise([1, *range(2, size, 1 + size // 9), size]):
        assert theirs.get_state(old) == root(ours, old)
        theirs_new = InmemoryTree.init_from_entries(made(new))
        assert root(ours, new) == theirs_new.get_state()


def test_what_is_not_in_the_tree_has_no_proof():
    tree = MemoryTree(made(3))
    for call in (
        lambda: inclusion_proof(tree, 3, 3),
        lambda: inclusion_proof(tree, -1, 3),
        lambda: consistency_proof(tree, 3, 2),
    ):
        with pytest.raises(UnitError):
            call()
