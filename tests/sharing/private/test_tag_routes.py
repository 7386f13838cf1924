"""Tags over HTTP: posted by one member, mirrored by another; what is refused, logged and hidden."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from stillwatch.core.errors import ExternalError, SharingRefused
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.private.answers import Members, refusals
from stillwatch.sharing.private.id_types import Epoch, IdType, week_of
from stillwatch.sharing.private.mirror import Mirror, light_search, pull_index
from stillwatch.sharing.private.records import Confidence, Record, TagKey, seal
from stillwatch.sharing.private.refused import EpochOver
from stillwatch.sharing.private.rows import Row, RowFlag, tag_set
from stillwatch.sharing.private.tag_routes import MOST_BYTES, RemoteRows, TagBoard
from stillwatch.sharing.private.tag_store import TagStore

from .stand_ins import NOW, Clock, ListLog, NameVerifier, pseudonym, sign_as

EPOCH = Epoch.at(IdType.EMAIL, NOW)
CAMPAIGN = "campaign--1"
RECORD = Record(b"c" * 16, frozenset({5}), Confidence.HIGH, 2900, 2900, 20_600, "desk")


def of(member: str, campaign: str) -> bytes:
    return pseudonym(member + campaign)


def key(number: int) -> TagKey:
    return TagKey.of(EPOCH, number.to_bytes(64, "big"))


def posted(member: str, numbers: range) -> bytes:
    rows = []
    for number in numbers:
        made = key(number)
        sealed = seal(made, of(member, CAMPAIGN), RECORD)
        rows.append(Row(0, EPOCH, week_of(NOW), RowFlag(0), made.tag, sealed))
    return tag_set(rows)[0]


@dataclass
class Board:
    folder: Path
    log: ListLog = field(default_factory=ListLog)
    clock: Clock = field(default_factory=Clock)

    def run(self, work: Callable[[Callable[[str], RemoteRows]], Awaitable[None]]) -> None:
        async def serve() -> None:
            members = Members(NameVerifier(), "")
            app = web.Application(middlewares=[refusals], client_max_size=MOST_BYTES)
            store = TagStore(self.folder / "tags", self.log, self.clock)
            TagBoard(store, self.log, members, of).add_to(app)
            async with TestServer(app) as server, aiohttp.ClientSession() as session:
                uri = str(server.make_url("")).rstrip("/")
                object.__setattr__(members, "base_url", uri)
                await work(lambda member: RemoteRows(session, uri, sign_as(member)))

        asyncio.run(serve())


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path)


def test_what_one_member_posts_another_finds(board: Board) -> None:
    async def work(member: Callable[[str], RemoteRows]) -> None:
        data = posted("a", range(20_000))[: 9000 * 280]
        await member("a").post(CAMPAIGN, data)
        await member("a").post(CAMPAIGN, data)  # as after an answer that was lost
        await member("b").post(CAMPAIGN, posted("b", range(8_998, 9_010)))
        mirror = Mirror(board.folder / "mirror")
        assert await mirror.pull(member("b"), EPOCH) == 9012
        found = mirror.search(EPOCH, [key(3), key(8_999), key(99_999)], NOW)
        assert [hit.query for hit in found.hits] == [0, 1, 1]
        index = await pull_index(member("c"), EPOCH)
        light = await light_search(member("c"), index, [key(3)], EPOCH, NOW)
        assert [hit.row.seq for hit in light.hits] == [4]

    board.run(work)
    pulls = [(pseudonym, event["count"]) for kind, pseudonym, event in board.log.leaves
             if kind is LeafKind.PULL]  # fmt: skip
    assert pulls[0] == (of("b", "pull"), 9012)
    assert pulls[1] == (of("c", "pull"), 9012)
    assert [who for who, _ in pulls[2:]] == [of("c", "pull")] * 8
    assert len(board.log.of(LeafKind.SHARE)) == 2


def test_rows_under_anothers_name_are_refused(board: Board) -> None:
    async def work(member: Callable[[str], RemoteRows]) -> None:
        data = posted("a", range(5))
        for who, campaign in (("b", CAMPAIGN), ("a", "campaign--2")):
            with pytest.raises(SharingRefused) as caught:
                await member(who).post(campaign, data)
            assert caught.value.code == "sw.row.pseudonym"
        with pytest.raises(SharingRefused):
            await member("a").post("Not%20a%20campaign", data)
        with pytest.raises(SharingRefused) as caught:
            await member("a").post(CAMPAIGN, data[: 4 * 280])
        assert caught.value.code == "sw.threshold.tags"

    board.run(work)
    assert board.log.leaves == []


def test_an_epoch_that_is_over(board: Board) -> None:
    async def work(member: Callable[[str], RemoteRows]) -> None:
        await member("a").post(CAMPAIGN, posted("a", range(5)))
        board.clock.now = EPOCH.destroyed_from
        with pytest.raises(EpochOver):
            await member("a").post(CAMPAIGN, posted("a", range(5, 10)))

    board.run(work)

    async def after(member: Callable[[str], RemoteRows]) -> None:
        assert await member("a").rows(EPOCH, 0) == b""

    board.run(after)  # a start purges
    assert len(board.log.of(LeafKind.PURGE)) == 1


def test_unsigned_and_senseless_requests(board: Board) -> None:
    async def work(member: Callable[[str], RemoteRows]) -> None:
        remote = member("a")
        async with remote.session.get(f"{remote.base_url}/tags/email/1/rows/0") as response:
            assert response.status == 401
        for path in ("email/x/rows/0", "email/1/rows/-1", "email/1/pages/x"):
            uri = f"{remote.base_url}/tags/{path}"
            headers = remote.sign("GET", uri, {}, b"")
            async with remote.session.get(uri, headers=headers) as response:
                assert response.status == 404
        for path, code in (("card-number/1/rows/0", "sw.banned.card-number"),
                           ("shoe-size/1/rows/0", "sw.id.type"),
                           ("email/70000/rows/0", "sw.id.epoch")):  # fmt: skip
            uri = f"{remote.base_url}/tags/{path}"
            headers = remote.sign("GET", uri, {}, b"")
            async with remote.session.get(uri, headers=headers) as response:
                assert (await response.json())["error_code"] == code
        with pytest.raises((SharingRefused, ExternalError)):
            await remote.post(CAMPAIGN, bytes(MOST_BYTES + 1))

    board.run(work)


def test_a_pull_that_cannot_be_logged_is_not_answered(board: Board) -> None:
    async def work(member: Callable[[str], RemoteRows]) -> None:
        await member("a").post(CAMPAIGN, posted("a", range(5)))
        board.log.broken = True
        with pytest.raises(ExternalError):
            await member("b").rows(EPOCH, 0)

    board.run(work)
