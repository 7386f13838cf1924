"""A board on loopback with stand-ins for signatures and log, and a plain client."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from stix.samples import AUDIENCE, NOW

from stillwatch.core.errors import ExternalError, SharingRefused
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.governance.gate import FieldGate
from stillwatch.sharing.governance.legal_basis import LegalBasis, Register
from stillwatch.sharing.taxii.app import Service, make_app
from stillwatch.sharing.taxii.auth import TokenVerifier
from stillwatch.sharing.taxii.board import Board
from stillwatch.sharing.taxii.collections import CAMPAIGNS
from stillwatch.sharing.taxii.cursor import Cursors
from stillwatch.sharing.taxii.members import COMPATIBILITY_ROOT, MAIN_ROOT, Members
from stillwatch.sharing.taxii.serving import HTTP_LOG
from stillwatch.sharing.taxii.tables import open_engine

TAXII = "application/taxii+json;version=2.1"
REGISTER = Register(
    [LegalBasis("lb-trial", "trial", "none", date(2026, 1, 1), date(2027, 12, 31), "counsel")]
)
MEMBERS = ("alpha", "beta", "gamma")


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@dataclass
class Log:
    """A stand-in for the transparency log."""

    leaves: list[tuple[LeafKind, bytes, dict[str, Any]]] = field(default_factory=list)
    broken: bool = False

    def append(self, kind: LeafKind, pseudonym: bytes, event: Mapping[str, object]) -> int:
        if self.broken:
            raise ExternalError("the log failed")
        self.leaves.append((kind, pseudonym, dict(event)))
        return len(self.leaves) - 1


class Named:
    """A stand-in for signatures: believes a header."""

    def verify(self, method: str, target_uri: str, headers: Mapping[str, str], body: bytes) -> str:
        member = {name.lower(): value for name, value in headers.items()}.get("x-member")
        if member is None:
            raise SharingRefused("no signature", "", "sw.unauthorised")
        return member


@dataclass
class Answered:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Forum:
    """A board that serves in a thread of its own."""

    def __init__(self, url: str, clock: Clock | None = None, **service: Any) -> None:
        self.clock = clock or Clock()
        self.log = Log()
        self.board = Board(open_engine(url), FieldGate(REGISTER), self.log, b"k" * 32, self.clock)
        self.members = Members(self.board.engine)
        self.tokens = {member: self.members.add(member) for member in MEMBERS}
        self.members.set_audience(AUDIENCE, ["alpha", "beta"])
        self.app = make_app(
            Service(
                board=self.board,
                members=self.members,
                cursors=Cursors(b"c" * 32),
                verifiers={
                    MAIN_ROOT: Named(),
                    COMPATIBILITY_ROOT: TokenVerifier(self.members),
                },
                **service,
            )
        )
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._local = threading.local()

    def __enter__(self) -> Forum:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self.board.close()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = web.AppRunner(self.app, access_log=None, logger=HTTP_LOG)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0, shutdown_timeout=1)
        self._loop.run_until_complete(site.start())
        self.port = runner.addresses[0][1]
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def request(
        self, method: str, path: str, member: str | None = "alpha", body: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answered:  # fmt: skip
        sent: dict[str, str | None] = {"Accept": TAXII, "X-Member": member, **(headers or {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {k: v for k, v in sent.items() if v is not None})
            answer = connection.getresponse()
            return Answered(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path: str, member: str = "alpha", **params: object) -> Answered:
        """GET below the main root; a parameter `match_id` is `match[id]`."""
        named = {
            f"match[{name[6:]}]" if name.startswith("match_") else name: value
            for name, value in params.items()
        }
        query = f"?{urlencode(named)}" if named else ""
        return self.request("GET", f"/{MAIN_ROOT}/{path}{query}", member)

    def objects(self, collection: str = CAMPAIGNS.id, member: str = "alpha", **params: object
                ) -> Answered:  # fmt: skip
        return self.get(f"collections/{collection}/objects/", member, **params)

    def manifest(self, collection: str = CAMPAIGNS.id, member: str = "alpha", **params: object
                 ) -> Answered:  # fmt: skip
        return self.get(f"collections/{collection}/manifest/", member, **params)

    def post(
        self, objects: object, collection: str = CAMPAIGNS.id, member: str = "alpha"
    ) -> Answered:
        body = json.dumps({"objects": objects}).encode()
        path = f"/{MAIN_ROOT}/collections/{collection}/objects/"
        return self.request("POST", path, member, body, {"Content-Type": TAXII})

    def share(
        self, objects: list[dict[str, object]], collection: str = CAMPAIGNS.id,
        member: str = "alpha",
    ) -> None:  # fmt: skip
        """Post and expect that all is taken."""
        answer = self.post(objects, collection, member)
        assert answer.status == 202, answer.body
        assert answer.json["failure_count"] == 0, answer.json["failures"][:3]

    def walk(self, path: str, member: str = "alpha", **params: object) -> Iterator[Answered]:
        """Follow `next` to the end."""
        while True:
            answer = self.get(path, member, **params)
            assert answer.status == 200, answer.body
            yield answer
            if not answer.json.get("more"):
                return
            params["next"] = answer.json["next"]

    def basic(self, member: str) -> str:
        return "Basic " + base64.b64encode(f"{member}:{self.tokens[member]}".encode()).decode()


@contextmanager
def forum(folder: Path, **service: Any) -> Iterator[Forum]:
    with Forum(f"sqlite:///{folder / 'board.db'}", **service) as opened:
        yield opened


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]
