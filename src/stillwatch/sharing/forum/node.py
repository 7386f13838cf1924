"""One member's node in a folder: credentials, what it knows of the forum, its state.

credentials/       see `wire.credentials`
forum.json, legal_basis.toml, keyholder.vkey   see `facts`
state.sqlite       objects, evidence, decisions; see `node.state`
lookups.sqlite     what the key holder evaluated; see `private.node_store`
mirror/            rows of tags
outbox/            what this node shares, whole, before it is posted
logs/              copies of the board's and the key holder's log
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stillwatch.core.errors import ConfigError
from stillwatch.sharing.forum.facts import BASES, FACTS, KEYHOLDER_LOG, Facts
from stillwatch.sharing.forum.founding import MEMBERS, PUBLIC, member_id
from stillwatch.sharing.ledger.durable import disk_errors, sync_folder, write_durably
from stillwatch.sharing.node.state import NodeState
from stillwatch.sharing.private.asking import Signer
from stillwatch.sharing.private.node_store import NodeStore
from stillwatch.sharing.wire.credentials import Credentials
from stillwatch.sharing.wire.signatures import sign_request

if TYPE_CHECKING:
    import aiohttp

CREDENTIALS: Final = "credentials"
_ASK_SECONDS: Final = 60
_FILES: Final = ("id", "authority.pem", "tls.pem", "tls.key", "signing.key")


@dataclass(frozen=True, slots=True)
class Node:
    """An open node.

    Attributes:
        folder: Where it lives.
        facts: What it knows of the forum.
        credentials: Its keys.
        state: Its state.
        lookups: What the key holder evaluated for it.
        session: Carries TLS and its certificate.
        clock: Unix seconds.
    """

    folder: Path
    facts: Facts
    credentials: Credentials
    state: NodeState
    lookups: NodeStore
    session: aiohttp.ClientSession
    clock: Callable[[], float]

    @property
    def sign(self) -> Signer:
        """Signs requests with this member's key."""
        return signer(self.credentials, self.clock)

    @property
    def now_us(self) -> int:
        """The time, UTC microseconds."""
        return int(self.clock() * 1_000_000)


def join(folder: Path, forum: Path, name: str) -> Facts:
    """Make a node from what the forum's operator handed over.

    Args:
        folder: Of the node; made.
        forum: Holds `public` and `members/NAME`; a whole forum does.
        name: The member's short name.

    Raises:
        ConfigError: The folder holds a node already, or something was not handed over.
        ExternalError: The disk failed.
    """
    if (folder / CREDENTIALS).exists():
        raise ConfigError(f"{folder} holds a node already", "choose another folder")
    given, public = forum / MEMBERS / name, forum / PUBLIC
    facts = Facts.read(public)
    if Credentials.load(given).party_id != member_id(name):
        raise ConfigError(f"{given}: credentials of another member", "ask the forum's operator")
    own = folder / CREDENTIALS
    with disk_errors(folder):
        own.mkdir(mode=0o700, parents=True)
        folder.chmod(0o700)
        for file in _FILES:
            write_durably(own / file, (given / file).read_bytes(), 0o600)
        for file in (FACTS, BASES, KEYHOLDER_LOG):
            if (public / file).exists():
                write_durably(folder / file, (public / file).read_bytes())
    sync_folder(own)
    sync_folder(folder)
    return facts


@asynccontextmanager
async def opened(folder: Path, clock: Callable[[], float] = time.time) -> AsyncIterator[Node]:
    """Open a node; nothing is asked of anyone yet.

    Raises:
        ConfigError: No node in the folder, or a damaged one.
        ExternalError: The disk failed.
    """
    facts, credentials = Facts.read(folder), Credentials.load(folder / CREDENTIALS)
    async with session_of(credentials) as session:
        state = NodeState(folder / "state.sqlite")
        lookups = NodeStore(folder / "lookups.sqlite")
        try:
            yield Node(folder, facts, credentials, state, lookups, session, clock)
        finally:
            lookups.close()
            state.close()


def signer(credentials: Credentials, clock: Callable[[], float]) -> Signer:
    """Return what signs requests with a party's key."""

    def signed(method: str, uri: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        return sign_request(credentials.key, method, uri, headers, body, int(clock()))

    return signed


def session_of(credentials: Credentials) -> aiohttp.ClientSession:
    """Return a session that shows a party's certificate and trusts the forum's alone.

    Raises:
        ConfigError: A file of the credentials is missing or damaged.
    """
    import aiohttp  # noqa: PLC0415 (slow to load)

    connector = aiohttp.TCPConnector(ssl=credentials.client_context())
    timeout = aiohttp.ClientTimeout(total=_ASK_SECONDS)
    return aiohttp.ClientSession(connector=connector, timeout=timeout)
