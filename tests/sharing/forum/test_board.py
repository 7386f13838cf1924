"""The board's trust: whose certificate, whose signature, for which server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from forum.local_forum import at
from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.forum import remote_board
from stillwatch.sharing.forum.board import OwnOrigin
from stillwatch.sharing.forum.node import CREDENTIALS, Node
from stillwatch.sharing.forum.processes import LocalForum
from stillwatch.sharing.private.asking import ask
from stillwatch.sharing.taxii.collections import CAMPAIGNS
from stillwatch.sharing.wire.credentials import Credentials


@dataclass
class Heard:
    uris: list[str] = field(default_factory=list)

    def verify(self, method: str, target_uri: str, headers: Mapping[str, str], body: bytes) -> str:
        del method, headers, body
        self.uris.append(target_uri)
        return "urn:member:a"


def test_a_request_counts_for_this_server_whatever_host_it_names() -> None:
    heard = Heard()
    own = OwnOrigin(heard, "https://board.example:1")
    assert own.verify("GET", "https://other.example/forum/x/?a=b/c", {}, b"") == "urn:member:a"
    own.verify("GET", "http://127.0.0.1:8470/", {}, b"")
    assert heard.uris == ["https://board.example:1/forum/x/?a=b/c", "https://board.example:1/"]


def test_the_certificate_of_one_and_the_signature_of_another_are_refused(
    forum: LocalForum,
) -> None:
    other = Credentials.load(forum.folder / "node-a" / CREDENTIALS)

    async def mixed(node: Node) -> None:
        stolen = replace(node, credentials=other)  # the session still shows b's certificate
        async for _ in remote_board.pages(stolen, CAMPAIGNS.id, None):
            pass

    with pytest.raises(SharingRefused, match="401"):
        at(forum, "b", mixed)


@pytest.mark.parametrize(
    "event",
    [b"{}", b"[]", b'{"cluster":"a"}', b'{"cluster":1.5}', b"not json", b"{" * 4000, b" " * 5000],
)
def test_what_is_no_commitment_is_not_logged(forum: LocalForum, event: bytes) -> None:
    async def post(node: Node) -> int:
        uri = f"{node.facts.board_url}/log/commitments?campaign=campaign--x"
        answer = await ask(node.session, node.sign, "POST", uri, 4096, event, "application/json")
        return int(json.loads(answer)["leaf"])

    with pytest.raises(SharingRefused):
        at(forum, "a", post)
