"""Shows the key holder's log to the forum: who looked up how much, and for what.

`GET /log/checkpoint` and `GET /log/tile/...` are the log's own files (C2SP tlog-tiles), for
witnesses. `GET /log/openings?first=N`, signed by a member, opens up to 1,000 leaves from N on: salt
and event of each, so that every member can hold the others' counts against the leaves. Once a
minute a checkpoint is published.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from aiohttp import web

from stillwatch.sharing.private.recurring import repeated

MOST_OPENED: Final = 1000
_PUBLISH_SECONDS: Final = 60
_TILE: Final = re.compile(r"(?:entries|[0-9]{1,2})/(?:x[0-9]{3}/)*[0-9]{3}(?:\.p/[0-9]{1,3})?")


class Opened(Protocol):
    """What opens a leaf."""

    @property
    def salt(self) -> bytes:
        """Random bytes."""
        ...

    @property
    def event(self) -> bytes:
        """JSON of the event."""
        ...


class PeerLog(Protocol):
    """A log whose leaves can be opened."""

    @property
    def size(self) -> int:
        """Leaves so far."""
        ...

    def opening(self, index: int) -> Opened | None:
        """Return what opens a leaf; None once it is erased."""
        ...


def show_log(
    app: web.Application,
    log: PeerLog,
    folder: Path,
    publish: Callable[[], object],
    member_of: Callable[[web.Request, bytes], str],
) -> None:
    """Add the log's routes to an application, and publish a checkpoint once a minute.

    Args:
        app: The key holder's.
        log: Opens leaves.
        folder: Where `checkpoint` and `tile/` are.
        publish: Publishes a checkpoint over all leaves so far.
        member_of: Says which member signed a request, or refuses.
    """

    async def openings(request: web.Request) -> web.Response:
        member_of(request, b"")
        first = request.query.get("first", "0")
        if not re.fullmatch("[0-9]{1,15}", first):
            raise web.HTTPBadRequest
        found = await asyncio.to_thread(_openings, log, int(first))
        return web.json_response({"openings": found, "size": log.size})

    show_tiles(app, folder, publish, _PUBLISH_SECONDS)
    app.router.add_get("/log/openings", openings)


def show_tiles(
    app: web.Application, folder: Path, publish: Callable[[], object], seconds: float
) -> None:
    """Add the log's public files to an application, and publish a checkpoint once a period.

    Args:
        app: Of the board or the key holder.
        folder: Where `checkpoint` and `tile/` are.
        publish: Publishes a checkpoint over all leaves so far.
        seconds: The period.
    """

    async def file(request: web.Request) -> web.StreamResponse:
        path = request.match_info.get("tile")
        if path is not None and not _TILE.fullmatch(path):
            raise web.HTTPNotFound
        found = folder / ("checkpoint" if path is None else f"tile/{path}")
        if not found.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(found, headers={"Content-Type": "application/octet-stream"})

    app.router.add_get("/log/checkpoint", file)
    app.router.add_get("/log/tile/{tile:.+}", file)
    app.cleanup_ctx.append(repeated(publish, seconds, "publishing a checkpoint"))


def _openings(log: PeerLog, first: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for leaf in range(first, min(first + MOST_OPENED, log.size)):
        found = log.opening(leaf)
        if found is not None:
            rows.append({"leaf": leaf, "salt": found.salt.hex(), "event": found.event.decode()})
    return rows
