"""How much a member may post: a bucket a member, so memory is bounded by the forum's size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import ceil
from typing import Final

from stillwatch.sharing.taxii.errors import Answer

OBJECTS_PER_HOUR: Final = 2_000_000


class Quota:
    """Buckets that refill steadily and hold one hour's worth.

    Args:
        per_hour: Objects an hour and member.
        clock: Returns the time, aware.
    """

    def __init__(self, per_hour: int, clock: Callable[[], datetime]) -> None:
        self._per_hour = per_hour
        self._clock = clock
        self._used: dict[str, tuple[float, datetime]] = {}

    def spend(self, member: str, objects: int) -> None:
        """Take from a member's bucket.

        Raises:
            Answer: 429 with `Retry-After`; nothing was taken.
        """
        now = self._clock()
        used, since = self._used.get(member, (0.0, now))
        elapsed = max(0.0, (now - since).total_seconds())
        used = max(0.0, used - elapsed * self._per_hour / 3600)
        over = used + objects - self._per_hour
        if over > 0:
            wait = ceil(over * 3600 / self._per_hour)
            raise Answer(429, "sw.quota", "too many objects", {"Retry-After": str(wait)})
        self._used[member] = (used + objects, now)
