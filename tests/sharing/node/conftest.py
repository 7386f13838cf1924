"""A node's state, a log that only counts, and objects to receive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from stillwatch.core.errors import ExternalError
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.node.received import Received
from stillwatch.sharing.node.state import NodeState

Maker = Callable[..., Received]


@dataclass
class Log:
    """A log that keeps what it was given, and can be down."""

    leaves: list[tuple[LeafKind, bytes, Mapping[str, object]]] = field(default_factory=list)
    down: bool = False

    def append(self, kind: LeafKind, pseudonym: bytes, event: Mapping[str, object]) -> int:
        if self.down:
            raise ExternalError("the log did not answer", "try again")
        self.leaves.append((kind, pseudonym, event))
        return len(self.leaves) - 1


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[NodeState]:
    opened = NodeState(tmp_path / "node.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def item() -> Maker:
    return _item


def _item(name: str, *refers_to: str, kind: str = "campaign", **changed: object) -> Received:
    fields: dict[str, object] = {
        "object_id": name,
        "version": "2026-03-02T00:00:00.000000Z",
        "kind": kind,
        "refers_to": refers_to,
        "retain_until": date(2027, 3, 2),
        "body": f"body of {name}".encode(),
    }
    return Received(**fields | changed)  # type: ignore[arg-type]
