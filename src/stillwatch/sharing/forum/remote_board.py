"""A node's way to the board's objects: TAXII 2.1 over the forum's TLS, every request signed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from stillwatch.core.errors import ExternalError, SharingRefused
from stillwatch.sharing.forum.node import Node
from stillwatch.sharing.ledger.jcs import canonical, parse_strict
from stillwatch.sharing.private.asking import asked
from stillwatch.sharing.stix.build import Stix
from stillwatch.sharing.taxii.media import TAXII
from stillwatch.sharing.taxii.members import MAIN_ROOT

_MOST_BYTES: Final = 64 * 2**20
_PAGE: Final = 500
_LAST: Final = "X-TAXII-Date-Added-Last"


@dataclass(frozen=True, slots=True)
class Page:
    """Objects of one page, and when the last of them was added to the board."""

    objects: list[Stix]
    last_added: str


async def post(node: Node, collection: str, objects: Sequence[Mapping[str, object]]) -> None:
    """Post objects; what the board holds already it accepts again, so a retry is safe.

    Raises:
        SharingRefused: The board refused one; the others were stored.
        ExternalError: The board cannot be reached or failed: post again.
    """
    body = canonical({"objects": [dict(one) for one in objects]})
    uri = f"{_place(node, collection)}objects/"
    status = _read(
        (await asked(node.session, node.sign, "POST", uri, _MOST_BYTES, body, TAXII)).body
    )
    failures = status.get("failures")
    if failures:
        first = failures[0] if isinstance(failures, list) else None
        why = first.get("message") if isinstance(first, dict) else None
        code, _, message = str(why).partition(": ")
        raise SharingRefused(f"the board refused an object: {message}", f"see {code}", code)


async def pages(node: Node, collection: str, added_after: str | None) -> AsyncIterator[Page]:
    """Yield what was added to a collection since a time, oldest first.

    Raises:
        SharingRefused: The board refused.
        ExternalError: The board cannot be reached, or answers what is no page.
    """
    query = {"limit": str(_PAGE), "match[version]": "last"}
    if added_after is not None:
        query["added_after"] = added_after
    more: object = True
    while more is True:
        fields = urlencode(query, safe=":")  # as the board writes a URI that it was asked for
        uri = f"{_place(node, collection)}objects/?{fields}"
        reply = await asked(node.session, node.sign, "GET", uri, _MOST_BYTES)
        envelope = _read(reply.body)
        objects = envelope.get("objects", [])
        if not isinstance(objects, list) or not all(isinstance(one, dict) for one in objects):
            raise ExternalError("the board sent no page of objects", "report it")
        if objects:
            yield Page(objects, reply.headers[_LAST])
        more = envelope.get("more")
        query["next"] = str(envelope.get("next"))


async def one(node: Node, collection: str, id_: str) -> Stix:
    """Return an object as the board serves it.

    Raises:
        SharingRefused: There is none that this member may see.
        ExternalError: The board cannot be reached, or answers what is no object.
    """
    uri = f"{_place(node, collection)}objects/{id_}/"
    found = _read((await asked(node.session, node.sign, "GET", uri, _MOST_BYTES)).body)
    objects = found.get("objects")
    if not isinstance(objects, list) or not objects or not isinstance(objects[0], dict):
        raise ExternalError("the board sent no object", "report it")
    return objects[0]


def _place(node: Node, collection: str) -> str:
    return f"{node.facts.board_url}/{MAIN_ROOT}/collections/{collection}/"


def _read(body: bytes) -> Stix:
    try:
        content = parse_strict(body)
    except SharingRefused:
        content = None
    if not isinstance(content, dict):
        raise ExternalError("the board's answer cannot be read", "report it")
    return content
