"""The board's tag store over HTTP, and a node's view of it. Every request is signed.

`POST /tags/rows?campaign=ID`, joined rows of one set: answers JSON `set_root`, `row_first`,
`row_last`. `GET /tags/TYPE/EPOCH/rows/SEQ` (those after it), `.../tags/PLACE` (from there on) and
`.../pages/NUMBER`: binary, as `mirror.RowSource` says. Each answer with rows is logged as a pull,
with its count.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

from stillwatch.core.errors import ExternalError
from stillwatch.sharing.contracts import LeafKind, LeafLog
from stillwatch.sharing.private.answers import Members, bounded_body
from stillwatch.sharing.private.asking import Signer, ask
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.mirror import PAGE_ROWS
from stillwatch.sharing.private.records import TAG_BYTES
from stillwatch.sharing.private.recurring import repeated
from stillwatch.sharing.private.rows import ROW_BYTES
from stillwatch.sharing.private.tag_store import MOST_AT_ONCE, MOST_ROWS, TagStore

if TYPE_CHECKING:
    import aiohttp

MEDIA_TYPE: Final = "application/vnd.stillwatch.rows"
MOST_BYTES: Final = MOST_ROWS * ROW_BYTES
"""The application that these routes are added to has to allow bodies of this size."""
_PURGE_SECONDS: Final = 3600
_NUMBER: Final = re.compile("[0-9]{1,19}")
CAMPAIGN: Final = re.compile(r"[a-z0-9-]{1,80}")

Read = Callable[[Epoch, int], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class TagBoard:
    """The board's side.

    Attributes:
        store: The rows.
        log: Where pulls are logged.
        members: Says which member asks.
        pseudonym: The pseudonym of a member in a campaign, 16 bytes.
    """

    store: TagStore
    log: LeafLog
    members: Members
    pseudonym: Callable[[str, str], bytes]

    def add_to(self, app: web.Application) -> None:
        """Add the routes to an application, and purge epochs that are over once an hour."""
        store = self.store
        app.router.add_post("/tags/rows", self._post)
        for path, row_bytes, read in (
            ("rows/{at}", ROW_BYTES, store.rows),
            ("tags/{at}", TAG_BYTES, store.tags),
            ("pages/{at}", ROW_BYTES, store.page),
        ):
            app.router.add_get("/tags/{type}/{epoch}/" + path, self._get(read, row_bytes))
        app.cleanup_ctx.append(repeated(store.purge, _PURGE_SECONDS, "purging tags"))

    async def _post(self, request: web.Request) -> web.Response:
        body = await bounded_body(request, MOST_BYTES)
        member = self.members.of(request, body)
        campaign = request.query.get("campaign", "")
        if not CAMPAIGN.fullmatch(campaign):
            raise web.HTTPBadRequest
        pseudonym = self.pseudonym(member, campaign)
        accepted = await asyncio.to_thread(self.store.add, pseudonym, body)
        last = accepted.first + accepted.count - 1
        return web.json_response(
            {"set_root": accepted.root.hex(), "row_first": accepted.first, "row_last": last}
        )

    def _get(self, read: Read, row_bytes: int) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handler(request: web.Request) -> web.Response:
            member = self.members.of(request, b"")
            id_type = IdType.named(request.match_info["type"])
            epoch = Epoch(id_type, _number(request.match_info["epoch"]))
            data = await read(epoch, _number(request.match_info["at"]))
            if data:
                event = {
                    "type": id_type.label,
                    "epoch": epoch.number,
                    "count": len(data) // row_bytes,
                }
                pseudonym = self.pseudonym(member, "pull")
                await asyncio.to_thread(self.log.append, LeafKind.PULL, pseudonym, event)
            return web.Response(body=data, content_type=MEDIA_TYPE)

        return handler


@dataclass(frozen=True, slots=True)
class RemoteRows:
    """A node's side: posts sets, and is a `mirror.RowSource`.

    Attributes:
        session: Carries TLS and the client certificate.
        base_url: Of the board, such as `https://board.example.org`.
        sign: Signs requests.
    """

    session: aiohttp.ClientSession
    base_url: str
    sign: Signer

    async def post(self, campaign: str, data: bytes) -> dict[str, object]:
        """Post the joined rows of a set; the same set again is no error and stored once.

        Returns:
            `set_root`, `row_first` and `row_last`, as the board numbered the set.

        Raises:
            SharingRefused: The board refused the set; the code says why.
            ExternalError: The board cannot be reached, or failed: post it again.
        """
        uri = f"{self.base_url}/tags/rows?campaign={campaign}"
        answer = await ask(self.session, self.sign, "POST", uri, 4096, data, MEDIA_TYPE)
        try:
            found = json.loads(answer)
            return {
                "set_root": str(found["set_root"]),
                "row_first": int(found["row_first"]),
                "row_last": int(found["row_last"]),
            }
        except (ValueError, TypeError, KeyError):
            raise ExternalError("the board's answer cannot be read", "report it") from None

    async def rows(self, epoch: Epoch, after_seq: int) -> bytes:
        """Return rows with a larger `seq`; see `mirror.RowSource`."""
        return await self._get(epoch, f"rows/{after_seq}", MOST_AT_ONCE * ROW_BYTES)

    async def tags(self, epoch: Epoch, first_place: int) -> bytes:
        """Return tags from a place on; see `mirror.RowSource`."""
        return await self._get(epoch, f"tags/{first_place}", MOST_AT_ONCE * TAG_BYTES)

    async def page(self, epoch: Epoch, number: int) -> bytes:
        """Return the rows of one page; see `mirror.RowSource`."""
        return await self._get(epoch, f"pages/{number}", PAGE_ROWS * ROW_BYTES)

    async def _get(self, epoch: Epoch, path: str, most_bytes: int) -> bytes:
        uri = f"{self.base_url}/tags/{epoch.id_type.label}/{epoch.number}/{path}"
        return await ask(self.session, self.sign, "GET", uri, most_bytes)


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise web.HTTPNotFound
    return int(text)
