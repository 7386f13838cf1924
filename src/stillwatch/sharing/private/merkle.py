"""Hash trees over lists of entries, with proofs that an entry is one of them.

RFC 6962, section 2.1: a leaf is SHA-256(0x00, entry), a node SHA-256(0x01, left, right), and a list
splits at the largest power of two below its length.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

HASH_BYTES: Final = 32


def set_root(entries: Sequence[bytes]) -> bytes:
    """Return the root over a list of entries, 32 bytes; of none, the hash of nothing."""
    level = [leaf(entry) for entry in entries]
    if not level:
        return hashlib.sha256().digest()
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def path(entries: Sequence[bytes], index: int) -> list[bytes]:
    """Return the hashes that lead from an entry to the root, nearest first (RFC 6962, 2.1.1).

    Raises:
        IndexError: There is no such entry.
    """
    if not 0 <= index < len(entries):
        raise IndexError(index)
    level, hashes = [leaf(entry) for entry in entries], []
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            hashes.append(level[beside])
        level, index = _parents(level), index // 2
    return hashes


def root_from(entry: bytes, index: int, count: int, hashes: Sequence[bytes]) -> bytes | None:
    """Return the root that a path leads to; None if it has not the length of such a path.

    Args:
        entry: The entry whose place is claimed.
        index: Its place, from 0.
        count: How many entries the list has.
        hashes: The path, as `path` gives it.
    """
    if not 0 <= index < count:
        return None
    node, left = leaf(entry), list(hashes)
    while count > 1:
        beside = index ^ 1
        if beside < count:
            if not left:
                return None
            other = left.pop(0)
            node = _node(other, node) if index & 1 else _node(node, other)
        index, count = index // 2, (count + 1) // 2
    return None if left else node


def leaf(entry: bytes) -> bytes:
    """Return the hash of an entry, 32 bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _parents(level: Sequence[bytes]) -> list[bytes]:
    """Join neighbours; the last of an odd number moves up, which splits as RFC 6962 does."""
    paired = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return [*paired, level[-1]] if len(level) % 2 else paired
