"""Rows of the tag store: 280 bytes each, in the order of `seq`.

seq u64, type u8, epoch u16, expiry week u16, flags u8, tag 16, id 16, pseudonym 16, ciphertext 208,
10 zeros; numbers are big-endian. A set of rows is named by the root of a hash tree over them, with
`seq` zero: the contributor names the set before the board numbers it.

The index of an epoch is the tags of its rows in the same order, 16 bytes each: a row's place needs
no bytes of its own. In memory a tag and its place take 20.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntFlag
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.ledger.tree import MemoryTree
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.records import (
    PSEUDONYM_BYTES,
    RID_BYTES,
    SEALED_BYTES,
    TAG_BYTES,
    SealedRecord,
)

ROW_BYTES: Final = 280
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
TAG: Final = np.dtype(f"V{TAG_BYTES}")

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
        SharingRefused: There are too few rows and not all take one back, or they are of several
            epochs.
    """
    if len(rows) < LEAST_ROWS and not (rows and all(row.flags & RowFlag.WITHDRAWN for row in rows)):
        raise SharingRefused(
            f"a set of fewer than {LEAST_ROWS} tags says too much of too few",
            "wait until the campaign has more",
            "sw.threshold.tags",
        )
    if len({row.epoch for row in rows}) != 1:
        raise SharingRefused("a set is of one type and one epoch", code="sw.id.epoch")
    encoded = [replace(row, seq=0).encode() for row in rows]
    return b"".join(encoded), MemoryTree(encoded).root()


def read_tags(data: bytes | memoryview) -> Rows:
    """View joined tags as a column of type `TAG`, without copying.

    Raises:
        InputError: The length is no multiple of a tag's.
    """
    if len(data) % TAG_BYTES:
        raise InputError(f"tags have {TAG_BYTES} bytes each")
    return np.frombuffer(data, dtype=TAG)


class TagIndex:
    """Finds tags among many: 10^7 take 0.3 GB.

    Args:
        tags: Of type `TAG`, in the order of the rows.
    """

    def __init__(self, tags: Rows) -> None:
        raw = np.ascontiguousarray(tags).view(np.uint8).reshape(len(tags), TAG_BYTES)
        keys = np.ascontiguousarray(raw[:, :8]).view(">u8").ravel().astype(np.uint64)
        self._places = np.argsort(keys, kind="stable").astype(np.uint32)
        self._keys = keys[self._places]
        self._rest = np.ascontiguousarray(raw[:, 8:]).view("V8").ravel()[self._places]

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
            [
                int(self._places[at])
                for at in range(low, high)
                if self._rest[at].tobytes() == tag[8:]
            ]
            for tag, low, high in zip(tags, left, right, strict=True)
        ]
