"""Says which forum member signed a request, and that it was signed now, once, for this server.

A request is good for five minutes at most and for one use. The nonces of that time are kept in
memory, up to a number a key; after a start, what was signed before it is refused, because the
nonces of that time are lost.

Source: RFC 9421, section 7.2 (replay, coverage, key confusion).
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final

from stillwatch.sharing.contracts import RequestVerifier
from stillwatch.sharing.wire.register import SigningKeys
from stillwatch.sharing.wire.signatures import (
    LIFETIME_SECONDS,
    NONCE_BYTES,
    Signed,
    check_digest,
    fields_of,
    read_signature,
    refused,
    request_lines,
    verify,
)

AHEAD_SECONDS: Final = 10
"""How far a member's clock may be ahead; what a restart cannot protect against is as short."""

NONCES_PER_KEY: Final = 65_536


class SignedRequests:
    """Verifies signed requests; see `contracts.RequestVerifier`.

    Args:
        keys: The register of members.
        clock: Unix seconds.
        nonces_per_key: Requests of one key within five minutes; more are refused, not forgotten.
    """

    def __init__(
        self,
        keys: SigningKeys,
        clock: Callable[[], float],
        nonces_per_key: int = NONCES_PER_KEY,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._capacity = nonces_per_key
        self._started = int(clock())
        self._seen: defaultdict[str, dict[int, set[bytes]]] = defaultdict(dict)
        self._lock = threading.Lock()

    def verify(self, method: str, target_uri: str, headers: Mapping[str, str], body: bytes) -> str:
        """Return the id of the member that signed a request.

        Args:
            method: HTTP method, upper case.
            target_uri: The whole URI that was asked for.
            headers: Header fields; names in any case.
            body: The body as received.

        Raises:
            SharingRefused: With one of the codes `sw.signature.` `missing`, `malformed`,
                `duplicate`, `parameters`, `alg`, `tag`, `components`, `nonce`, `lifetime`,
                `future`, `expired`, `restarted`, `unknown_key`, `revoked`, `forged`, `digest`,
                `replayed` or `busy`.
        """
        fields = fields_of(headers)
        signed = read_signature(fields)
        lines = request_lines(signed, method, target_uri, fields, body)
        now = self._clock()
        self._in_time(signed, now)
        member, public = self._keys.signer(signed.keyid)
        verify(public, signed, lines)
        if body or "content-digest" in fields:
            check_digest(fields, body)
        self._once(signed, now)
        return member

    def _in_time(self, signed: Signed, now: float) -> None:
        if len(signed.nonce) != NONCE_BYTES:
            raise refused("nonce", f"the signature's nonce has not {NONCE_BYTES} bytes")
        if not 0 < signed.expires - signed.created <= LIFETIME_SECONDS:
            raise refused("lifetime", f"a signature holds for 1 to {LIFETIME_SECONDS} seconds")
        if signed.created > now + AHEAD_SECONDS:
            raise refused("future", "the signature was made in the future")
        if signed.expires <= now:
            raise refused("expired", "the signature has expired")
        if signed.created < self._started:
            raise refused("restarted", "the signature was made before the server last started")

    def _once(self, signed: Signed, now: float) -> None:
        with self._lock:
            seen = self._seen[signed.keyid]
            for expired in [second for second in seen if second <= now]:
                del seen[expired]
            if signed.nonce in seen.get(signed.expires, ()):  # a replay expires when it did
                raise refused("replayed", "the request was seen before")
            if sum(map(len, seen.values())) >= self._capacity:
                raise refused("busy", "too many requests of one key within five minutes")
            seen.setdefault(signed.expires, set()).add(signed.nonce)


CONTRACT: type[RequestVerifier] = SignedRequests
