"""A copied log: complete, checked, and never one with another past."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.forum import log_copy
from stillwatch.sharing.forum.log_copy import LogCopy
from stillwatch.sharing.ledger.log import Log
from stillwatch.sharing.ledger.notes import NoteSigner
from stillwatch.sharing.private.refused import ProtocolAlarm

SIGNER = NoteSigner("board", Ed25519PrivateKey.generate())


@contextmanager
def grown(folder: Path, leaves: int, word: str = "x") -> Iterator[Log]:
    log = Log(folder, SIGNER, lambda: 0.0)
    log.append_many([(LeafKind.SHARE, bytes(16), {word: n}) for n in range(leaves)])
    log.publish(log.prepare())
    yield log
    log.close()


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LogCopy:
    """A copy whose server is the folder `served`, over no network."""
    served = tmp_path / "served"

    async def ask(*given: object) -> bytes:
        path = str(given[3]).removeprefix("https://x/log/")
        return (served / "public" / path).read_bytes()

    monkeypatch.setattr(log_copy, "ask", ask)
    node = SimpleNamespace(folder=tmp_path / "node", session=None, sign=None)
    return LogCopy(node, "https://x", SIGNER.key, "board")  # type: ignore[arg-type]


@pytest.mark.parametrize("leaves", [0, 1, 255, 256, 257, 700])
def test_a_log_is_copied_whole_and_again_as_it_grows(
    leaves: int, copy: LogCopy, tmp_path: Path
) -> None:
    with grown(tmp_path / "served", leaves) as log:
        audit = asyncio.run(copy.refresh())
        assert (audit.checkpoint.size, audit.faults) == (leaves, ())
        log.append(LeafKind.SHARE, bytes(16), {"more": 1})
        log.publish(log.prepare())
        audit = asyncio.run(copy.refresh())
        assert (audit.checkpoint.size, audit.faults) == (leaves + 1, ())
        assert asyncio.run(copy.entries()) == [log.entry(n) for n in range(leaves + 1)]


@pytest.mark.parametrize(("leaves", "word"), [(6, "another"), (4, "x"), (5, "another")])
def test_a_log_with_another_past_or_less_of_it_is_an_alarm(
    leaves: int, word: str, copy: LogCopy, tmp_path: Path
) -> None:
    with grown(tmp_path / "served", 5):
        asyncio.run(copy.refresh())
    (tmp_path / "served").rename(tmp_path / "before")
    with (
        grown(tmp_path / "served", leaves, word),
        pytest.raises(ProtocolAlarm, match="another past"),
    ):
        asyncio.run(copy.refresh())


def test_a_tile_that_does_not_fit_is_a_fault(copy: LogCopy, tmp_path: Path) -> None:
    with grown(tmp_path / "served", 5):
        bundle = tmp_path / "served" / "public" / "tile" / "entries" / "000.p" / "5"
        data = bytearray(bundle.read_bytes())
        data[-1] ^= 1
        bundle.write_bytes(data)
        assert asyncio.run(copy.refresh()).faults
