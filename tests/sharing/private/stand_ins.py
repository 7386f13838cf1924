"""Plain stand-ins for the log, the verifier, the clock and the board's rows."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from stillwatch.core.errors import ExternalError, SharingRefused
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.private.answers import Members
from stillwatch.sharing.private.client import Lookups, Remote
from stillwatch.sharing.private.epochs import EpochKeys
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.keyholder import KeyHolder
from stillwatch.sharing.private.node_store import NodeStore
from stillwatch.sharing.private.quotas import DAILY, Quotas
from stillwatch.sharing.private.rows import ROW_BYTES, read_rows

NOW = 1_772_409_600  # 2 March 2026, 00:00 UTC


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class ListLog:
    leaves: list[tuple[LeafKind, bytes, dict[str, object]]] = field(default_factory=list)
    broken: bool = False

    def append(self, kind: LeafKind, pseudonym: bytes, event: Mapping[str, object]) -> int:
        if self.broken:
            raise ExternalError("the log's disk is full", "retry")
        self.leaves.append((kind, pseudonym, dict(event)))
        return len(self.leaves) - 1

    def of(self, kind: LeafKind) -> list[dict[str, object]]:
        return [event for found, _, event in self.leaves if found is kind]


class NameVerifier:
    """Trusts a header, if the URI and the body are those that were signed."""

    def verify(self, method: str, target_uri: str, headers: Mapping[str, str], body: bytes) -> str:
        digest = hashlib.sha256(f"{method} {target_uri} ".encode() + body).hexdigest()
        if headers.get("X-Signed") != digest:
            raise SharingRefused("the signature is wrong", code="sw.auth.signature")
        return headers["X-Member"]


def sign_as(member: str) -> Callable[[str, str, Mapping[str, str], bytes], dict[str, str]]:
    def sign(method: str, uri: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        digest = hashlib.sha256(f"{method} {uri} ".encode() + body).hexdigest()
        return {"X-Signed": digest, "X-Member": member}

    return sign


def pseudonym(member: str) -> bytes:
    return hashlib.sha256(member.encode()).digest()[:16]


@dataclass
class Setting:
    """A key holder on loopback and members who ask it."""

    folder: Path
    daily: Mapping[IdType, int] = field(default_factory=lambda: DAILY)
    clock: Clock = field(default_factory=Clock)
    log: ListLog = field(default_factory=ListLog)

    def __post_init__(self) -> None:
        self.keys = EpochKeys(self.folder / "keys", self.log, self.clock)
        self.quotas = Quotas(self.folder / "quotas.sqlite", self.clock, self.daily)
        self.members = Members(NameVerifier(), "http://127.0.0.1:1")
        self.holder = KeyHolder(self.keys, self.quotas, self.log, self.members, pseudonym)
        self.uri = ""
        self.application: Callable[[], web.Application] = self.holder.application

    def run(self, work: Callable[[aiohttp.ClientSession], Awaitable[object]]) -> None:
        async def serve() -> None:
            server = TestServer(self.application())
            await server.start_server()
            self.uri = str(server.make_url("")).rstrip("/")
            object.__setattr__(self.members, "base_url", self.uri)
            try:
                async with aiohttp.ClientSession() as session:
                    await work(session)
            finally:
                await server.close()

        asyncio.run(serve())

    def lookups(self, session: aiohttp.ClientSession, member: str) -> Lookups:
        store = NodeStore(self.folder / f"{member}.sqlite")
        return Lookups(Remote(session, self.uri, sign_as(member)), self.witnessed, store)

    def witnessed(self, epoch: Epoch) -> bytes:
        for event in self.log.of(LeafKind.EPOCH_KEY_PUBLISHED):
            if (event["type"], event["epoch"]) == (epoch.id_type.label, epoch.number):
                return bytes.fromhex(str(event["public_key"]))
        raise AssertionError(epoch)


@dataclass
class ListSource:
    """Rows of one epoch in memory."""

    data: bytes
    pages: list[int] = field(default_factory=list)

    async def rows(self, epoch: Epoch, after_seq: int) -> bytes:
        rows = read_rows(self.data)
        return rows[rows["seq"] > after_seq][:7].tobytes()

    async def tags(self, epoch: Epoch, first_place: int) -> bytes:
        return read_rows(self.data)["tag"][first_place : first_place + 300].tobytes()

    async def page(self, epoch: Epoch, number: int) -> bytes:
        self.pages.append(number)
        return self.data[number * 256 * ROW_BYTES : (number + 1) * 256 * ROW_BYTES]
