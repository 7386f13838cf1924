"""The HTTP face: TAXII 2.1 endpoints over a board.

Source: OASIS, TAXII Version 2.1, sections 3 to 5.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import orjson
from aiohttp import web

from stillwatch.core.errors import ExternalError, SharingRefused
from stillwatch.sharing.contracts import RequestVerifier
from stillwatch.sharing.stix.strict_json import parse as parse_json
from stillwatch.sharing.taxii import filters as query
from stillwatch.sharing.taxii.answers import (
    api_root,
    collection_resource,
    discovery,
    envelope,
    manifest,
    page_headers,
    versions,
)
from stillwatch.sharing.taxii.board import Board
from stillwatch.sharing.taxii.collections import COLLECTIONS
from stillwatch.sharing.taxii.cursor import Cursors, view_of
from stillwatch.sharing.taxii.doorbell import Doorbell
from stillwatch.sharing.taxii.errors import Answer, not_found
from stillwatch.sharing.taxii.media import TAXII, accepts, is_taxii
from stillwatch.sharing.taxii.members import COMPATIBILITY_ROOT, MAIN_ROOT, Members
from stillwatch.sharing.taxii.quota import OBJECTS_PER_HOUR, Quota
from stillwatch.sharing.taxii.visibility import Viewer

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MAX_CONTENT_BYTES: Final = 16 * 2**20
MAX_OBJECTS: Final = 10_000
MAX_PAGE: Final = 1000
DEFAULT_PAGE: Final = 100

_LOG: Final = logging.getLogger(__name__)
_ITEMS: Final = {"objects": envelope, "object": envelope, "manifest": manifest,
                 "versions": versions}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Service:
    """What the endpoints stand on.

    Attributes:
        board: The objects.
        members: Who may see them.
        cursors: Seals paging cursors.
        verifiers: By API root: who says which member asks.
        objects_per_hour: What each member may post.
    """

    board: Board
    members: Members
    cursors: Cursors
    verifiers: Mapping[str, RequestVerifier]
    objects_per_hour: int = OBJECTS_PER_HOUR


def make_app(service: Service) -> web.Application:
    """Return the application; its errors are TAXII error objects, whatever fails."""
    app = web.Application(middlewares=[_answered], client_max_size=MAX_CONTENT_BYTES)
    face = _Endpoints(service)
    root = "/{root:" + "|".join(service.verifiers) + "}"
    place = root + "/collections/{collection}"
    one = place + "/objects/{id}"
    routes: list[tuple[str, str, Handler]] = [
        ("GET", "/taxii2", face.discovery),
        ("GET", root, face.api_root),
        ("GET", root + "/status/{id}", face.status),
        ("GET", root + "/collections", face.collections),
        ("GET", place, face.collection),
        ("GET", place + "/manifest", face.page("manifest")),
        ("GET", place + "/objects", face.page("objects")),
        ("POST", place + "/objects", face.post),
        ("GET", one, face.page("object")),
        ("DELETE", one, face.delete),
        ("GET", one + "/versions", face.page("versions")),
    ]
    for method, path, handler in routes:
        for slash in ("/", ""):
            app.router.add_route(method, path + slash, handler)
    app.on_cleanup.append(face.close)
    return app


@web.middleware
async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Answer as answer:
        return _error(answer)
    except web.HTTPException as error:
        return _error(_plain(error))
    except SharingRefused as refused:
        return _error(Answer(422, refused.code, refused.message))
    except ExternalError:
        _LOG.warning("database or log failed")
        return _error(Answer(503, "sw.log.unavailable", "try again later", {"Retry-After": "30"}))
    except Exception as error:
        # The type alone: a message could hold what a client sent.
        _LOG.error("internal error: %s", type(error).__name__)
        return _error(Answer(500, "sw.internal", "internal error"))


def _plain(error: web.HTTPException) -> Answer:
    if error.status == 413:
        return Answer(413, "sw.envelope.size", "the body is too large")
    if error.status == 405:
        return Answer(405, "sw.method", "method not allowed", {"Allow": error.headers["Allow"]})
    return not_found() if error.status == 404 else Answer(error.status, "sw.query", "bad request")


def _error(answer: Answer) -> web.Response:
    return web.Response(
        status=answer.status,
        body=answer.body(),
        headers={**answer.headers, "Content-Type": TAXII},
    )


def _ok(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status, body=body, headers={**(headers or {}), "Content-Type": TAXII}
    )


class _Endpoints:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._doorbell = Doorbell(service.members)
        self._quota = Quota(service.objects_per_hour, service.board.clock)

    async def close(self, _: web.Application) -> None:
        await self._doorbell.settle()

    async def discovery(self, request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "").lower().startswith("basic ")
        asked = COMPATIBILITY_ROOT if given else MAIN_ROOT
        await self._viewer(request, asked)
        host = str(request.url.origin())
        roots = [f"{host}/{root}/" for root in self._service.verifiers]
        return _ok(discovery(f"{host}/{asked}/", roots))

    async def api_root(self, request: web.Request) -> web.Response:
        await self._viewer(request)
        return _ok(api_root(request.match_info["root"], MAX_CONTENT_BYTES))

    async def status(self, request: web.Request) -> web.Response:
        viewer = await self._viewer(request)
        board = self._service.board
        return _ok(await asyncio.to_thread(board.status, viewer, request.match_info["id"]))

    async def collections(self, request: web.Request) -> web.Response:
        viewer = await self._viewer(request)
        shown = [
            collection_resource(one, viewer)
            for one in COLLECTIONS.values()
            if one.id in viewer.readable | viewer.writable
        ]
        return _ok(orjson.dumps({"collections": shown} if shown else {}))

    async def collection(self, request: web.Request) -> web.Response:
        viewer = await self._viewer(request)
        known = COLLECTIONS.get(request.match_info["collection"])
        if known is None or known.id not in viewer.readable | viewer.writable:
            raise not_found()
        return _ok(orjson.dumps(collection_resource(known, viewer)))

    def page(self, endpoint: str) -> Handler:
        """Return the handler of an endpoint that pages."""

        async def handler(request: web.Request) -> web.StreamResponse:
            viewer = await self._viewer(request)
            collection = _right(request, viewer, viewer.readable)
            wanted = query.parse(endpoint, list(request.query.items()))
            return await asyncio.to_thread(
                self._page, endpoint, viewer, collection, wanted, request.match_info.get("id")
            )

        return handler

    async def post(self, request: web.Request) -> web.Response:
        length = request.content_length
        if length is not None and length > MAX_CONTENT_BYTES:
            raise Answer(413, "sw.envelope.size", "the body is too large")
        viewer = await self._viewer(request)
        collection = _right(request, viewer, viewer.writable)
        if not is_taxii(request.headers.get("Content-Type")):
            raise Answer(415, "sw.media", f"post {TAXII}")
        body = await request.read()
        posted = await asyncio.to_thread(self._post, viewer, collection, body)
        self._doorbell.ring(collection, posted[1])
        return _ok(posted[0], 202)

    async def delete(self, request: web.Request) -> web.Response:
        viewer = await self._viewer(request)
        collection = _right(request, viewer, viewer.readable & viewer.writable)
        wanted = query.parse("delete", list(request.query.items()))
        board = self._service.board
        await asyncio.to_thread(board.delete, viewer, collection, request.match_info["id"], wanted)
        return _ok(b"{}")

    async def _viewer(self, request: web.Request, root: str | None = None) -> Viewer:
        """Return who asks.

        Raises:
            Answer: 401 or 406.
        """
        root = root or request.match_info["root"]
        body = await request.read() if request.can_read_body else b""
        try:
            member = await asyncio.to_thread(
                self._service.verifiers[root].verify,
                request.method,
                str(request.url),
                request.headers,
                body,
            )
        except (SharingRefused, KeyError) as error:
            raise _unauthorised(root, error) from error
        certificate = request.get_extra_info("peercert")
        if certificate and ("URI", member) not in certificate.get("subjectAltName", ()):
            raise _unauthorised(root, PermissionError())
        viewer = await asyncio.to_thread(self._service.members.viewer, member, root)
        if not accepts(request.headers.get("Accept")):
            raise Answer(406, "sw.media", f"accept {TAXII}")
        return viewer

    def _page(
        self, endpoint: str, viewer: Viewer, collection: str, wanted: query.Filters, id_: str | None
    ) -> web.Response:
        board = self._service.board
        now = int(board.clock().timestamp())
        view = view_of(f"{viewer.root}/{viewer.member}", collection, f"{endpoint}/{id_}", wanted)
        position = None if wanted.next is None else self._service.cursors.open(
            wanted.next, view, now
        )  # fmt: skip
        if id_ is not None:
            if not board.holds(viewer, collection, id_):
                raise not_found()
            wanted = query.one_object(wanted, id_)
        limit = min(wanted.limit or DEFAULT_PAGE, MAX_PAGE)
        bodies = _ITEMS[endpoint] is envelope
        page = board.page(viewer, collection, wanted, limit, position, bodies)
        cursor = None if page.more is None else self._service.cursors.seal(page.more, view, now)
        return _ok(_ITEMS[endpoint](page, cursor), headers=page_headers(page))

    def _post(self, viewer: Viewer, collection: str, body: bytes) -> tuple[bytes, frozenset[int]]:
        content = parse_json(body)
        batch = content.get("objects") if isinstance(content, dict) else None
        if not isinstance(content, dict) or content.keys() != {"objects"} or not isinstance(
            batch, list
        ) or not batch:  # fmt: skip
            raise Answer(422, "sw.envelope", "the body is no envelope with `objects` alone")
        if len(batch) > MAX_OBJECTS:
            raise Answer(422, "sw.envelope", f"more than {MAX_OBJECTS} objects")
        self._quota.spend(viewer.member, len(batch))
        posted = self._service.board.post(viewer, collection, batch)
        return posted.status, posted.scopes


def _right(request: web.Request, viewer: Viewer, allowed: frozenset[str]) -> str:
    collection = request.match_info["collection"]
    if collection not in viewer.readable | viewer.writable:
        raise not_found()
    if collection not in allowed:
        raise Answer(403, "sw.forbidden", "no right to this")
    return collection


def _unauthorised(root: str, error: Exception) -> Answer:
    del error
    headers = {"WWW-Authenticate": 'Basic realm="board"'} if root == COMPATIBILITY_ROOT else {}
    return Answer(401, "sw.unauthorised", "unauthorised", headers)
