"""Members, their rights and audiences: what the operator sets, and what a request may see.

A right withdrawn here holds from the next request on.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from stillwatch.core.errors import ConfigError
from stillwatch.sharing.taxii.collections import COLLECTIONS
from stillwatch.sharing.taxii.errors import Answer
from stillwatch.sharing.taxii.tables import (
    approvals,
    audience_members,
    audiences,
    members,
    rights,
)
from stillwatch.sharing.taxii.visibility import FIRST_AUDIENCE, SCOPE_CLEAR, SCOPE_GREEN, Viewer

MAIN_ROOT: Final = "forum"
COMPATIBILITY_ROOT: Final = "compat"

_MEMBER: Final = re.compile(r"[a-z0-9][a-z0-9._:/-]{0,199}")


class Members:
    """Who belongs to the forum, over the board's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, member: str, doorbell: str | None = None) -> str:
        """Enrol a member with both rights to every collection; return its token, shown once.

        Raises:
            ConfigError: The id is taken or of another form.
        """
        if not _MEMBER.fullmatch(member):
            raise ConfigError("not a member id", "lower-case letters, digits and ._:/-")
        token = secrets.token_urlsafe(32)
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    insert(members).values(
                        member=member, token_digest=_digest(token), doorbell=doorbell, active=True
                    )
                )
                connection.execute(
                    insert(rights),
                    [
                        {"collection": id_, "member": member, "can_read": True, "can_write": True}
                        for id_ in COLLECTIONS
                    ],
                )
        except IntegrityError as error:
            raise ConfigError(f"{member} is a member already", "choose another id") from error
        return token

    def revoke(self, member: str) -> None:
        """End a membership; what it shared stays."""
        with self._engine.begin() as connection:
            connection.execute(
                update(members).where(members.c.member == member).values(active=False)
            )

    def grant(self, member: str, collection: str, read: bool, write: bool) -> None:
        """Set a member's rights to a collection."""
        row = {"can_read": read, "can_write": write}
        with self._engine.begin() as connection:
            connection.execute(
                update(rights)
                .where(rights.c.member == member, rights.c.collection == collection)
                .values(row)
            )

    def set_audience(self, audience: str, belonging: Iterable[str]) -> None:
        """Set who belongs to an audience; members added later see its older objects too.

        Raises:
            ConfigError: The id is not of the form `aud-` and 16 hex digits.
        """
        if not re.fullmatch(r"aud-[0-9a-f]{16}", audience):
            raise ConfigError("not an audience id", "aud- and 16 random hex digits")
        with self._engine.begin() as connection:
            scope = connection.execute(
                select(audiences.c.scope).where(audiences.c.audience == audience)
            ).scalar()
            if scope is None:
                highest = connection.execute(select(func.max(audiences.c.scope))).scalar()
                scope = FIRST_AUDIENCE if highest is None else highest + 1
                connection.execute(insert(audiences).values(scope=scope, audience=audience))
            connection.execute(delete(audience_members).where(audience_members.c.scope == scope))
            rows = [{"scope": scope, "member": one} for one in sorted(set(belonging))]
            if rows:
                connection.execute(insert(audience_members), rows)

    def approve(self, digest: bytes, person: str) -> int:
        """Note that a person approves an object for everyone; return how many have."""
        with self._engine.begin() as connection:
            query = select(approvals.c.person).where(approvals.c.digest == digest)
            persons = {row.person for row in connection.execute(query)}
            if person not in persons:
                connection.execute(insert(approvals).values(digest=digest, person=person))
            return len(persons | {person})

    def by_token(self, member: str, token: str) -> bool:
        """Say whether a token is a member's; takes as long for a member that is none."""
        query = select(members.c.token_digest).where(members.c.member == member)
        with self._engine.connect() as connection:
            kept = connection.execute(query).scalar()
        return hmac.compare_digest(bytes(kept or b"\0" * 32), _digest(token))

    def viewer(self, member: str, root: str) -> Viewer:
        """Return what a member may see and do by an API root.

        Raises:
            Answer: 401: not a member, or not any more.
        """
        belongs = select(audience_members.c.scope).where(audience_members.c.member == member)
        granted = select(rights).where(rights.c.member == member)
        with self._engine.connect() as connection:
            active = select(members.c.active).where(members.c.member == member)
            if not connection.execute(active).scalar():
                raise Answer(401, "sw.unauthorised", "unauthorised")
            scopes = sorted(row.scope for row in connection.execute(belongs))
            rows = connection.execute(granted).all()
        compatible = root == COMPATIBILITY_ROOT
        return Viewer(
            member=member,
            scopes=(SCOPE_CLEAR, SCOPE_GREEN, *([] if compatible else scopes)),
            readable=frozenset(row.collection for row in rows if row.can_read),
            writable=frozenset(row.collection for row in rows if row.can_write and not compatible),
            root=root,
        )

    def to_ring(self, scopes: frozenset[int], collection: str) -> list[tuple[str, str]]:
        """Return member and doorbell URL of those who see any of the scopes in a collection."""
        bells = (
            select(members.c.member, members.c.doorbell)
            .join(rights, rights.c.member == members.c.member)
            .where(
                members.c.active,
                members.c.doorbell.is_not(None),
                rights.c.collection == collection,
                rights.c.can_read,
            )
        )
        if scopes.isdisjoint({SCOPE_CLEAR, SCOPE_GREEN}):
            inside = select(audience_members.c.member).where(
                audience_members.c.scope.in_(sorted(scopes))
            )
            bells = bells.where(members.c.member.in_(inside))
        with self._engine.connect() as connection:
            return [(row.member, row.doorbell) for row in connection.execute(bells)]


def _digest(token: str) -> bytes:
    """Return SHA-256: tokens are 32 random bytes, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode()).digest()
