"""The key holder's service: evaluates blinded elements, and sees nothing but how many.

`POST /v1/evaluate` (see `framing`) and `GET /v1/keys`, both signed. Each batch is held against the
member's quota, enters the log, and only then is evaluated.

Answers: 400 a body that is no batch, 401 no valid signature, 403 suspended, or a certificate of
another member, 404 an epoch not begun, 410 an epoch over, 413 too large, 429 quota spent, 503
busy, or the disk or the log failed; the last two with Retry-After.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from typing import Final

from aiohttp import web

from stillwatch.core.errors import ExternalError
from stillwatch.sharing.contracts import LeafKind, LeafLog
from stillwatch.sharing.private.answers import Busy, Members, bounded_body, refusals
from stillwatch.sharing.private.epochs import EpochKeys
from stillwatch.sharing.private.framing import MEDIA_TYPE, MOST_REQUEST_BYTES, Answer, Request
from stillwatch.sharing.private.quotas import Quotas
from stillwatch.sharing.private.recurring import repeated

MOST_WAITING: Final = 64
"""Batches that may wait for a processor; more are sent away."""
_ROTATE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The service; `application` makes it one of aiohttp.

    Attributes:
        keys: The keys.
        quotas: What members may still look up.
        log: Where every batch is logged before it is evaluated.
        members: Says which member asks.
        pseudonym: The pseudonym of a member in the log, 16 bytes.
    """

    keys: EpochKeys
    quotas: Quotas
    log: LeafLog
    members: Members
    pseudonym: Callable[[str], bytes]

    def application(self) -> web.Application:
        """Return the aiohttp application; it rotates keys once a minute."""
        app = web.Application(middlewares=[refusals], client_max_size=MOST_REQUEST_BYTES)
        room = _Room(os.cpu_count() or 1, MOST_WAITING)

        async def evaluate(request: web.Request) -> web.Response:
            body = await bounded_body(request, MOST_REQUEST_BYTES)
            member = self.members.of(request, body)
            async with room.place():
                answer = await asyncio.to_thread(self.answer, member, body)
            return web.Response(body=answer, content_type=MEDIA_TYPE)

        async def keys(request: web.Request) -> web.Response:
            self.members.of(request, b"")
            listing = await asyncio.to_thread(self.keys.listing)
            return web.json_response({"keys": [asdict(key) for key in listing]})

        app.router.add_post("/v1/evaluate", evaluate)
        app.router.add_get("/v1/keys", keys)
        app.cleanup_ctx.append(repeated(self.keys.rotate, _ROTATE_SECONDS, "rotating keys"))
        return app

    def answer(self, member: str, body: bytes) -> bytes:
        """Evaluate one batch of a member.

        Raises:
            InputError: The body is no batch.
            SharingRefused: Its epoch is over or not begun, or the quota refuses it.
            ExternalError: The disk or the log failed; nothing was evaluated, no quota used.
        """
        request = Request.decode(body)
        epoch, count = request.epoch, len(request.elements)
        evaluator = self.keys.evaluator(epoch)
        evaluator.check(request.elements)
        day = self.quotas.take(member, epoch.id_type, count)
        event = {
            "type": epoch.id_type.label,
            "epoch": epoch.number,
            "purpose": request.purpose.label,
            "count": count,
            "root": request.root.hex(),
        }
        try:
            leaf = self.log.append(LeafKind.LOOKUP_BATCH, self.pseudonym(member), event)
        except ExternalError:
            self.quotas.give_back(member, epoch.id_type, count, day)
            raise
        return Answer.encode(leaf, count, evaluator.evaluate(request.elements))


class _Room:
    """So many batches at once, so many more that wait."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._most, self._inside = at_once + waiting, 0
        self._free = asyncio.Semaphore(at_once)

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        if self._inside >= self._most:
            raise Busy
        self._inside += 1
        try:
            async with self._free:
                yield
        finally:
            self._inside -= 1
