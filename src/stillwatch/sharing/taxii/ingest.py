"""Judging a batch: what the gate lets pass is held against what the board holds already.

Pure but for the lookups that the caller made beforehand; it neither reads nor writes the database.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final
from uuid import UUID

import orjson

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.governance.gate import Admitted, FieldGate, Stix, fields_of
from stillwatch.sharing.stix.extensions import Extension, fixed_objects
from stillwatch.sharing.stix.tlp import Level
from stillwatch.sharing.taxii.collections import Collection, check_place
from stillwatch.sharing.taxii.times import parsed
from stillwatch.sharing.taxii.visibility import SCOPE_CLEAR, SCOPE_GREEN, Viewer

_SORTED: Final = orjson.OPT_SORT_KEYS
_REFS: Final = ("sighting_of_ref", "source_ref", "target_ref")
_KINDS: Final = {"opinion": LeafKind.OPINION, "note": LeafKind.APPEAL}


@dataclass(frozen=True, slots=True)
class Held:
    """A version that the board holds, without its body."""

    id: str
    author: str
    collection: str
    version: int
    scope: int
    level: int
    root: str
    digest: bytes
    revoked: bool
    retain_day: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A version that is to be written."""

    held: Held
    type: str
    body: bytes
    pseudonym: bytes
    kind: LeafKind


