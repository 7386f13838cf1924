"""The register of members: who belongs to the forum, with which keys, and who was revoked.

One JSON file, written by the forum's operator and read by its servers. A server notices a change
with the next request, so that a stolen key is useless from then on.
"""

from __future__ import annotations

import json
import re
import threading
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from stillwatch.core.errors import ConfigError, InputError, SharingRefused
from stillwatch.sharing.ledger.durable import disk_errors, sync_folder, write_durably
from stillwatch.sharing.ledger.jcs import parse_strict

MEMBER_ID: Final = re.compile(r"[a-z][a-z0-9+.-]*:[A-Za-z0-9:/._-]{1,200}")
"""A URI: it stands in the member's certificate."""

KEY_ID: Final = re.compile(r"[A-Za-z0-9:/._#-]{1,200}")


class SigningKeys(Protocol):
    """Where the request-signing keys of members are looked up."""

    def signer(self, keyid: str) -> tuple[str, Ed25519PublicKey]:
        """Return member id and key.

        Raises:
            SharingRefused: No member has such a key, or key or member were revoked.
        """
        ...


@dataclass(frozen=True, slots=True)
class Revocation:
    """That a member or a key no longer counts.

    Attributes:
        at: When it was revoked, in Unix seconds.
        compromised_at: Since when what it signed is not trusted, in Unix seconds.
    """

    at: int
    compromised_at: int


@dataclass(frozen=True, slots=True)
class MemberKey:
    """A request-signing key of a member.

    Attributes:
        keyid: Its name, unique in the register.
        public: Raw Ed25519 key, 32 bytes.
        revoked: None while it counts.
    """

    keyid: str
    public: bytes
    revoked: Revocation | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A firm of the forum, or a server or an auditor that speaks in it.

    Attributes:
        member_id: A URI, as in its certificate.
        roles: Such as `member`, `witness`, `auditor`.
        keys: Its request-signing keys.
        revoked: None while it belongs to the forum.
    """

    member_id: str
    roles: tuple[str, ...]
    keys: tuple[MemberKey, ...] = ()
    revoked: Revocation | None = None


@dataclass(frozen=True, slots=True)
class Members:
    """All members at one moment.

    Attributes:
        by_id: Members by their id.
        by_keyid: Members by the names of their keys.
    """

    by_id: Mapping[str, Member]
    by_keyid: Mapping[str, Member] = field(init=False)

    def __post_init__(self) -> None:
        named = [(k.keyid, m) for m in self.by_id.values() for k in m.keys]
        object.__setattr__(self, "by_keyid", dict(named))
        names = [*(name for name, _ in named)]
        if len(set(names)) != len(names):
            raise ConfigError("two keys of the register have one name")
        if not all(map(MEMBER_ID.fullmatch, self.by_id)) or not all(map(KEY_ID.fullmatch, names)):
            raise ConfigError("a member's id must be a URI, a key's name a word without spaces")


class Register:
    """The register on disk.

    Args:
        path: The file; one that is missing has no members.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._members = Members({})

    def members(self) -> Members:
        """Return the members as the file has them now.

        Raises:
            InputError: The file is damaged: then nobody is let in.
            ExternalError: The disk failed.
        """
        with self._lock, disk_errors(self._path):
            try:
                found = self._path.stat()
            except FileNotFoundError:
                return Members({})
            stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
            if stamp != self._stamp:
                self._members = _parsed(self._path.read_bytes(), self._path)
                self._stamp = stamp
            return self._members

    def active(self, member_id: str) -> Member:
        """Return a member that counts.

        Raises:
            SharingRefused: There is none (`sw.member.unknown`), or it was revoked
                (`sw.member.revoked`).
            InputError: The file is damaged.
        """
        member = self.members().by_id.get(member_id)
        if member is None:
            raise _refused("member.unknown", "the certificate's holder is no member of this forum")
        if member.revoked:
            raise _refused("member.revoked", "the member was revoked")
        return member

    def signer(self, keyid: str) -> tuple[str, Ed25519PublicKey]:
        """Return member id and key; see `SigningKeys`.

        Raises:
            SharingRefused: No member has such a key (`sw.signature.unknown_key`), or key or member
                were revoked (`sw.signature.revoked`, `sw.member.revoked`).
            InputError: The file is damaged.
        """
        member = self.members().by_keyid.get(keyid)
        if member is None:
            raise _refused("signature.unknown_key", "no member has a key of this name")
        self.active(member.member_id)
        key = next(key for key in member.keys if key.keyid == keyid)
        if key.revoked:
            raise _refused("signature.revoked", "the key was revoked")
        return member.member_id, Ed25519PublicKey.from_public_bytes(key.public)

    def put(self, member: Member) -> None:
        """Add a member, or replace what the register says of it.

        Raises:
            ConfigError: Its id, or the name of a key, cannot be used or is taken.
            ExternalError: The disk failed; the register is as it was.
        """
        members = Members(dict(self.members().by_id) | {member.member_id: member})
        rows = [_row(members.by_id[name]) for name in sorted(members.by_id)]
        write_durably(self._path, (json.dumps({"members": rows}, indent=1) + "\n").encode(), 0o600)
        sync_folder(self._path.parent)

    def revoke(self, member_id: str, revocation: Revocation, keyid: str | None = None) -> None:
        """Revoke a member, or one of its keys.

        Raises:
            ConfigError: There is no such member or key.
            ExternalError: The disk failed; nothing was revoked.
        """
        member = self.members().by_id.get(member_id)
        if member is None or (keyid and keyid not in {key.keyid for key in member.keys}):
            raise ConfigError("the register has no such member or key")
        if keyid is None:
            self.put(replace(member, revoked=revocation))
            return
        keys = (replace(k, revoked=revocation) if k.keyid == keyid else k for k in member.keys)
        self.put(replace(member, keys=tuple(keys)))


def _row(member: Member) -> dict[str, object]:
    return {
        "id": member.member_id,
        "roles": list(member.roles),
        "keys": [
            {
                "keyid": key.keyid,
                "public": b64encode(key.public).decode(),
                "revoked": _times(key.revoked),
            }
            for key in member.keys
        ],
        "revoked": _times(member.revoked),
    }


def _times(revocation: Revocation | None) -> dict[str, int] | None:
    if revocation is None:
        return None
    return {"at": revocation.at, "compromised_at": revocation.compromised_at}


def _parsed(data: bytes, path: Path) -> Members:
    try:
        content = parse_strict(data)
        if not isinstance(content, dict):
            raise TypeError
        return Members({member.member_id: member for member in map(_member, content["members"])})
    except (KeyError, TypeError, ValueError, SharingRefused, ConfigError):
        raise InputError(f"{path}: is damaged", "restore the register of members") from None


def _member(row: Mapping[str, object]) -> Member:
    rows, roles = row["keys"], row["roles"]
    if not isinstance(rows, list) or not isinstance(roles, list):
        raise TypeError
    keys = tuple(
        MemberKey(str(k["keyid"]), b64decode(k["public"], validate=True), _revocation(k["revoked"]))
        for k in rows
    )
    for key in keys:
        Ed25519PublicKey.from_public_bytes(key.public)
    return Member(str(row["id"]), tuple(map(str, roles)), keys, _revocation(row["revoked"]))


def _revocation(row: object) -> Revocation | None:
    if row is None:
        return None
    if not isinstance(row, dict):
        raise TypeError
    return Revocation(int(row["at"]), int(row["compromised_at"]))


def _refused(code: str, message: str) -> SharingRefused:
    return SharingRefused(message, "ask the operator of the forum", f"sw.{code}")
