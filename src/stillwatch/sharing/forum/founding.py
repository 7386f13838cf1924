"""Making a forum in a folder, for a trial: authority, board, and credentials for each member.

authority.pem, authority.key, pseudonym.key, members.json   the operator's; see `wire.forum`
board/      the board's folder: database, keys, certificate, log
public/     what every member knows: `forum.json`, register of legal bases, key holder's log key
members/ID  credentials of one member, to be handed over and then deleted
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.core.errors import ConfigError
from stillwatch.sharing.forum.facts import BASES, Facts
from stillwatch.sharing.ledger.durable import disk_errors, write_durably
from stillwatch.sharing.ledger.notes import NoteSigner
from stillwatch.sharing.taxii import folder as boards
from stillwatch.sharing.wire.credentials import write_private
from stillwatch.sharing.wire.forum import ForumAuthority

BOARD: Final = "board"
PUBLIC: Final = "public"
MEMBERS: Final = "members"
LOG_NAME: Final = "board"


def member_id(name: str) -> str:
    """Return the URI that stands for a member in certificates."""
    return f"urn:member:{name}"


def found(
    folder: Path, names: Sequence[str], board_url: str, keyholder_url: str, now: int
) -> Facts:
    """Make a forum.

    Args:
        folder: Made if it is missing.
        names: Short names of the members: lower-case letters, digits, dashes.
        board_url: Where members reach the board, such as `https://board.example.org:8470`.
        keyholder_url: Where they reach the key holder.
        now: Unix seconds.

    Raises:
        ConfigError: The folder holds a forum already, a name or an address cannot be used, or
            there are fewer than two members.
        ExternalError: The disk failed.
    """
    _check(names, (board_url, keyholder_url))
    authority = ForumAuthority.create(folder, "stillwatch forum", now)
    board, public = folder / BOARD, folder / PUBLIC
    boards.init(board)
    # One key makes a contributor's pseudonym on objects and on rows of tags.
    write_durably(board / "forum.key", authority.pseudonyms.key, 0o600)
    host = urlsplit(board_url).hostname or ""
    authority.enrol_server(board / "credentials", LOG_NAME, (host,), now)
    log_key = Ed25519PrivateKey.generate()
    write_private(board / "log.key", log_key)
    audience = f"aud-{secrets.token_hex(8)}"
    members = boards.members_of(board)
    for name in names:
        own = folder / MEMBERS / name
        authority.enrol(own, member_id(name), ("member",), f"{name}-1", now)
        token = members.add(member_id(name))
        write_durably(own / "token", f"{token}\n".encode(), 0o600)
    members.set_audience(audience, map(member_id, names))
    with disk_errors(public):
        public.mkdir()
        write_durably(public / BASES, (board / boards.REGISTER).read_bytes())
    vkey = NoteSigner(LOG_NAME, log_key).key.text()
    facts = Facts(board_url, keyholder_url, audience, "lb-trial", len(names), vkey)
    facts.write(public)
    return facts


def _check(names: Sequence[str], urls: Sequence[str]) -> None:
    if len(set(names)) < 2 or len(set(names)) != len(names):
        raise ConfigError("a forum has two members or more, of different names")
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789-")
    if not all(0 < len(name) <= 40 and set(name) <= allowed for name in names):
        raise ConfigError("a member's name is not usable", "lower-case letters, digits, dashes")
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.path:
            raise ConfigError("not an address of a server", "such as https://127.0.0.1:8470")
