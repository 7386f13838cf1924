"""The doorbell: tells a member to pull now, and nothing of what there is.

It rings only for who sees the new object. The number is the member's own count of rings: a sequence
number of the board would tell how much it does not see.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from stillwatch.sharing.taxii.members import Members

_LOG: Final = logging.getLogger(__name__)
_TIMEOUT: Final = ClientTimeout(total=5)


class Doorbell:
    """Rings members' webhooks in the background; a bell that fails is not rung again."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._rings: Counter[str] = Counter()
        self._ringing: set[asyncio.Task[None]] = set()

    def ring(self, collection: str, scopes: frozenset[int]) -> None:
        """Ring for everybody who sees one of the scopes; returns at once."""
        if scopes:
            task = asyncio.create_task(self._ring(collection, scopes))
            self._ringing.add(task)
            task.add_done_callback(self._ringing.discard)

    async def settle(self) -> None:
        """Wait for the bells that are ringing."""
        await asyncio.gather(*self._ringing)

    async def _ring(self, collection: str, scopes: frozenset[int]) -> None:
        bells = await asyncio.to_thread(self._members.to_ring, scopes, collection)
        if not bells:
            return
        async with ClientSession(timeout=_TIMEOUT) as session:
            for member, url in bells:
                self._rings[member] += 1
                content = {"collection": collection, "seq": self._rings[member]}
                try:
                    async with session.post(url, json=content, allow_redirects=False):
                        pass
                except (ClientError, TimeoutError, ValueError):
                    _LOG.warning("a doorbell did not answer")
