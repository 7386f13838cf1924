"""The Merkle tree of a transparency log: roots, proofs and their verification.

Hashes are SHA-256, 32 bytes; a leaf is hashed after a zero byte, a node after a one byte. The
functions read perfect subtrees through `Nodes`, so that a tree may lie in memory or in tiles.

Source: RFC 6962, section 2.1; RFC 9162, sections 2.1.3 and 2.1.4 (verification).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final, Protocol

from stillwatch.core.errors import UnitError

EMPTY_ROOT: Final = sha256(b"").digest()


class Nodes(Protocol):
    """Where the hashes of perfect subtrees are read from."""

    def node(self, level: int, index: int) -> bytes:
        """Return the hash over the leaves `[index * 2^level, (index + 1) * 2^level)`."""
        ...


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf, 32 bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node, 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


class MemoryTree:
    """A tree whose every node is held in memory; an append costs two hashes on average."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaves:
            self.append(leaf)

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add a leaf, given as its data."""
        found, level = leaf_hash(leaf), 0
        while True:
            row = self._levels[level]
            row.append(found)
            if len(row) % 2:
                return
            found = node_hash(row[-2], row[-1])
            level += 1
            if level == len(self._levels):
                self._levels.append([])

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a perfect subtree; see `Nodes`."""
        return self._levels[level][index]

    def root(self) -> bytes:
        """Return the root over all leaves, 32 bytes."""
        return root(self, len(self))


def root(nodes: Nodes, size: int) -> bytes:
    """Return the root of the tree over the first `size` leaves, 32 bytes."""
    return _span(nodes, 0, size) if size else EMPTY_ROOT


def inclusion_proof(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """Return the audit path of a leaf, leaf end first (RFC 6962, 2.1.1).

    Raises:
        UnitError: The index is not below the size.
    """
    if not 0 <= index < size:
        raise UnitError(f"leaf {index:,} is not in a tree of {size:,} leaves")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_span(nodes, middle, end))
            end = middle
        else:
            path.append(_span(nodes, start, middle))
            start = middle
    path.reverse()
    return path


def consistency_proof(nodes: Nodes, old: int, new: int) -> list[bytes]:
    """Return the proof that one tree is a prefix of another (RFC 6962, 2.1.2).

    Args:
        nodes: The larger tree.
        old: Leaves of the smaller tree.
        new: Leaves of the larger tree.

    Raises:
        UnitError: `old` is larger than `new`, or negative.
    """
    if not 0 <= old <= new:
        raise UnitError(f"a tree of {old:,} leaves is no prefix of one of {new:,}")
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, end = 0, new
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_span(nodes, middle, end))
            end = middle
        else:
            path.append(_span(nodes, start, middle))
            start = middle
    if start:  # else the old root itself, which the verifier holds
        path.append(_span(nodes, start, end))
    path.reverse()
    return path


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes
) -> bool:
    """Say whether a proof shows that a leaf hash is in a tree (RFC 9162, 2.1.3.2).

    Args:
        leaf: Hash of the leaf, 32 bytes.
        index: Its place.
        size: Leaves in the tree.
        proof: Hashes, leaf end first.
        expected_root: Root of the tree, 32 bytes.
    """
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if place % 2 or place == last:
            found = node_hash(step, found)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and hmac.compare_digest(found, expected_root)


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Say whether a proof shows that one tree is a prefix of another (RFC 9162, 2.1.4.2).

    Args:
        old: Leaves of the smaller tree.
        new: Leaves of the larger tree.
        old_root: Root of the smaller tree, 32 bytes.
        new_root: Root of the larger tree, 32 bytes.
        proof: Hashes; empty where the sizes are equal or the smaller tree is empty.
    """
    if old in (0, new):
        same = old_root == (EMPTY_ROOT if old == 0 else new_root)
        return 0 <= old <= new and not proof and same
    if not 0 < old < new or not proof:
        return False
    steps = list(proof)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    place, last = old - 1, new - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    return _consistent(place, last, steps, old_root, new_root)


def _consistent(
    place: int, last: int, steps: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    smaller = larger = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place % 2 or place == last:
            smaller, larger = node_hash(step, smaller), node_hash(step, larger)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            larger = node_hash(larger, step)
        place, last = place >> 1, last >> 1
    same_old = hmac.compare_digest(smaller, old_root)
    return last == 0 and same_old and hmac.compare_digest(larger, new_root)


def _split(count: int) -> int:
    """Return the largest power of two below a count of at least two."""
    return 1 << ((count - 1).bit_length() - 1)


def _span(nodes: Nodes, start: int, end: int) -> bytes:
    """Return the hash over a span of leaves that starts where a subtree of its size may start."""
    count = end - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return nodes.node(level, start >> level)
    middle = start + _split(count)
    return node_hash(_span(nodes, start, middle), _span(nodes, middle, end))
