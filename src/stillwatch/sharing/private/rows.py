"""Rows of the tag store: 280 bytes each, in the order of `seq`.

seq u64, type u8, epoch u16, expiry week u16, flags u8, tag 16, id 16, pseudonym 16, ciphertext 208,
10 zeros; numbers are big-endian. A set of rows is named by the root of a hash tree over them, with
`seq` zero: the contributor names the set before the board numbers it. An index row has 20 bytes:
the tag, then the row's place among the rows of its epoch, u32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntFlag
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.merkle import set_root
from stillwatch.sharing.private.records import (
    PSEUDONYM_BYTES,
    RID_BYTES,
    SEALED_BYTES,
    TAG_BYTES,
    SealedRecord,
)

ROW_BYTES: Final = 280
INDEX_BYTES: Final = 20
LEAST_ROWS: Final = 5
"""A set of fewer tags is not published: it would say too much of too few."""

ROW: Final = np.dtype(
    [
        ("seq", ">u8"),
        ("type", "u1"),
        ("epoch", ">u2"),
        ("expiry_week", ">u2"),
        ("flags", "u1"),
        ("tag", f"V{TAG_BYTES}"),
        ("rid", f"V{RID_BYTES}"),
        ("pseudonym", f"V{PSEUDONYM_BYTES}"),
        ("ciphertext", f"V{SEALED_BYTES}"),
        ("pad", "V10"),
    ]
)
INDEX: Final = np.dtype([("tag", f"V{TAG_BYTES}"), ("place", ">u4")])

Rows = NDArray[np.void]


class RowFlag(IntFlag):
    """Bits of a row's flags."""

    WITHDRAWN = 1
    """The row takes back the earlier one of the same id and pseudonym."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        seq: Number that the board gives it; a contributor sends 0.
        epoch: Type and epoch of the tag.
        expiry_week: Last week in which it counts, as `week_of` counts.
        flags: See `RowFlag`.
        tag: 16 bytes.
        record: The sealed record.
    """

    seq: int
    epoch: Epoch
    expiry_week: int
    flags: RowFlag
    tag: bytes
    record: SealedRecord

    def encode(self) -> bytes:
        """Return the row's 280 bytes.

        Raises:
            InputError: A field does not fit.
        """
        record = self.record
        parts = (self.tag, record.rid, record.pseudonym, record.ciphertext)
        if tuple(map(len, parts)) != (TAG_BYTES, RID_BYTES, PSEUDONYM_BYTES, SEALED_BYTES):
            raise InputError("a row has fields of fixed length")
        try:
            head = b"".join(
                number.to_bytes(size, "big")
                for number, size in (
                    (self.seq, 8),
                    (self.epoch.id_type.code, 1),
                    (self.epoch.number, 2),
                    (self.expiry_week, 2),
                    (int(self.flags), 1),
                )
            )
        except OverflowError:
            raise InputError("a number of a row is out of range") from None
        return (head + b"".join(parts)).ljust(ROW_BYTES, b"\x00")

    @classmethod
    def decode(cls, data: bytes) -> Row:
        """Read one row.

        Raises:
            InputError: It is none.
            SharingRefused: Nobody knows its type.
        """
        if len(data) != ROW_BYTES:
            raise InputError(f"a row has {ROW_BYTES} bytes")
        row = read_rows(data)[0]
        record = SealedRecord(
            row["rid"].tobytes(), row["pseudonym"].tobytes(), row["ciphertext"].tobytes()
        )
        epoch = Epoch(IdType.coded(int(row["type"])), int(row["epoch"]))
        return cls(
            *(int(row["seq"]), epoch, int(row["expiry_week"]), RowFlag(int(row["flags"]))),
            *(row["tag"].tobytes(), record),
        )


def read_rows(data: bytes | memoryview) -> Rows:
    """View joined rows as a table of type `ROW`, without copying.

    Raises:
        InputError: The length is no multiple of a row's, or a row has a flag that nobody knows or
            padding that is not zero.
    """
    if len(data) % ROW_BYTES:
        raise InputError(f"rows have {ROW_BYTES} bytes each")
    rows: Rows = np.frombuffer(data, dtype=ROW)
    raw = np.frombuffer(data, dtype=np.uint8).reshape(-1, ROW_BYTES)
    if (rows["flags"] & ~np.uint8(RowFlag.WITHDRAWN)).any() or raw[:, -10:].any():
        raise InputError("a row has flags or padding of another version")
    return rows


def tag_set(rows: Sequence[Row]) -> tuple[bytes, bytes]:
    """Return the joined rows of a set, all with `seq` zero, and the set's root.

    Raises:
        SharingRefused: There are too few rows, or they are of several epochs.
    """
    if len(rows) < LEAST_ROWS:
        raise SharingRefused(
            f"a set of fewer than {LEAST_ROWS} tags says too much of too few",
            "wait until the campaign has more",
            "sw.threshold.tags",
        )
    if len({row.epoch for row in rows}) != 1:
        raise SharingRefused("a set is of one type and one epoch", code="sw.id.epoch")
    encoded = [replace(row, seq=0).encode() for row in rows]
    return b"".join(encoded), set_root(encoded)


def index_rows(rows: Rows, first_place: int = 0) -> Rows:
    """Return the index rows of rows that stand at consecutive places of their epoch."""
    index = np.empty(len(rows), dtype=INDEX)
    index["tag"] = rows["tag"]
    index["place"] = np.arange(first_place, first_place + len(rows))
    return index


def read_index(data: bytes | memoryview) -> Rows:
    """View joined index rows as a table of type `INDEX`, without copying.

    Raises:
        InputError: The length is no multiple of an index row's.
    """
    if len(data) % INDEX_BYTES:
        raise InputError(f"index rows have {INDEX_BYTES} bytes each")
    return np.frombuffer(data, dtype=INDEX)


class TagIndex:
    """Finds tags among many: 10^7 take about 0.4 GB.

    Args:
        index: Of type `INDEX`.
    """

    def __init__(self, index: Rows) -> None:
        tags = np.ascontiguousarray(index["tag"])
        keys = tags.view(np.uint8).reshape(len(tags), TAG_BYTES)[:, :8].copy().view(">u8")
        order = np.argsort(keys.ravel().astype(np.uint64), kind="stable")
        self._keys = keys.ravel().astype(np.uint64)[order]
        self._tags = tags[order]
        self._places = index["place"].astype(np.uint32)[order]

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, tags: list[bytes]) -> list[list[int]]:
        """Return for each tag the places of its rows, in ascending order; most have none."""
        if not tags:
            return []
        wanted = np.frombuffer(b"".join(tag[:8] for tag in tags), dtype=">u8").astype(np.uint64)
        left = np.searchsorted(self._keys, wanted, side="left").tolist()
        right = np.searchsorted(self._keys, wanted, side="right").tolist()
        return [
            sorted(
                int(self._places[at]) for at in range(low, high) if self._tags[at].tobytes() == tag
            )
            for tag, low, high in zip(tags, left, right, strict=True)
        ]
