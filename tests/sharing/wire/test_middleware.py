"""A real server on loopback that lets members in, and a real client that checks its answers."""

from __future__ import annotations

import asyncio
import socket
import time

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.wire.forum import ForumAuthority
from stillwatch.sharing.wire.middleware import MEMBER, members_only, signed_responses
from stillwatch.sharing.wire.register import Revocation
from stillwatch.sharing.wire.requests import SignedRequests
from stillwatch.sharing.wire.signatures import sign_request, verify_response

ACME, BOLT = "urn:stillwatch:member:acme", "urn:stillwatch:member:bolt"
TODAY = int(time.time())  # OpenSSL itself reads the clock
TYPE = {"Content-Type": "application/json"}


class Trial:
    """A forum of two members and a server that says who asked."""

    def __init__(self, folder):
        self.forum = ForumAuthority.create(folder / "forum", "Trial forum", TODAY)
        self.server = self.forum.enrol_server(folder / "board", "board-1", ["127.0.0.1"], TODAY)
        self.acme, self.bolt = (
            self.forum.enrol(
                folder / name, f"urn:stillwatch:member:{name}", ["member"], name, TODAY
            )
            for name in ("acme", "bolt")
        )
        self.now = TODAY

    async def __aenter__(self):
        @web.middleware
        async def answered(request, handler):
            try:
                return await handler(request)
            except SharingRefused as refusal:
                return web.json_response({"code": refusal.code}, status=401)

        async def echo(request):
            body = await request.read()
            return web.json_response({"member": request[MEMBER], "bytes": len(body)})

        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        self.origin = f"https://127.0.0.1:{bound.getsockname()[1]}"
        register, clock = self.forum.register, lambda: self.now
        app = web.Application(
            middlewares=[
                signed_responses(self.server.key, clock),
                answered,
                members_only(SignedRequests(register, clock), register, self.origin),
            ]
        )
        app.router.add_route("*", "/{path:.*}", echo)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        context = self.server.server_context()
        await web.SockSite(self.runner, bound, ssl_context=context).start()
        return self

    async def __aexit__(self, *_):
        await self.runner.cleanup()

    async def ask(
        self, member, path="/x?a=1&b=%20", body=b"", headers=None, key=None, method="POST"
    ):
        """Return status and JSON of a signed request whose answer was checked."""
        url = URL(self.origin + path, encoded=True)
        if headers is None:
            kind = TYPE if body else {}
            headers = kind | sign_request(key or member.key, method, str(url), kind, body, self.now)
        async with (
            aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as session,
            session.request(
                method, url, data=body or None, headers=headers, ssl=member.client_context()
            ) as response,
        ):
            content = await response.read()
            if "Signature" in headers:
                public = self.server.key.private.public_key()
                verify_response(
                    public, "board-1", response.status, response.headers, content, headers
                )
            return response.status, await response.json()


@pytest.fixture
def run(tmp_path):
    """A function that runs a coroutine with a served forum."""

    def ran(steps):
        async def whole():
            async with Trial(tmp_path) as trial:
                await steps(trial)

        asyncio.run(whole())

    return ran


def test_members_are_named_and_answers_signed(run):
    async def steps(trial):
        assert await trial.ask(trial.acme) == (200, {"member": ACME, "bytes": 0})
        assert await trial.ask(trial.bolt, body=b"{}") == (200, {"member": BOLT, "bytes": 2})
        assert await trial.ask(trial.acme, "/a%2Fb/%C3%A9/?match%5Bid%5D=x", method="GET") == (
            200,
            {"member": ACME, "bytes": 0},
        )

    run(steps)


def test_refusals_reach_the_member_with_their_code(run):
    async def steps(trial):
        assert await trial.ask(trial.acme, headers={}) == (401, {"code": "sw.signature.missing"})
        assert await trial.ask(trial.acme, key=trial.bolt.key) == (
            401,
            {"code": "sw.member.mismatch"},
        )
        elsewhere = sign_request(
            trial.acme.key, "POST", "https://other.example/x", {}, b"", trial.now
        )
        assert await trial.ask(trial.acme, "/x", headers=elsewhere) == (
            401,
            {"code": "sw.signature.forged"},
        )
        lied = elsewhere | {"Host": "other.example"}
        assert (await trial.ask(trial.acme, "/x", headers=lied))[0] == 401
        trial.forum.register.revoke(ACME, Revocation(TODAY, TODAY))
        assert await trial.ask(trial.acme) == (401, {"code": "sw.member.revoked"})
        assert (await trial.ask(trial.bolt))[0] == 200

    run(steps)


def test_a_certificate_of_a_firm_that_is_no_member(run, tmp_path):
    async def steps(trial):
        made = trial.forum.enrol(tmp_path / "gone", "urn:stillwatch:member:gone", [], "gone", TODAY)
        path = trial.forum.folder / "members.json"
        path.unlink()
        assert await trial.ask(made) == (401, {"code": "sw.member.unknown"})

    run(steps)


def test_a_replay_over_the_same_channel(run):
    async def steps(trial):
        url = trial.origin + "/x"
        headers = sign_request(trial.acme.key, "POST", url, {}, b"", trial.now)
        assert (await trial.ask(trial.acme, "/x", headers=headers))[0] == 200
        assert await trial.ask(trial.acme, "/x", headers=headers) == (
            401,
            {"code": "sw.signature.replayed"},
        )

    run(steps)
