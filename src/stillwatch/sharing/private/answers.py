"""Who asks, and what a service answers when it refuses or fails.

Error bodies are JSON and repeat nothing of the request. Nothing a client sent is logged: a fault
is logged by the name of its kind and an id.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from stillwatch.core.errors import ExternalError, InputError, SharingRefused
from stillwatch.sharing.contracts import RequestVerifier
from stillwatch.sharing.private.refused import EpochOver, QuotaSpent

BUSY_SECONDS: Final = 1
FAULT_SECONDS: Final = 30
_LOG: Final = logging.getLogger(__name__)
_STATUS: Final = {"sw.epoch.not_begun": 404, "sw.id.type": 400}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Members:
    """Says which member asks.

    Attributes:
        verifier: Checks signatures.
        base_url: What members ask for, such as `https://keys.example.org`; signatures cover it.
            Never taken from a request, or one signed for another service would count here.
    """

    verifier: RequestVerifier
    base_url: str

    def of(self, request: web.Request, body: bytes) -> str:
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


async def bounded_body(request: web.Request, most: int) -> bytes:
    """Return the body, without reading one that announces more than it may have.

    Raises:
        TooLarge: It has, or announces, more bytes.
    """
    if (request.content_length or 0) > most:
        raise TooLarge
    return await request.read()


class _Unsigned(SharingRefused):
    """The verifier refused the request."""


class TooLarge(Exception):  # noqa: N818
    """The body is larger than any that is served."""


class Busy(Exception):  # noqa: N818
    """Too many requests wait."""


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever fails into an answer that repeats nothing of the request."""
    try:
        return await handler(request)
    except (TooLarge, web.HTTPRequestEntityTooLarge):
        return _refusal(413, "sw.too_large", "larger than anything served")
    except web.HTTPException as error:
        return _refusal(error.status, f"sw.http.{error.status}", error.reason)
    except Busy:
        return _refusal(503, "sw.busy", "too many requests wait", BUSY_SECONDS)
    except InputError as error:
        return _refusal(400, "sw.body", error.message)
    except SharingRefused as refused:
        retry = refused.retry_after_seconds if isinstance(refused, QuotaSpent) else None
        return _refusal(_status(refused), refused.code, refused.message, retry)
    except ExternalError as error:
        _LOG.error("a request failed: %s", error.message)
        return _refusal(503, "sw.unavailable", "nothing was done; retry", FAULT_SECONDS)
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
    return _STATUS.get(refused.code, 403)


def _refusal(
    status: int, code: str, title: str, retry_seconds: int | None = None
) -> web.StreamResponse:
    headers = {} if retry_seconds is None else {"Retry-After": str(retry_seconds)}
    body = {"title": title, "error_code": code, "http_status": str(status)}
    return web.json_response(body, status=status, headers=headers)
