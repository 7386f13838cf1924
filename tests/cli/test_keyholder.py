"""`stillwatch keyholder`: a real process behind TLS, with real signatures and the real log."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
from cli_rows import Runner

from stillwatch.core.errors import ExternalError, SharingRefused
from stillwatch.sharing.ledger.notes import Checkpoint, Note
from stillwatch.sharing.private.client import Lookups, Remote
from stillwatch.sharing.private.framing import Purpose
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.identifiers import Normaliser
from stillwatch.sharing.private.node_store import NodeStore
from stillwatch.sharing.wire.credentials import Credentials
from stillwatch.sharing.wire.forum import ForumAuthority
from stillwatch.sharing.wire.signatures import sign_request

MEMBER = "urn:member:a"
PLANTED = "planted@secret.example.org"


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def credentials(tmp_path: Path, stillwatch: Runner) -> Credentials:
    forum = ForumAuthority.create(tmp_path / "forum", "trial", int(time.time()))
    made = forum.enrol(tmp_path / "a", MEMBER, ["member"], "a-1", int(time.time()))
    ran = stillwatch("keyholder", "init", tmp_path / "kh", "--forum", tmp_path / "forum", "--json")
    assert ran.code == 0, ran.err
    return made


@contextmanager
def served(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    command = [str(Path(sys.executable).with_name("stillwatch")), "keyholder", "serve"]
    with subprocess.Popen(
        [*command, str(folder), "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert "interrupt to stop" in process.stdout.readline()
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


async def reached(session: aiohttp.ClientSession, url: str) -> None:
    """Wait until the port listens."""
    for _ in range(400):
        try:
            async with session.get(f"{url}/log/checkpoint"):
                return
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.02)
    raise AssertionError


def with_remote(credentials: Credentials, port: int, work: object) -> None:
    url = f"https://127.0.0.1:{port}"

    def sign(method: str, uri: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
        return sign_request(credentials.key, method, uri, headers, body, int(time.time()))

    async def run() -> None:
        connector = aiohttp.TCPConnector(ssl=credentials.client_context())
        async with aiohttp.ClientSession(connector=connector) as session:
            await reached(session, url)
            await work(Remote(session, url, sign))  # type: ignore[operator]

    asyncio.run(run())


async def signed(remote: Remote, path: str) -> dict[str, list[dict[str, object]]]:
    uri = remote.base_url + path
    async with remote.session.get(uri, headers=remote.sign("GET", uri, {}, b"")) as response:
        assert response.status == 200, await response.text()
        found: dict[str, list[dict[str, object]]] = await response.json()
        return found


async def tags(remote: Remote, store: NodeStore) -> list[bytes]:
    listed = (await signed(remote, "/v1/keys"))["keys"]
    keys = {(key["type"], key["epoch"]): bytes.fromhex(str(key["public_key"])) for key in listed}
    epoch = Epoch.at(IdType.EMAIL, time.time())
    lookups = Lookups(remote, lambda found: keys[found.id_type.label, found.number], store)
    identifier = Normaliser().identifier("email", PLANTED)
    made = await lookups.tag_keys([identifier], epoch, Purpose.APPEAL_CHECK, 40_000)
    return [key.tag for key in made]


def test_a_member_looks_up_and_everyone_sees_how_much(
    tmp_path: Path, credentials: Credentials, port: int
) -> None:
    found: list[list[bytes]] = []

    async def work(remote: Remote) -> None:
        found.append(await tags(remote, NodeStore(tmp_path / f"node{len(found)}.sqlite")))
        opened = (await signed(remote, "/log/openings?first=0"))["openings"]
        events = [json.loads(str(one["event"])) for one in opened]
        batches = [event for event in events if "purpose" in event]
        assert len(batches) == len(found)
        assert batches[-1]["count"] == 64
        assert batches[-1]["purpose"] == "appeal-check"
        assert PLANTED not in json.dumps(opened)
        for path in ("/log/tile/../private/log.sqlite", "/log/tile/x", "/log/tile/0/../../x"):
            async with remote.session.get(remote.base_url + path) as response:
                assert response.status == 404
        async with remote.session.get(remote.base_url + "/log/openings") as response:
            assert response.status == 401

    with served(tmp_path / "kh", port) as process:
        with_remote(credentials, port, work)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(20)
        assert process.stdout is not None
        assert process.stdout.read() == ""
    with served(tmp_path / "kh", port):  # the same keys, the same log
        with_remote(credentials, port, work)
    assert found[0] == found[1]
    note = Note.parse((tmp_path / "kh" / "log" / "public" / "checkpoint").read_bytes())
    assert Checkpoint.parse(note.body).size >= len(IdType) + 2
    stored = b"".join(path.read_bytes() for path in (tmp_path / "kh").rglob("*") if path.is_file())
    assert b"planted" not in stored


def test_without_a_certificate_or_suspended_nothing_is_answered(
    tmp_path: Path, credentials: Credentials, port: int, stillwatch: Runner
) -> None:
    async def anonymous() -> None:
        connector = aiohttp.TCPConnector(ssl=False)
        async with aiohttp.ClientSession(connector=connector) as session:
            with pytest.raises(aiohttp.ClientError):
                async with session.get(f"https://127.0.0.1:{port}/v1/keys") as response:
                    await response.read()

    async def work(remote: Remote) -> None:
        await anonymous()
        with pytest.raises(SharingRefused) as caught:
            await tags(remote, NodeStore(tmp_path / "node.sqlite"))
        assert caught.value.code == "sw.quota.suspended"
        assert stillwatch("keyholder", "resume", tmp_path / "kh", MEMBER, "--json").code == 0
        assert len(await tags(remote, NodeStore(tmp_path / "node.sqlite"))) == 1

    assert stillwatch("keyholder", "suspend", tmp_path / "kh", MEMBER).code == 0
    with served(tmp_path / "kh", port):
        with_remote(credentials, port, work)


def test_a_folder_without_a_key_holder_is_said(tmp_path: Path, stillwatch: Runner) -> None:
    for words in (("serve",), ("suspend", MEMBER)):
        ran = stillwatch("keyholder", words[0], tmp_path, *words[1:])
        assert ran.code == 2
        assert "keyholder init" in ran.err
    ran = stillwatch("keyholder", "init", tmp_path / "kh", "--forum", tmp_path)
    assert ran.code == 2


def test_a_second_init_changes_nothing(
    tmp_path: Path, credentials: Credentials, stillwatch: Runner
) -> None:
    before = (tmp_path / "kh" / "log.key").read_bytes()
    ran = stillwatch("keyholder", "init", tmp_path / "kh", "--forum", tmp_path / "forum")
    assert ran.code == 2
    assert (tmp_path / "kh" / "log.key").read_bytes() == before
    assert ExternalError.exit_code == 3


def test_a_port_in_use_is_said(
    tmp_path: Path, credentials: Credentials, port: int, stillwatch: Runner
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        ran = stillwatch("keyholder", "serve", tmp_path / "kh", "--port", port)
    assert ran.code == 3
    assert f"127.0.0.1:{port}" in ran.err
