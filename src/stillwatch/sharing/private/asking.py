"""One signed request to a service of the forum, and what its refusals mean."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from stillwatch.core.errors import ExternalError, SharingRefused
from stillwatch.sharing.private.refused import EpochOver, QuotaSpent

if TYPE_CHECKING:
    import aiohttp

Signer = Callable[[str, str, Mapping[str, str], bytes], Mapping[str, str]]
"""Takes method, URI, header fields and body; returns the fields of the signature, to be added."""

_DONE: Final = (200, 202)
_CODE: Final = re.compile(r"sw(\.[a-z0-9_-]{1,40}){1,4}")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered.

    Attributes:
        body: The body.
        headers: Header fields; names in any case.
    """

    body: bytes
    headers: Mapping[str, str]


async def ask(
    session: aiohttp.ClientSession,
    sign: Signer,
    method: str,
    uri: str,
    most_bytes: int,
    body: bytes = b"",
    media_type: str = "",
) -> bytes:
    """Send a signed request and return the body of its answer; see `asked`."""
    reply = await asked(session, sign, method, uri, most_bytes, body, media_type)
    return reply.body


async def asked(
    session: aiohttp.ClientSession,
    sign: Signer,
    method: str,
    uri: str,
    most_bytes: int,
    body: bytes = b"",
    media_type: str = "",
) -> Reply:
    """Send a signed request and return its answer.

    Args:
        session: Carries TLS and the client certificate.
        sign: Signs requests.
        method: HTTP method, upper case.
        uri: The whole URI, percent-encoded as it goes out.
        most_bytes: No answer is longer.
        body: What to send, if anything.
        media_type: Of the body.

    Raises:
        EpochOver: The epoch is over.
        QuotaSpent: The day's quota does not reach.
        SharingRefused: The service refused; the code says why.
        ExternalError: It cannot be reached, failed, or answered more than any answer has.
    """
    import aiohttp  # noqa: PLC0415 (slow to load)

    headers = {"Content-Type": media_type} if body else {}
    headers |= sign(method, uri, headers, body)
    try:
        async with session.request(
            method,
            uri,
            data=io.BytesIO(body) if body else None,
            headers=headers,
            allow_redirects=False,
        ) as response:
            answer = await _bounded(response.content, most_bytes)
            status, fields = response.status, response.headers
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ExternalError(
            f"the service cannot be reached: {type(error).__name__}", "retry later"
        ) from None
    if status not in _DONE:
        raise _refusal(status, answer, fields.get("Retry-After", ""))
    return Reply(answer, fields)


async def _bounded(content: aiohttp.StreamReader, most_bytes: int) -> bytes:
    found = bytearray()
    async for chunk in content.iter_any():
        found += chunk
        if len(found) > most_bytes:
            raise ExternalError("the answer is larger than any answer", "ask the operator")
    return bytes(found)


def _refusal(status: int, body: bytes, retry_after: str) -> SharingRefused | ExternalError:
    """Read a refusal; nothing of it but a code of the known form reaches a user."""
    import orjson  # noqa: PLC0415

    try:
        code = orjson.loads(body)["error_code"]
    except (ValueError, TypeError, KeyError):
        code = ""
    code = code if isinstance(code, str) and _CODE.fullmatch(code) else "sw.refused"
    if status == 410:
        return EpochOver("the epoch is over", "use the current epoch", code)
    if status == 429:
        return QuotaSpent(int(retry_after) if retry_after.isdecimal() else 0)
    if status >= 500:
        return ExternalError(f"the service failed: {status}, {code}", "retry later")
    return SharingRefused(f"the service refused: {status}, {code}", code=code)
