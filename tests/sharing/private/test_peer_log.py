"""What peers see of the key holder's log, and what no path leads to."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.ledger.log import Log
from stillwatch.sharing.ledger.notes import NoteSigner
from stillwatch.sharing.private import peer_log
from stillwatch.sharing.private.peer_log import show_log

from .stand_ins import NOW, Clock, Setting, sign_as

NOT_TILES = [
    "entries/001",
    "0",
    "../private/log.sqlite",
    "0/%2e%2e/%2e%2e/private/lock",
    "..%2fprivate%2flog.sqlite",
    "entries/000.p/../../../private/lock",
]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path / "log", NoteSigner("keyholder", Ed25519PrivateKey.generate()), Clock(NOW))
    for count in (64, 128, 256):
        made.append(LeafKind.LOOKUP_BATCH, bytes(16), {"count": count})
    yield made
    made.close()


def shown(tmp_path: Path, log: Log, work: object) -> None:
    setting = Setting(tmp_path / "setting")
    app = setting.holder.application()
    member_of = setting.holder.members.of
    show_log(app, log, log.public, lambda: log.publish(log.prepare()), member_of)
    setting.application = lambda: app
    setting.run(lambda session: work(session, setting.uri))  # type: ignore[operator]


async def get(session: aiohttp.ClientSession, uri: str) -> tuple[int, bytes]:
    async with session.get(uri, headers=sign_as("a")("GET", uri, {}, b"")) as response:
        return response.status, await response.read()


def test_members_open_what_the_leaves_commit_to(tmp_path: Path, log: Log) -> None:
    log.publish(log.prepare())
    log.erase([1])

    async def work(session: aiohttp.ClientSession, uri: str) -> None:
        status, body = await get(session, f"{uri}/log/openings?first=0")
        assert status == 200
        found = json.loads(body)
        assert (found["size"], [one["leaf"] for one in found["openings"]]) == (3, [0, 2])
        for one in found["openings"]:
            committed = hmac.digest(bytes.fromhex(one["salt"]), one["event"].encode(), "sha256")
            assert log.entry(one["leaf"]).endswith(committed)
        assert json.loads(found["openings"][1]["event"]) == {"count": 256}
        later = json.loads((await get(session, f"{uri}/log/openings?first=2"))[1])
        assert [one["leaf"] for one in later["openings"]] == [2]
        for wrong in ("-1", "x", "9" * 30, "1.5"):
            assert (await get(session, f"{uri}/log/openings?first={wrong}"))[0] == 400
        async with session.get(f"{uri}/log/openings") as response:
            assert response.status == 401

    shown(tmp_path, log, work)


def test_an_answer_is_bounded(tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_log, "MOST_OPENED", 2)
    assert [row["leaf"] for row in peer_log._openings(log, 0)] == [0, 1]
    assert peer_log._openings(log, 3) == []


def test_the_logs_files_are_served_and_no_others(tmp_path: Path, log: Log) -> None:
    log.publish(log.prepare())

    async def work(session: aiohttp.ClientSession, uri: str) -> None:
        status, body = await get(session, f"{uri}/log/checkpoint")
        assert (status, body) == (200, (log.public / "checkpoint").read_bytes())
        status, body = await get(session, f"{uri}/log/tile/entries/000.p/3")
        assert (status, body) == (200, (log.public / "tile/entries/000.p/3").read_bytes())
        for path in NOT_TILES:
            assert (await get(session, f"{uri}/log/tile/{path}"))[0] == 404

    shown(tmp_path, log, work)


def test_a_checkpoint_is_published_by_the_start(tmp_path: Path, log: Log) -> None:
    async def work(session: aiohttp.ClientSession, uri: str) -> None:
        assert (await get(session, f"{uri}/log/checkpoint"))[0] == 200

    shown(tmp_path, log, work)
    assert log.published == 3
