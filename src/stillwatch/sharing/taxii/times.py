"""Times as TAXII writes them: microseconds since 1970 inside, RFC 3339 in UTC outside."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z"
)


def written(micros: int) -> str:
    """Return a time with exactly six fraction digits (TAXII 2.1, section 3.1.1)."""
    return (_EPOCH + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parsed(text: str) -> int | None:
    """Return microseconds of a time with 0 to 9 fraction digits, None where it is none.

    Digits beyond microseconds are cut: no time that we give out has any.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    try:
        whole = datetime.strptime(match[1] + "Z", "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return None
    return micros_of(whole) + int((match[2] or "").ljust(6, "0")[:6])


def micros_of(moment: datetime) -> int:
    """Return microseconds since 1970 of an aware time."""
    return (moment - _EPOCH) // timedelta(microseconds=1)
