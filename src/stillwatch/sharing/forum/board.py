"""The board's process: TAXII, tags and the log's public files behind the forum's own trust.

Every request needs a certificate of the forum. The main root and the tags need a signature of the
same member as well; the compatibility root takes HTTP Basic. `GET /log/checkpoint` and
`/log/tile/...` are the log's public files. `POST /log/commitments?campaign=ID` logs a member's
commitment to evidence and answers its leaf.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.core.errors import ConfigError, InputError
from stillwatch.sharing.contracts import LeafKind, RequestVerifier
from stillwatch.sharing.forum.facts import Facts
from stillwatch.sharing.forum.founding import BOARD, LOG_NAME, PUBLIC
from stillwatch.sharing.forum.standing import Standings
from stillwatch.sharing.ledger.jcs import parse_strict
from stillwatch.sharing.ledger.log import Log
from stillwatch.sharing.ledger.notes import NoteSigner
from stillwatch.sharing.private.answers import Handler, Members, bounded_body, refusals
from stillwatch.sharing.private.peer_log import show_tiles
from stillwatch.sharing.private.recurring import repeated
from stillwatch.sharing.private.tag_routes import CAMPAIGN, TagBoard
from stillwatch.sharing.private.tag_store import TagStore
from stillwatch.sharing.taxii import folder as boards
from stillwatch.sharing.taxii.app import Service
from stillwatch.sharing.wire.credentials import Credentials, read_private
from stillwatch.sharing.wire.forum import Pseudonyms
from stillwatch.sharing.wire.middleware import signed_responses
from stillwatch.sharing.wire.register import Register
from stillwatch.sharing.wire.requests import SignedRequests

PUBLISH_SECONDS: Final = 5
_MOST_COMMITMENT: Final = 4096
_FIELDS: Final = frozenset(
    {"cluster", "null_id", "detector_version", "calibration_id", "basis_families", "start_us"}
)


@dataclass(frozen=True, slots=True)
class ForumBoard:
    """A board that is ready to be served.

    Attributes:
        service: What `taxii.serving.serve` takes.
        extend: Adds tags, log and signed answers to its application.
        tls: Context to serve with.
    """

    service: Service
    extend: Callable[[web.Application], None]
    tls: ssl.SSLContext


@dataclass(frozen=True, slots=True)
class OwnOrigin:
    """Verifies a request as one to this server, whatever its `Host` field says.

    Attributes:
        verifier: Checks the signature.
        base_url: Scheme, host and port as members write them.
    """

    verifier: RequestVerifier
    base_url: str

    def verify(self, method: str, target_uri: str, headers: Mapping[str, str], body: bytes) -> str:
        """Return the member; see `contracts.RequestVerifier`."""
        path = target_uri.split("/", 3)[3]
        return self.verifier.verify(method, f"{self.base_url}/{path}", headers, body)


def contributor(pseudonyms: Pseudonyms, member: str, campaign: str) -> bytes:
    """Return a contributor's 16 bytes as objects show them: the UUID of its identity.

    Six of the 128 bits name the kind of UUID. Rows carry the same 16 bytes, so that a member can
    seal under what it reads on its own campaign, and peers see that row and object are of one.
    """
    return UUID(bytes=pseudonyms.of(member, campaign), version=4).bytes


@contextmanager
def opened(forum: Path, database: str | None, clock: Callable[[], float]) -> Iterator[ForumBoard]:
    """Put a forum's board together.

    Args:
        forum: As `founding.found` made it.
        database: URL; None is SQLite in the folder.
        clock: Unix seconds.

    Raises:
        ConfigError: No forum in the folder, or a damaged one.
        ExternalError: The disk or the database failed, or another process serves this board.
    """
    folder = forum / BOARD
    facts, credentials = Facts.read(forum / PUBLIC), Credentials.load(folder / "credentials")
    log_key = read_private(folder / "log.key")
    if not isinstance(log_key, Ed25519PrivateKey):
        raise ConfigError(f"{folder}: the log's key is damaged", "restore the folder")
    pseudonyms = Pseudonyms((folder / "forum.key").read_bytes())
    signed = SignedRequests(Register(forum / "members.json"), clock)
    members = Members(signed, facts.board_url)
    log = Log(folder / "log", NoteSigner(LOG_NAME, log_key), clock)
    try:
        own = OwnOrigin(signed, facts.board_url)
        service = boards.service_of(folder, database, own, log)
        store = TagStore(folder / "tags", log, clock)
        tags = TagBoard(store, log, members, lambda m, c: contributor(pseudonyms, m, c))
        standings = Standings(service.board, facts.members)

        def extend(app: web.Application) -> None:
            app.middlewares.append(_own_refusals)
            app.middlewares.insert(0, signed_responses(credentials.key, clock))
            tags.add_to(app)
            show_tiles(app, log.public, lambda: _publish(log), PUBLISH_SECONDS)
            app.cleanup_ctx.append(repeated(standings.settle, PUBLISH_SECONDS, "weighing evidence"))
            app.router.add_post("/log/commitments", _commitments(log, members, pseudonyms))

        yield ForumBoard(service, extend, credentials.server_context())
    finally:
        log.close()


def _publish(log: Log) -> None:
    if log.size > log.published or not log.size:
        log.publish(log.prepare())


@web.middleware
async def _own_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer for what is not TAXII in the form of the private plane."""
    if request.path.startswith(("/tags/", "/log/")):
        return await refusals(request, handler)
    return await handler(request)


def _commitments(log: Log, members: Members, pseudonyms: Pseudonyms) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        body = await bounded_body(request, _MOST_COMMITMENT)
        member, campaign = members.of(request, body), request.query.get("campaign", "")
        if not CAMPAIGN.fullmatch(campaign):
            raise web.HTTPBadRequest
        event = parse_strict(body)
        if not isinstance(event, dict) or event.keys() != _FIELDS:
            raise InputError("not a commitment")
        name = contributor(pseudonyms, member, campaign)
        return web.json_response({"leaf": log.append(LeafKind.EVIDENCE_COMMITTED, name, event)})

    return handler
