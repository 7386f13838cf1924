"""Lets requests of members in: certificate and signature must be of one member, not revoked.

Refusals are raised as `SharingRefused`; a middleware outside of these turns them into answers in
the server's own form.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.contracts import RequestVerifier
from stillwatch.sharing.wire.certificates import member_named_in
from stillwatch.sharing.wire.register import Register
from stillwatch.sharing.wire.signatures import SigningKey, sign_response

MEMBER: Final = web.RequestKey("stillwatch.member", str)
"""Where a handler finds the id of the member that asks."""


def members_only(verifier: RequestVerifier, register: Register, origin: str) -> Middleware:
    """Return a middleware that names the member of every request, or refuses it.

    Args:
        verifier: Checks the signature.
        register: The members.
        origin: Scheme, host and port of this server as members write them; the `Host` field of a
            request is not believed.
    """

    @web.middleware
    async def named(request: web.Request, handler: Handler) -> web.StreamResponse:
        certified = member_named_in(request.get_extra_info("peercert"))
        register.active(certified)
        body = await request.read()
        uri = origin.rstrip("/") + request.raw_path
        signer = verifier.verify(request.method, uri, request.headers, body)
        if not hmac.compare_digest(signer.encode(), certified.encode()):
            hint = "sign with a key of the member whose certificate is shown"
            message = "certificate and signature are of different members"
            raise SharingRefused(message, hint, "sw.member.mismatch")
        request[MEMBER] = certified
        return await handler(request)

    return named


def signed_responses(key: SigningKey, clock: Callable[[], float]) -> Middleware:
    """Return a middleware that signs answers to signed requests; it must be the outermost.

    Streamed answers have no digest beforehand and stay unsigned: their content is verified by
    itself. Compression would change what was signed and must stay off.

    Args:
        key: The server's signing key.
        clock: Unix seconds.
    """

    @web.middleware
    async def signed(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        asked = request.headers.getall("Signature", [])
        body = response.body or b"" if isinstance(response, web.Response) else None
        if len(asked) == 1 and asked[0].isascii() and isinstance(body, bytes | bytearray):
            asked_with = {"Signature": asked[0]}
            now = int(clock())
            response.headers.update(
                sign_response(key, response.status, bytes(body), asked_with, now)
            )
        return response

    return signed
