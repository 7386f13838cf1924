"""A node's lookups end to end: every fault of the key holder is noticed, nothing is asked twice."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from stillwatch.core.errors import ExternalError, InputError, SharingRefused
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.private import commit_open
from stillwatch.sharing.private.client import Lookups, Remote
from stillwatch.sharing.private.framing import Answer, Purpose, Request
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.identifiers import Identifier, Normaliser
from stillwatch.sharing.private.node_store import NodeStore
from stillwatch.sharing.private.records import Confidence, Record, open_sealed, seal
from stillwatch.sharing.private.refused import EpochOver, ProtocolAlarm, QuotaSpent
from stillwatch.sharing.private.voprf import PackagedEvaluator

from .stand_ins import NOW, Setting, sign_as

EMAIL = Epoch.at(IdType.EMAIL, NOW)
TODAY = NOW // 86_400
RECORD = Record(b"c" * 16, frozenset({1, 4}), Confidence.LOW, 2930, 2931, TODAY + 30, "desk")


def emails(count: int, start: int = 0) -> list[Identifier]:
    normaliser = Normaliser()
    return [normaliser.identifier("email", f"u{start + i}@example.org") for i in range(count)]


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path)


async def ask(lookups: Lookups, identifiers: list[Identifier]) -> list[bytes]:
    keys = await lookups.tag_keys(identifiers, EMAIL, Purpose.SUSPECTED_CLUSTER, TODAY + 30)
    return [key.tag for key in keys]


def test_two_members_agree_on_a_tag_and_open_each_others_records(setting: Setting) -> None:
    async def work(session: aiohttp.ClientSession) -> None:
        a, b = (setting.lookups(session, member) for member in "ab")
        (mine,) = await a.tag_keys(emails(1), EMAIL, Purpose.CONFIRMED_CLUSTER, TODAY + 30)
        sealed = seal(mine, b"p" * 16, RECORD)
        theirs = await b.tag_keys(emails(3), EMAIL, Purpose.SUSPECTED_CLUSTER, TODAY + 30)
        assert theirs[0].tag == mine.tag
        assert open_sealed(theirs[0], sealed) == RECORD
        for other in theirs[1:]:
            assert other.tag != mine.tag
            with pytest.raises(InputError):
                open_sealed(other, sealed)

    setting.run(work)


def test_a_second_lookup_costs_nothing(setting: Setting) -> None:
    async def work(session: aiohttp.ClientSession) -> None:
        lookups = setting.lookups(session, "a")
        first = await ask(lookups, emails(70))
        assert await ask(lookups, emails(70)) == first
        assert await ask(lookups, emails(70) + emails(2)) == first + first[:2]
        again = setting.lookups(session, "a")  # after a restart too
        assert await ask(again, emails(70)) == first
        await ask(again, emails(3, start=69))  # two are new

    setting.run(work)
    counts = [event["count"] for event in setting.log.of(LeafKind.LOOKUP_BATCH)]
    assert counts == [128, 64]


def test_large_sets_go_in_batches(setting: Setting) -> None:
    async def work(session: aiohttp.ClientSession) -> None:
        tags = await ask(setting.lookups(session, "a"), emails(1100))
        assert len(set(tags)) == 1100

    setting.run(work)
    counts = [event["count"] for event in setting.log.of(LeafKind.LOOKUP_BATCH)]
    assert sorted(counts) == [128, 1024]  # type: ignore[type-var]


def test_batches_are_kept_for_the_auditor(setting: Setting) -> None:
    async def work(session: aiohttp.ClientSession) -> None:
        lookups = setting.lookups(session, "a")
        await ask(lookups, emails(5))
        (event,) = setting.log.of(LeafKind.LOOKUP_BATCH)
        root = bytes.fromhex(str(event["root"]))
        batch, leaf = lookups.store.batch(root)
        assert setting.log.leaves[leaf or 0][2] == event
        seen = {one.x for one in emails(5)}
        elements = [one.element for one in batch.blinded]
        for place in commit_open.draw(b"checkpoint", root, len(elements)):
            commit_open.check(batch.open(place), root, elements, seen.__contains__)

    setting.run(work)


class Changed(Remote):
    """A key holder whose answers are changed on the way."""

    change: Callable[[Request, Answer], Answer]

    async def evaluate(self, request: Request) -> Answer:
        return type(self).change(request, await super().evaluate(request))


def other_key(request: Request, answer: Answer) -> Answer:
    evaluated = PackagedEvaluator(b"\x01" * 32, request.epoch.info).evaluate(request.elements)
    body = Answer.encode(answer.leaf, len(request.elements), evaluated)
    return Answer.decode(body, len(request.elements))


@pytest.mark.parametrize(
    "change",
    [
        other_key,
        lambda _, answer: replace(answer, elements=answer.elements[::-1]),
        lambda _, answer: replace(answer, elements=[bytes(32), *answer.elements[1:]]),
        lambda _, answer: replace(answer, proof=bytes(64)),
    ],
    ids=["another key", "another order", "identity", "no proof"],
)
def test_a_wrong_answer_raises_the_alarm_and_leaves_nothing(
    setting: Setting, change: Callable[[Request, Answer], Answer]
) -> None:
    async def work(session: aiohttp.ClientSession) -> None:
        honest = setting.lookups(session, "a")
        remote = type("Wrong", (Changed,), {"change": staticmethod(change)})(
            session, setting.uri, sign_as("a")
        )
        with pytest.raises(ProtocolAlarm):
            await ask(replace(honest, remote=remote), emails(2))
        assert honest.store.outputs(EMAIL, [one.x for one in emails(2)]) == [None, None]
        assert len(await ask(honest, emails(2))) == 2

    setting.run(work)


def test_an_epoch_that_ends_in_the_middle_of_a_lookup(setting: Setting) -> None:
    """Batches that were evaluated stay, whole; the rest says that the epoch is over."""

    class Ending(Remote):
        async def evaluate(self, request: Request) -> Answer:
            answer = await super().evaluate(request)
            setting.clock.now = EMAIL.destroyed_from
            return answer

    async def work(session: aiohttp.ClientSession) -> None:
        lookups = setting.lookups(session, "a")
        setting.clock.now = EMAIL.destroyed_from - 1
        ending = Ending(session, setting.uri, sign_as("a"))
        with pytest.raises(EpochOver):
            await ask(replace(lookups, remote=ending), emails(4 * 1024))
        outputs = lookups.store.outputs(EMAIL, [one.x for one in emails(4 * 1024)])
        known = [y is not None for y in outputs]
        batches = [known[start : start + 1024] for start in range(0, 4096, 1024)]
        assert all(len(set(batch)) == 1 for batch in batches)
        assert [batch[0] for batch in batches].count(True) in {1, 2}  # two are under way at once
        assert not any(batches[3])

    setting.run(work)


def test_after_a_failure_no_further_batch_is_sent(tmp_path: Path) -> None:
    setting = Setting(tmp_path, dict.fromkeys(IdType, 1024))
    asked: list[int] = []

    class Counting(Remote):
        async def evaluate(self, request: Request) -> Answer:
            asked.append(len(request.elements))
            return await super().evaluate(request)

    async def work(session: aiohttp.ClientSession) -> None:
        lookups = setting.lookups(session, "a")
        counting = Counting(session, setting.uri, sign_as("a"))
        with pytest.raises(QuotaSpent):
            await ask(replace(lookups, remote=counting), emails(8 * 1024))
        assert len(asked) <= 3

    setting.run(work)


def test_a_spent_quota_says_when_to_come_back(tmp_path: Path) -> None:
    setting = Setting(tmp_path, dict.fromkeys(IdType, 64))

    async def work(session: aiohttp.ClientSession) -> None:
        lookups = setting.lookups(session, "a")
        await ask(lookups, emails(3))
        with pytest.raises(QuotaSpent) as caught:
            await ask(lookups, emails(3, start=3))
        assert caught.value.retry_after_seconds == 86_401
        setting.clock.now += 86_400
        await ask(lookups, emails(6))

    setting.run(work)


def test_refusals_keep_their_code_and_nothing_else(setting: Setting) -> None:
    setting.quotas.suspend("a")

    async def work(session: aiohttp.ClientSession) -> None:
        with pytest.raises(SharingRefused) as caught:
            await ask(setting.lookups(session, "a"), emails(1))
        assert caught.value.code == "sw.quota.suspended"

    setting.run(work)


def served(work: Callable[[aiohttp.ClientSession, str], Awaitable[None]], handler: object) -> None:
    async def run() -> None:
        app = web.Application()
        app.router.add_post("/v1/evaluate", handler)  # type: ignore[arg-type]
        async with TestServer(app) as server, aiohttp.ClientSession() as session:
            await work(session, str(server.make_url("")).rstrip("/"))

    asyncio.run(run())


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (200, b"nonsense", ExternalError, None),
        (200, b"x" * 100_000, ExternalError, None),
        (302, b"", SharingRefused, "sw.refused"),
        (403, b'{"error_code": "sw.\\u001b[31mred"}', SharingRefused, "sw.refused"),
        (403, b'{"error_code": ["sw.x"]}', SharingRefused, "sw.refused"),
        (403, b"[]", SharingRefused, "sw.refused"),
        (429, b"{}", QuotaSpent, "sw.quota"),
        (500, b"<html>trace</html>", ExternalError, None),
    ],
)
def test_whatever_a_key_holder_answers_is_an_error_of_ours(
    tmp_path: Path, status: int, body: bytes, error: type[Exception], code: str | None
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={"Retry-After": "soon"})

    async def work(session: aiohttp.ClientSession, uri: str) -> None:
        store = NodeStore(tmp_path / "node.sqlite")
        lookups = Lookups(Remote(session, uri, sign_as("a")), lambda _: bytes(32), store)
        with pytest.raises(error) as caught:
            await ask(lookups, emails(1))
        assert "u0@example" not in str(caught.value)
        assert "trace" not in str(caught.value)
        if code is not None:
            assert getattr(caught.value, "code", None) == code

    served(work, handler)


def test_no_key_holder_at_all(tmp_path: Path) -> None:
    async def work() -> None:
        async with aiohttp.ClientSession() as session:
            store = NodeStore(tmp_path / "node.sqlite")
            remote = Remote(session, "http://127.0.0.1:1", sign_as("a"))
            with pytest.raises(ExternalError):
                await ask(Lookups(remote, lambda _: bytes(32), store), emails(1))

    asyncio.run(work())


def test_other_types_are_refused(setting: Setting) -> None:
    async def work(session: aiohttp.ClientSession) -> None:
        phone = Normaliser().identifier("phone", "+4930123456")
        with pytest.raises(InputError):
            await ask(setting.lookups(session, "a"), [phone])

    setting.run(work)


def test_what_may_no_longer_be_kept_is_gone_from_the_disk(tmp_path: Path) -> None:
    store = NodeStore(tmp_path / "node.sqlite")
    assert stat.S_IMODE((tmp_path / "node.sqlite").stat().st_mode) == 0o600
    planted, kept = b"\x05email" + b"planted" * 40, b"\x05emailkept"
    batch = commit_open.commit([planted])
    store.keep_batch(batch, TODAY)
    store.keep_outputs(EMAIL, [planted], [b"y-planted" * 7], TODAY)
    store.keep_outputs(EMAIL, [kept], [b"k" * 64], TODAY + 1)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert planted in stored  # the search below can find what is there
    store.purge(TODAY)
    assert store.batch(batch.root)[0] == batch
    store.purge(TODAY + 1)
    assert store.outputs(EMAIL, [planted, kept]) == [None, b"k" * 64]
    with pytest.raises(InputError):
        store.batch(batch.root)
    store.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"planted" not in stored


def test_a_store_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "node.sqlite").write_bytes(b"no database" * 100)
    for path in (tmp_path / "node.sqlite", tmp_path / "missing" / "node.sqlite"):
        with pytest.raises(ExternalError):
            NodeStore(path)
