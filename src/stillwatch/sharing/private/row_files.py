"""Files of rows: one a (type, epoch), which only grows, and is deleted whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from stillwatch.core.errors import ExternalError
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.rows import ROW, ROW_BYTES, Rows

_SUFFIX: Final = ".rows"


@dataclass(frozen=True, slots=True)
class RowFile:
    """The rows of one epoch in a folder.

    Attributes:
        folder: The folder; it exists.
        epoch: Whose rows.
    """

    folder: Path
    epoch: Epoch

    @property
    def path(self) -> Path:
        """The file; missing as long as there are no rows."""
        return self.folder / f"{self.epoch.id_type.label}.{self.epoch.number}{_SUFFIX}"

    @classmethod
    def all_in(cls, folder: Path) -> list[RowFile]:
        """Return the files of a folder."""
        parts = [path.stem.rpartition(".") for path in sorted(folder.glob(f"*{_SUFFIX}"))]
        return [cls(folder, Epoch(IdType.named(label), int(n))) for label, _, n in parts]

    def rows(self) -> Rows:
        """Return the rows; the file is mapped, not read."""
        count = self.path.stat().st_size // ROW_BYTES if self.path.exists() else 0
        if not count:
            return np.empty(0, dtype=ROW)
        return np.memmap(self.path, dtype=ROW, mode="r", shape=(count,))

    def append(self, data: bytes) -> None:
        """Add joined rows, durable when the call returns."""
        append_durably(self.path, data)

    def keep(self, count: int) -> None:
        """Drop all rows but the first so many, and a last one that a crash cut short."""
        if self.path.exists() and self.path.stat().st_size > count * ROW_BYTES:
            os.truncate(self.path, count * ROW_BYTES)

    def last_seq(self) -> int:
        """Return the `seq` of the last row, 0 if there is none."""
        rows = self.rows()
        return int(rows[-1]["seq"]) if len(rows) else 0


def append_durably(path: Path, data: bytes) -> None:
    """Append to a file, for the owner alone; durable when the call returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Say that a disk failed in words of our own.

    Raises:
        ExternalError: For any `OSError` within.
    """
    try:
        yield
    except OSError as error:
        raise ExternalError(
            f"{what}: {error.strerror}", "mend or free the disk, then retry"
        ) from None
