"""What a unit of each kind must offer. One to three methods each; the type checker verifies it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.core.records import Example, Family, Reject

FloatArray = NDArray[np.float64]


class RejectSink(Protocol):
    """Takes the rows that could not be read."""

    def add(self, reject: Reject) -> None:
        """Record one rejected row."""


class Source(Protocol):
    """Reads one input format into batches of `EXCHANGE_SCHEMA`."""

    name: ClassVar[str]
    summary: ClassVar[str]

    def matches(self, path: Path, head: bytes) -> bool:
        """Say whether the file is of this format, from its name and its first decompressed bytes."""

    def read(
        self, path: Path, rejects: RejectSink, progress: Callable[[int], None]
    ) -> Iterator[pa.RecordBatch]:
        """Yield batches of `EXCHANGE_SCHEMA`; report bytes of the file consumed to `progress`.

        Raises:
            InputError: The file cannot be read at all.
        """


class Detector(Protocol):
    """Scores how much an account's behaviour resembles one way of harvesting."""

    name: ClassVar[str]
    tactics: ClassVar[tuple[str, ...]]
    look_alikes: ClassVar[tuple[str, ...]]
    needs: ClassVar[tuple[str, ...]]
    examples: ClassVar[tuple[Example, ...]]

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Score every account; larger is more suspicious, NaN is an abstention.

        Args:
            profiles: Column name to values, one value an account.
        """

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say in one sentence what was seen of one account."""


class Tables(Protocol):
    """The small rollup tables a linker may read, by name, as Arrow."""

    def keys(self, kind: str) -> pa.Table:
        """Return the key rollup of one kind: `account_id, key, uses, first_us, last_us`."""

    def accounts(self) -> pa.Table:
        """Return the account profiles."""


class Linker(Protocol):
    """Says which accounts touched the same rare thing."""

    name: ClassVar[str]
    family: ClassVar[Family]
    tactics: ClassVar[tuple[str, ...]]
    look_alikes: ClassVar[tuple[str, ...]]
    needs: ClassVar[tuple[str, ...]]
    examples: ClassVar[tuple[Example, ...]]

    def link(self, tables: Tables) -> pa.Table:
        """Return the links as a table of `LINK_SCHEMA`."""
