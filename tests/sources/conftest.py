from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.core.records import EXCHANGE_SCHEMA, Reject
from stillwatch.sources import Inputs, open_inputs

GOLDEN = Path(__file__).parent / "golden"


@dataclass
class Sink:
    rejects: list[Reject] = field(default_factory=list)

    def add(self, reject: Reject) -> None:
        self.rejects.append(reject)


@dataclass
class Read:
    """What one run over some inputs gave."""

    inputs: Inputs
    batches: list[pa.RecordBatch]
    rejects: list[Reject]
    consumed: int

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row for batch in self.batches for row in batch.to_pylist()]

    def column(self, name: str) -> list[Any]:
        return [row[name] for row in self.rows]


def read_all(*paths: Path | str, source: str | None = None) -> Read:
    inputs = open_inputs([str(path) for path in paths], source)
    sink = Sink()
    steps: list[int] = []
    batches = list(inputs.read(sink, steps.append))
    for batch in batches:
        assert batch.schema == EXCHANGE_SCHEMA or inputs.kind == "sketches"
        batch.validate(full=True)
        assert 0 < batch.num_rows <= 16_384
    assert sum(steps) == inputs.total_bytes
    return Read(inputs, batches, sink.rejects, sum(steps))


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Write lines, as text or bytes, to a file and return its path."""

    def write(*lines: str | bytes, name: str = "log.jsonl") -> Path:
        path = tmp_path / name
        raw = [line.encode() if isinstance(line, str) else line for line in lines]
        path.write_bytes(b"".join(line + b"\n" for line in raw))
        return path

    return write
