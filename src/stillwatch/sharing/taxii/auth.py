"""HTTP Basic: for the compatibility root, and for a trial on one machine."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.taxii.members import Members

_LONGEST: Final = 1024


@dataclass(frozen=True, slots=True)
class TokenVerifier:
    """Takes a member's id and token by HTTP Basic (RFC 7617) as who asks.

    Satisfies `contracts.RequestVerifier`. It neither covers the body nor stops a replay, so it
    serves objects for all members only, or a board that only one machine can reach.
    """

    members: Members

    def verify(self, method: str, target_uri: str, headers: Mapping[str, str], body: bytes) -> str:
        """Return the member id.

        Raises:
            SharingRefused: No credentials, or wrong ones; which of both is not told.
        """
        del method, target_uri, body
        given = {name.lower(): value for name, value in headers.items()}
        scheme, _, encoded = given.get("authorization", "").partition(" ")
        member, token = _decoded(encoded) if scheme.lower() == "basic" else ("", "")
        if not self.members.by_token(member, token):
            raise SharingRefused("wrong credentials", "", "sw.unauthorised")
        return member


def _decoded(encoded: str) -> tuple[str, str]:
    if len(encoded) > _LONGEST:
        return "", ""
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    member, _, token = text.partition(":")
    return member.replace("\0", ""), token