@dataclass(slots=True)
class Known:
    """What was looked up for a batch; grows as the batch is judged.

    Attributes:
        held: Versions by object id.
        deleted: `(id, version)` of the poster's tombstones in this collection.
        audiences: Scope of each audience that the poster belongs to.
        approved: Digests that two persons have approved.
    """

    held: dict[str, list[Held]]
    deleted: frozenset[tuple[str, int]] = frozenset()
    audiences: Mapping[str, int] = field(default_factory=dict)
    approved: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the posts of one member to one collection on one day."""

    gate: FieldGate
    forum_key: bytes
    viewer: Viewer
    collection: Collection
    today: date
    known: Known

    def take(self, stix: Stix) -> Taken | None:
        """Return what to write, None for an exact duplicate.

        Raises:
            SharingRefused: The object is not taken.
        """
        admitted = self.gate.check(stix, self.today)
        check_place(self.collection, stix, admitted)
        digest = digest_of(stix)
        if admitted.level is Level.CLEAR and digest not in self.known.approved:
            raise SharingRefused(
                "two persons have not approved this for everyone",
                "stillwatch board approve",
                "sw.tlp.approval",
            )
        new = Held(
            id=str(stix["id"]),
            author=self.viewer.member,
            collection=self.collection.id,
            version=_version(stix),
            scope=self._scope(admitted),
            level=int(admitted.level),
            root=str(stix["id"]),
            digest=digest,
            revoked="revoked" in stix,
            retain_day=admitted.retain_until.toordinal(),
        )
        if self._is_duplicate(new):
            return None
        new = replace(new, root=self._check_targets(stix, new))
        self._check_former(new)
        self.known.held.setdefault(new.id, []).append(new)
        pseudonym = pseudonym_of(self.forum_key, new.author, new.root)
        kind = LeafKind.WITHDRAWAL if new.revoked else _kind(stix)
        return Taken(new, str(stix["type"]), _served(stix, pseudonym), pseudonym, kind)

    def _scope(self, admitted: Admitted) -> int:
        if admitted.audience is None:
            return SCOPE_CLEAR if admitted.level is Level.CLEAR else SCOPE_GREEN
        scope = self.known.audiences.get(admitted.audience)
        if scope is None:
            raise SharingRefused("no such audience that you belong to", "", "sw.audience.unknown")
        return scope

    def _is_duplicate(self, new: Held) -> bool:
        if (new.id, new.version) in self.known.deleted:
            raise SharingRefused("this version was deleted", "", "sw.deleted")
        for held in self._own(new):
            if held.version == new.version:
                if hmac.compare_digest(held.digest, new.digest):
                    return True
                raise SharingRefused(
                    "this version is held with another content",
                    "set `modified` anew",
                    "sw.version.conflict",
                )
        return False

    def _own(self, new: Held) -> list[Held]:
        every = self.known.held.get(new.id, [])
        return [
            one for one in every if one.author == new.author and one.collection == new.collection
        ]

    def _check_former(self, new: Held) -> None:
        if any(one.author != new.author and self._sees(one) for one in self._all(new.id)):
            raise SharingRefused("another contributor's object", "", "sw.author.not_yours")
        own = self._own(new)
        if any(one.revoked for one in own):
            raise SharingRefused("the object was withdrawn", "share a new one", "sw.revoked")
        if any((one.scope, one.level) != (new.scope, new.level) for one in own):
            raise SharingRefused(
                "another marking or audience than its former version's",
                "withdraw it, share a new object",
                "sw.tlp.rescope",
            )

    def _check_targets(self, stix: Stix, new: Held) -> str:
        """Return the root; a target that is absent or not seen is refused in the same words."""
        roots = []
        for id_ in _targets(stix):
            if id_ in fixed_objects():
                continue
            seen = [one for one in self._all(id_) if self._sees(one)]
            if not seen:
                raise SharingRefused("a target is not held", "", "sw.ref.unknown")
            for one in seen:
                if new.level < one.level or (one.level >= Level.AMBER and new.scope != one.scope):
                    raise SharingRefused(
                        "less strictly marked than its target, or for another audience",
                        "mark it as the target is marked",
                        "sw.tlp.target",
                    )
            roots.append(seen[0].root)
        return roots[0] if roots else new.root

    def _all(self, id_: str) -> list[Held]:
        return self.known.held.get(id_, [])

    def _sees(self, held: Held) -> bool:
        return (
            held.scope in self.viewer.scopes
            and held.collection in self.viewer.readable
            and held.retain_day >= self.today.toordinal()
        )


def ids_of(batch: Sequence[object]) -> set[str]:
    """Return the ids of a batch and of its targets: what has to be looked up."""
    found: set[str] = set()
    for stix in batch:
        if isinstance(stix, dict):
            found.update(id_ for id_ in (stix.get("id"), *_targets(stix)) if isinstance(id_, str))
    return found


def digest_of(stix: Stix) -> bytes:
    """Return SHA-256 of an object as posted, whatever the order of its keys.

    Raises:
        SharingRefused: It cannot be written as JSON.
    """
    try:
        return hashlib.sha256(orjson.dumps(stix, option=_SORTED)).digest()
    except TypeError as error:
        raise SharingRefused("the object is no JSON", "", "sw.schema.value") from error


def pseudonym_of(forum_key: bytes, member: str, root: str) -> bytes:
    """Return a contributor's pseudonym, 16 bytes: one per member and campaign.

    HMAC-SHA-256 under the forum's key; peers cannot link it across campaigns.
    """
    name = member.encode()
    content = len(name).to_bytes(2, "big") + name + root.encode()
    return hmac.digest(forum_key, content, "sha256")[:16]


def _targets(stix: Stix) -> list[str]:
    found = [stix[key] for key in _REFS if key in stix]
    refs = stix.get("object_refs")
    if isinstance(refs, list):
        found.extend(refs)
    return [one for one in found if isinstance(one, str)]


def _version(stix: Stix) -> int:
    version = parsed(str(stix["modified"]))
    if version is None:
        raise SharingRefused("a time is none of the calendar", "", "sw.schema.value")
    return version


def _kind(stix: Stix) -> LeafKind:
    kind = str(stix["type"])
    if kind == "note" and not fields_of(stix, Extension.APPEAL):
        return LeafKind.SHARE
    return _KINDS.get(kind, LeafKind.SHARE)


def _served(stix: Stix, pseudonym: bytes) -> bytes:
    """Return an object as the board serves it, with what only the board may add."""
    extensions = stix["extensions"]
    assert isinstance(extensions, Mapping)  # noqa: S101 (the gate said so)
    contributor = f"identity--{UUID(bytes=pseudonym, version=4)}"
    handling = {**extensions[str(Extension.HANDLING)], "contributor": contributor}
    added = {str(Extension.HANDLING): handling}
    if str(Extension.CAMPAIGN) in extensions:
        campaign = {**extensions[str(Extension.CAMPAIGN)], "board_state": "single-source"}
        added[str(Extension.CAMPAIGN)] = campaign
    return orjson.dumps({**stix, "extensions": {**extensions, **added}})
