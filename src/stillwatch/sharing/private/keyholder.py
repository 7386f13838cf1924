"""The key holder's service: evaluates blinded elements, and sees nothing but how many.

`POST /v1/evaluate` (see `framing`) and `GET /v1/keys`, both signed. Each batch is held against the
member's quota, enters the log, and only then is evaluated. Nothing a client sends is logged: a
fault is logged by the name of its kind and an id.

Answers: 400 a body that is no batch, 401 no valid signature, 403 suspended, or a certificate of
another member, 404 an epoch not begun, 410 an epoch over, 413 too large, 429 quota spent, 503
busy, or the disk or the log failed; the last two with Retry-After. Error bodies are JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Final

from aiohttp import web

from stillwatch.core.errors import ExternalError, InputError, SharingRefused
from stillwatch.sharing.contracts import LeafKind, LeafLog, RequestVerifier
from stillwatch.sharing.private.epochs import EpochKeys, EpochOver
from stillwatch.sharing.private.framing import MEDIA_TYPE, MOST_REQUEST_BYTES, Answer, Request
from stillwatch.sharing.private.quotas import Quotas, QuotaSpent

MOST_WAITING: Final = 64
"""Batches that may wait for a processor; more are sent away."""
_ROTATE_SECONDS: Final = 60
_BUSY_SECONDS: Final = 1
_FAULT_SECONDS: Final = 30
_LOG: Final = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The service; `application` makes it one of aiohttp.

    Attributes:
        keys: The keys.
        quotas: What members may still look up.
        log: Where every batch is logged before it is evaluated.
        verifier: Says which member signed a request.
        pseudonym: The pseudonym of a member in the log, 16 bytes.
        base_url: What members ask for, such as `https://keys.example.org`; signatures cover it.
            Never taken from a request, or one signed for another service would count here.
    """

    keys: EpochKeys
    quotas: Quotas
    log: LeafLog
    verifier: RequestVerifier
    pseudonym: Callable[[str], bytes]
    base_url: str

    def application(self) -> web.Application:
        """Return the aiohttp application; it rotates keys once a minute."""
        app = web.Application(middlewares=[_errors], client_max_size=MOST_REQUEST_BYTES)
        room = _Room(os.cpu_count() or 1, MOST_WAITING)

        async def evaluate(request: web.Request) -> web.Response:
            if (request.content_length or 0) > MOST_REQUEST_BYTES:
                raise _TooLarge
            body = await request.read()
            member = self.member_of(request, body)
            async with room.place():
                answer = await asyncio.to_thread(self.answer, member, body)
            return web.Response(body=answer, content_type=MEDIA_TYPE)

        async def keys(request: web.Request) -> web.Response:
            self.member_of(request, b"")
            listing = await asyncio.to_thread(self.keys.listing)
            return web.json_response({"keys": [asdict(key) for key in listing]})

        app.router.add_post("/v1/evaluate", evaluate)
        app.router.add_get("/v1/keys", keys)
        app.cleanup_ctx.append(self._rotating)
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

    def member_of(self, request: web.Request, body: bytes) -> str:
        """Return the member that signed a request.

        Raises:
            SharingRefused: No valid signature, or a certificate of another member.
        """
        uri = self.base_url + str(request.rel_url)
        try:
            member = self.verifier.verify(request.method, uri, request.headers, body)
        except SharingRefused as refused:
            raise _Unsigned(refused.message, refused.hint, refused.code) from None
        certificate = request.transport and request.transport.get_extra_info("peercert")
        if certificate and ("URI", member) not in certificate.get("subjectAltName", ()):
            raise SharingRefused(
                "the certificate and the signature are of different members",
                code="sw.auth.certificate",
            )
        return member

    async def _rotating(self, app: web.Application) -> AsyncIterator[None]:
        del app
        await asyncio.to_thread(self.keys.rotate)

        async def forever() -> None:
            while True:
                await asyncio.sleep(_ROTATE_SECONDS)
                try:
                    await asyncio.to_thread(self.keys.rotate)
                except ExternalError as error:
                    _LOG.error("keys were not rotated: %s", error.message)

        task = asyncio.create_task(forever())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class _Unsigned(SharingRefused):
    """The verifier refused the request."""


class _TooLarge(Exception):  # noqa: N818
    """The body is larger than any batch."""


class _Busy(Exception):  # noqa: N818
    """Too many batches wait."""


class _Room:
    """So many batches at once, so many more that wait."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._most, self._inside = at_once + waiting, 0
        self._free = asyncio.Semaphore(at_once)

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        if self._inside >= self._most:
            raise _Busy
        self._inside += 1
        try:
            async with self._free:
                yield
        finally:
            self._inside -= 1


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever fails into an answer that repeats nothing of the request."""
    try:
        return await handler(request)
    except (_TooLarge, web.HTTPRequestEntityTooLarge):
        return _refusal(413, "sw.too_large", "larger than any batch")
    except web.HTTPException as error:
        return _refusal(error.status, f"sw.http.{error.status}", error.reason)
    except _Busy:
        return _refusal(503, "sw.busy", "too many batches wait", _BUSY_SECONDS)
    except InputError as error:
        return _refusal(400, "sw.batch", error.message)
    except SharingRefused as refused:
        retry = refused.retry_after_seconds if isinstance(refused, QuotaSpent) else None
        return _refusal(_status(refused), refused.code, refused.message, retry)
    except ExternalError as error:
        _LOG.error("evaluation failed: %s", error.message)
        return _refusal(503, "sw.unavailable", "nothing was evaluated; retry", _FAULT_SECONDS)
    except Exception as error:
        error_id = secrets.token_hex(8)
        _LOG.error("unexpected %s, id %s", type(error).__name__, error_id)
        return _refusal(500, "sw.internal", f"unexpected; id {error_id}")


def _status(refused: SharingRefused) -> int:
    if isinstance(refused, _Unsigned):
        return 401
    if isinstance(refused, QuotaSpent):
        return 429
    if isinstance(refused, EpochOver):
        return 410
    return {"sw.epoch.not_begun": 404, "sw.id.type": 400}.get(refused.code, 403)


def _refusal(
    status: int, code: str, title: str, retry_seconds: int | None = None
) -> web.StreamResponse:
    headers = {} if retry_seconds is None else {"Retry-After": str(retry_seconds)}
    body = {"title": title, "error_code": code, "http_status": str(status)}
    return web.json_response(body, status=status, headers=headers)
