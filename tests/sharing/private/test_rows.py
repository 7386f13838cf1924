"""Rows come back as they were, in 280 bytes; the index finds every row of a tag."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.ledger.tree import MemoryTree
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.records import SealedRecord
from stillwatch.sharing.private.rows import (
    ROW,
    ROW_BYTES,
    Row,
    RowFlag,
    TagIndex,
    read_rows,
    read_tags,
    tag_set,
)


def fixed(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


ROWS = st.builds(
    Row,
    st.integers(0, 2**64 - 1),
    st.builds(Epoch, st.sampled_from(IdType), st.integers(0, 65535)),
    st.integers(0, 65535),
    st.sampled_from([RowFlag(0), RowFlag.WITHDRAWN]),
    fixed(16),
    st.builds(SealedRecord, fixed(16), fixed(16), fixed(208)),
)
EPOCH = Epoch(IdType.EMAIL, 228)


def row(tag: bytes, seq: int = 0, epoch: Epoch = EPOCH) -> Row:
    record = SealedRecord(b"r" * 16, b"p" * 16, b"c" * 208)
    return Row(seq, epoch, 2950, RowFlag(0), tag, record)


@given(ROWS)
def test_a_row_comes_back(made: Row) -> None:
    data = made.encode()
    assert len(data) == ROW_BYTES == ROW.itemsize
    assert Row.decode(data) == made


def test_the_layout_is_the_published_one() -> None:
    data = row(b"t" * 16, seq=258).encode()
    assert data[:8] == bytes([0, 0, 0, 0, 0, 0, 1, 2])
    assert data[8:14] == bytes([1, 0, 228, 2950 // 256, 2950 % 256, 0])
    assert data[14:62] == b"t" * 16 + b"r" * 16 + b"p" * 16
    assert data[62:270] == b"c" * 208
    assert data[270:] == bytes(10)


@given(st.binary(max_size=3 * ROW_BYTES))
def test_no_bytes_end_in_another_error(data: bytes) -> None:
    for read in (Row.decode, read_rows, read_tags):
        try:
            read(data)
        except (InputError, SharingRefused):
            continue


def test_wrong_rows_are_refused() -> None:
    data = row(b"t" * 16).encode()
    for changed in (data[:-1], data[:-1] + b"\x01", data[:13] + b"\x02" + data[14:]):
        with pytest.raises(InputError):
            Row.decode(changed)
    with pytest.raises(SharingRefused):
        Row.decode(data[:8] + b"\x63" + data[9:])
    for wrong in (row(b"short"), row(b"t" * 16, seq=2**64)):
        with pytest.raises(InputError):
            wrong.encode()


def test_a_set_is_named_before_the_board_numbers_it() -> None:
    unnumbered = [row(bytes([i]) * 16) for i in range(5)]
    data, root = tag_set(unnumbered)
    assert tag_set([row(bytes([i]) * 16, seq=9 + i) for i in range(5)]) == (data, root)
    assert root == MemoryTree([one.encode() for one in unnumbered]).root()
    assert len(data) == 5 * ROW_BYTES


def test_small_and_mixed_sets_are_refused() -> None:
    with pytest.raises(SharingRefused) as caught:
        tag_set([row(bytes([i]) * 16) for i in range(4)])
    assert caught.value.code == "sw.threshold.tags"
    with pytest.raises(SharingRefused):
        tag_set([])
    tag_set([replace(row(bytes(16)), flags=RowFlag.WITHDRAWN)])  # a single one can be taken back
    mixed = [row(bytes([i]) * 16, epoch=Epoch(IdType.EMAIL, 228 + i % 2)) for i in range(6)]
    with pytest.raises(SharingRefused):
        tag_set(mixed)


FEW_TAGS = [bytes([i]) * 8 + bytes([j]) * 8 for i in range(3) for j in (0, 9)]


@given(st.lists(st.sampled_from(FEW_TAGS), max_size=30))
def test_the_index_finds_what_a_plain_search_finds(tags: list[bytes]) -> None:
    rows = read_rows(b"".join(row(tag, seq).encode() for seq, tag in enumerate(tags)))
    index = TagIndex(read_tags(rows["tag"].tobytes()))
    wanted = [bytes([i]) * 8 + bytes([j]) * 8 for i in range(4) for j in (0, 5, 9)]
    plain = [[at for at, tag in enumerate(tags) if tag == one] for one in wanted]
    assert index.find(wanted) == plain
    assert len(index) == len(tags)
    assert index.find([]) == []
