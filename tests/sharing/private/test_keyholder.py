"""The key holder over HTTP: what it answers, what it refuses, what it never writes down."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.private import keyholder, voprf
from stillwatch.sharing.private.commit_open import commit
from stillwatch.sharing.private.framing import MOST_REQUEST_BYTES, Answer, Purpose, Request
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.identifiers import Normaliser

from .stand_ins import NOW, Setting, sign_as

IP4 = Epoch.at(IdType.IP4, NOW)
PLANTED = "planted@secret.example.org"


@dataclass
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["error_code"])


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path, dict.fromkeys(IdType, 200))


def batch(epoch: Epoch = IP4, count: int = 3) -> tuple[Request, list[voprf.Blinded]]:
    made = commit([f"\x03ip4{i}".encode() for i in range(count)])
    elements = [one.element for one in made.blinded]
    return Request(epoch, Purpose.CONFIRMED_CLUSTER, made.root, elements), list(made.blinded)


async def post(
    session: aiohttp.ClientSession, uri: str, body: bytes, member: str = "a", **headers: str
) -> Reply:
    target = f"{uri}/v1/evaluate"
    signed = {**sign_as(member)("POST", target, {}, body), **headers}
    async with session.post(target, data=body, headers=signed) as response:
        return Reply(response.status, response.headers, await response.read())


def test_a_batch_is_evaluated_proved_and_logged(setting: Setting) -> None:
    request, blinded = batch()

    async def work(session: aiohttp.ClientSession) -> None:
        reply = await post(session, setting.uri, request.encode())
        assert reply.status == 200
        answer = Answer.decode(reply.body, 64)
        public_key = setting.witnessed(IP4)
        voprf.verify(public_key, request.elements, answer.elements, answer.proof)
        assert len(voprf.finalise(blinded[0], answer.elements[0])) == 64
        kind, pseudonym, event = setting.log.leaves[answer.leaf]
        assert kind is LeafKind.LOOKUP_BATCH
        assert len(pseudonym) == 16
        assert event == {
            "type": "ip4",
            "epoch": IP4.number,
            "purpose": "confirmed-cluster",
            "count": 64,
            "root": request.root.hex(),
        }

    setting.run(work)


def test_keys_are_listed_to_members_only(setting: Setting) -> None:
    async def work(session: aiohttp.ClientSession) -> None:
        target = f"{setting.uri}/v1/keys"
        async with session.get(target, headers=sign_as("a")("GET", target, {}, b"")) as response:
            keys = (await response.json())["keys"]
        assert {key["type"] for key in keys} == {known.label for known in IdType}
        (ip4,) = [key for key in keys if key["type"] == "ip4"]
        assert ip4["public_key"] == setting.witnessed(IP4).hex()
        async with session.get(target) as response:
            assert response.status == 401

    setting.run(work)


def test_the_quota_is_of_member_type_and_day(setting: Setting) -> None:
    body = batch(count=100)[0].encode()  # 128 of 200

    async def work(session: aiohttp.ClientSession) -> None:
        assert (await post(session, setting.uri, body)).status == 200
        setting.clock.now = NOW + 1000
        spent = await post(session, setting.uri, body)
        assert (spent.status, spent.code) == (429, "sw.quota")
        assert spent.headers["Retry-After"] == str(86_400 - 1000 + 1)
        assert (await post(session, setting.uri, body, "b")).status == 200
        other = Request.decode(body)
        phone = Request(Epoch.at(IdType.PHONE, NOW), other.purpose, other.root, other.elements)
        assert (await post(session, setting.uri, phone.encode())).status == 200
        setting.clock.now = NOW + 86_400
        assert (await post(session, setting.uri, body)).status == 200

    setting.run(work)
    assert len(setting.log.of(LeafKind.LOOKUP_BATCH)) == 4


def test_a_suspended_member_is_refused(setting: Setting) -> None:
    setting.quotas.suspend("a")

    async def work(session: aiohttp.ClientSession) -> None:
        reply = await post(session, setting.uri, batch()[0].encode())
        assert (reply.status, reply.code) == (403, "sw.quota.suspended")

    setting.run(work)


def test_an_epoch_answers_in_its_time_only(setting: Setting) -> None:
    body = batch()[0].encode()
    following = batch(Epoch(IdType.IP4, IP4.number + 1))[0].encode()

    async def work(session: aiohttp.ClientSession) -> None:
        early = await post(session, setting.uri, following)
        assert (early.status, early.code) == (404, "sw.epoch.not_begun")
        setting.clock.now = IP4.destroyed_from - 1
        assert (await post(session, setting.uri, body)).status == 200
        setting.clock.now += 1
        over = await post(session, setting.uri, body)
        assert (over.status, over.code) == (410, "sw.epoch.over")
        setting.keys.rotate()
        assert (await post(session, setting.uri, body)).status == 410

    setting.run(work)


def test_unsigned_and_changed_requests_are_refused(setting: Setting) -> None:
    body = batch()[0].encode()

    async def work(session: aiohttp.ClientSession) -> None:
        for signature in ("forged", ""):
            reply = await post(session, setting.uri, body, **{"X-Signed": signature})
            assert (reply.status, reply.code) == (401, "sw.auth.signature")
        target = f"{setting.uri}/v1/evaluate?x=1"
        signed = sign_as("a")("POST", f"{setting.uri}/v1/evaluate", {}, body)
        async with session.post(target, data=body, headers=signed) as response:
            assert response.status == 401

    setting.run(work)
    assert not setting.log.of(LeafKind.LOOKUP_BATCH)


def test_a_signature_for_another_host_does_not_count(setting: Setting) -> None:
    """A member of two services, one of them hostile: what it signed for that one is no use here."""
    body = batch()[0].encode()

    async def work(session: aiohttp.ClientSession) -> None:
        signed = sign_as("a")("POST", "http://hostile.example/v1/evaluate", {}, body)
        headers = {**signed, "Host": "hostile.example"}
        async with session.post(f"{setting.uri}/v1/evaluate", data=body, headers=headers) as reply:
            assert reply.status == 401

    setting.run(work)


def test_a_certificate_of_another_member_is_refused(setting: Setting) -> None:
    def request(uris: tuple[tuple[str, str], ...]) -> SimpleNamespace:
        peer = {"subjectAltName": uris}
        transport = SimpleNamespace(get_extra_info=lambda name: peer)
        target = f"{setting.members.base_url}/v1/keys"
        headers = sign_as("a")("GET", target, {}, b"")
        return SimpleNamespace(
            method="GET", rel_url="/v1/keys", headers=headers, transport=transport
        )

    member = setting.holder.members.of
    assert member(request((("URI", "a"),)), b"") == "a"  # type: ignore[arg-type]
    with pytest.raises(SharingRefused) as caught:
        member(request((("URI", "b"), ("DNS", "a"))), b"")  # type: ignore[arg-type]
    assert caught.value.code == "sw.auth.certificate"


def test_wrong_elements_cost_nothing_and_are_not_logged(setting: Setting) -> None:
    good = batch()[0]

    async def work(session: aiohttp.ClientSession) -> None:
        for wrong in (bytes(32), b"\xff" * 32, b"\x01" + bytes(31)):
            elements = [*good.elements[:-1], wrong]
            body = Request(good.epoch, good.purpose, good.root, elements).encode()
            for _ in range(4):
                reply = await post(session, setting.uri, body)
                assert (reply.status, reply.code) == (400, "sw.body")
        for body in (b"", b"SWEV", good.encode()[:-1], good.encode()[:5] + b"\x63" + bytes(50)):
            assert (await post(session, setting.uri, body)).status == 400
        for _ in range(3):
            assert (await post(session, setting.uri, good.encode())).status == 200

    setting.run(work)
    assert len(setting.log.of(LeafKind.LOOKUP_BATCH)) == 3


def test_a_batch_of_65536_elements_is_not_read(setting: Setting) -> None:
    """The announced length is enough; without one, reading stops at the largest batch."""

    async def work(session: aiohttp.ClientSession) -> None:
        host, port = setting.uri.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as raw:
            raw.setblocking(False)
            loop = asyncio.get_running_loop()
            head = (
                f"POST /v1/evaluate HTTP/1.1\r\nHost: {host}\r\n"
                f"Content-Length: {45 + 32 * 2**16}\r\n\r\n"
            )
            await loop.sock_sendall(raw, head.encode())
            assert b" 413 " in await loop.sock_recv(raw, 4096)

        sent = 0

        async def endless() -> object:
            nonlocal sent
            for _ in range(4096):
                sent += 65_536
                yield bytes(65_536)  # type: ignore[misc]

        try:
            async with session.post(f"{setting.uri}/v1/evaluate", data=endless()) as reply:
                assert reply.status == 413
        except aiohttp.ClientError:
            pass  # the connection was closed while the client still sent
        assert sent < 4096 * 65_536

    setting.run(work)
    assert MOST_REQUEST_BYTES < 33_000


def test_a_broken_log_evaluates_nothing_and_uses_no_quota(setting: Setting) -> None:
    body = batch(count=100)[0].encode()

    async def work(session: aiohttp.ClientSession) -> None:
        setting.log.broken = True
        for _ in range(3):
            reply = await post(session, setting.uri, body)
            assert (reply.status, reply.code) == (503, "sw.unavailable")
            assert reply.headers["Retry-After"]
        setting.log.broken = False
        assert (await post(session, setting.uri, body)).status == 200

    setting.run(work)


def test_too_many_at_once_are_sent_away(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyholder, "MOST_WAITING", 0)
    monkeypatch.setattr(keyholder.os, "cpu_count", lambda: 1)
    body = batch()[0].encode()

    async def work(session: aiohttp.ClientSession) -> None:
        replies = await asyncio.gather(
            *(post(session, setting.uri, body, f"m{i}") for i in range(8))
        )
        statuses = {reply.status for reply in replies}
        assert statuses == {200, 503}
        assert (await post(session, setting.uri, body, "later")).status == 200

    setting.run(work)


def test_nothing_of_a_request_is_logged(
    setting: Setting, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier = Normaliser().identifier("email", PLANTED)
    made = commit([identifier.x])
    epoch = Epoch.at(IdType.EMAIL, NOW)
    elements = [one.element for one in made.blinded]
    body = Request(epoch, Purpose.CONTROL, made.root, elements).encode()
    replies: list[Reply] = []

    async def work(session: aiohttp.ClientSession) -> None:
        replies.append(await post(session, setting.uri, body))
        replies.append(await post(session, setting.uri, body[:-1] + b"\xff"))
        replies.append(await post(session, setting.uri, PLANTED.encode()))

        def fails(*_: object) -> bytes:
            raise RuntimeError(PLANTED)

        monkeypatch.setattr(keyholder.Request, "decode", fails)
        replies.append(await post(session, setting.uri, body))

    with caplog.at_level(logging.DEBUG):
        setting.run(work)
    assert [reply.status for reply in replies] == [200, 400, 400, 500]
    written = caplog.text + repr(setting.log.leaves)
    written += "".join(reply.body.decode(errors="replace") for reply in replies[1:])
    assert "RuntimeError" in caplog.text
    secrets = [PLANTED, "planted", made.blinded[0].blind.hex(), made.blinded[0].element.hex()]
    secrets += [path.read_bytes().hex() for path in (setting.folder / "keys").glob("*.seed")]
    for secret in secrets:
        assert secret not in written
    stored = b"".join(path.read_bytes() for path in setting.folder.rglob("*.sqlite*"))
    assert b"planted" not in stored


def test_unknown_paths_and_methods_are_answered_in_json(setting: Setting) -> None:
    async def work(session: aiohttp.ClientSession) -> None:
        for method, path, status in (("GET", "/", 404), ("DELETE", "/v1/keys", 405)):
            async with session.request(method, setting.uri + path) as response:
                assert response.status == status
                assert (await response.json())["http_status"] == str(status)

    setting.run(work)
