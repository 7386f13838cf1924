"""Roots as other projects publish and compute them; paths that hold, and none that should not."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from stillwatch.sharing.private import merkle

# The eight entries that implementations of RFC 6962 test with, and the root of the first n.
ENTRIES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                 "606162636465666768696a6b6c6d6e6f")
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LISTS = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


@pytest.mark.parametrize("count", range(1, 9))
def test_published_roots(count: int) -> None:
    assert merkle.set_root(ENTRIES[:count]).hex() == ROOTS[count - 1]


def test_the_root_of_nothing() -> None:
    assert merkle.set_root([]) == hashlib.sha256(b"").digest()


@given(LISTS)
def test_another_implementation_agrees(entries: list[bytes]) -> None:
    tree = InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)
    assert merkle.set_root(entries) == tree.get_state()


@given(LISTS, st.data())
def test_paths_lead_to_the_root_from_their_place_only(entries: list[bytes], data: object) -> None:
    index = data.draw(st.integers(0, len(entries) - 1))  # type: ignore[attr-defined]
    root, hashes = merkle.set_root(entries), merkle.path(entries, index)
    count = len(entries)
    assert merkle.root_from(entries[index], index, count, hashes) == root
    assert merkle.root_from(entries[index] + b"!", index, count, hashes) != root
    assert merkle.root_from(entries[index], index, count, [*hashes, root]) is None
    assert merkle.root_from(entries[index], count, count, hashes) is None
    if hashes:
        assert merkle.root_from(entries[index], index, count, hashes[:-1]) is None
        changed = [*hashes[:-1], bytes(32)]
        assert merkle.root_from(entries[index], index, count, changed) != root


def test_there_is_no_path_from_nowhere() -> None:
    with pytest.raises(IndexError):
        merkle.path(ENTRIES, 8)
