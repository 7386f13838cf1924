"""What a unit of each kind must offer. One to three methods each; the type checker verifies it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
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
        """Say whether a file is of this format, by its name and first decompressed bytes."""

    def read(
        self, path: Path, rejects: RejectSink, progress: Callable[[int], None]
    ) -> Iterator[pa.RecordBatch]:
        """Yield batches of `EXCHANGE_SCHEMA`; report bytes of the file consumed to `progress`.

        Raises:
            InputError: The file cannot be read at all.
        """


class Detector(Protocol):
    """Scores how much an account's behaviour resembles one way of harvesting, or of hiding it.

    Only detectors of harvest behaviour enter the index that decides whether a group extracts.
    """

    name: ClassVar[str]
    tactics: ClassVar[tuple[str, ...]]
    look_alikes: ClassVar[tuple[str, ...]]
    needs: ClassVar[tuple[str, ...]]
    harvest: ClassVar[bool]  # harvest behaviour; what is not is a finding for a reviewer only
    scale_floor: ClassVar[float]  # a score below it is never remarkable, however rare
    examples: ClassVar[tuple[Example, ...]]

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Score every account; larger is more suspicious, NaN is an abstention.

        Args:
            profiles: Column name to values, one value an account.
        """

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say in one sentence what was seen of one account."""


@dataclass(frozen=True, slots=True)
class Incidence:
    """Who touched what: one entry a (party, key) pair, sorted by key, then party.

    A *party* is an organisation where one is known, else an account: what a customer shares with
    itself is no evidence. All arrays have one value a pair.

    Attributes:
        party: Index of the party, in [0, number of parties).
        key: Token of what was touched.
        uses: Number of exchanges.
        first_us: Time of the first use, UTC microseconds.
        last_us: Time of the last use.
    """

    party: NDArray[np.int32]
    key: NDArray[np.int64]
    uses: NDArray[np.int64]
    first_us: NDArray[np.int64]
    last_us: NDArray[np.int64]


class Tables(Protocol):
    """The small tables that a linker may read."""

    def keys(self, kind: str) -> Incidence:
        """Return who touched the keys of one kind; keys of a single party are left out."""

    def parties(self) -> Mapping[str, FloatArray]:
        """Return the profile columns of the parties, one value a party."""


class Linker(Protocol):
    """Says which parties touched the same thing."""

    name: ClassVar[str]
    family: ClassVar[Family]
    proposes: ClassVar[bool]
    tactics: ClassVar[tuple[str, ...]]
    look_alikes: ClassVar[tuple[str, ...]]
    needs: ClassVar[tuple[str, ...]]
    examples: ClassVar[tuple[Example, ...]]

    def link(self, tables: Tables) -> Incidence:
        """Return the links as hubs and spokes: parties that share a key are linked."""

    def explain(self, uses: int, parties: int) -> str:
        """Say in one sentence what a party with this many uses shares with how many others."""
