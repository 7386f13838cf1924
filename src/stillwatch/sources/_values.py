"""What one loose value means in one column: the slow, exact rules.

Each rule takes a value as a log may carry it and returns the canonical value, or raises `Unfit`
with the reason. The vectorised conversions of `_canonical` accept a whole column at once only
where these rules would accept every value, and give the same result.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

import orjson

INT64: Final = range(-(2**63), 2**63)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final = ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1))  # seconds, milli, micro; else nano
_WORDS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

Kind = Literal["text", "id", "time", "count", "seed", "number", "flag", "ids"]


class Unfit(Exception):  # noqa: N818 (a verdict on a value, not a failure of the program)
    """A value that its column cannot hold; the argument is the reason, without the value."""


def instant(value: object) -> int:
    """Return microseconds since 1970 in UTC.

    Accepts ISO 8601 text, dates, and epoch numbers in seconds, milli-, micro- or nanoseconds, told
    apart by magnitude (1e11, 1e14, 1e17). A time without a zone is UTC.
    """
    if isinstance(value, str):
        return _instant_of_text(value.strip())
    if isinstance(value, datetime):
        return _instant_of_datetime(value)
    if isinstance(value, date):
        return _instant_of_datetime(datetime(value.year, value.month, value.day, tzinfo=UTC))
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unfit("is not a time")
    if not math.isfinite(value) or abs(value) >= 2**63:
        raise Unfit("is not a time")
    for limit, factor in _UNITS:
        if abs(value) < limit:
            return value * factor if isinstance(value, int) else round(value * factor)
    return int(value) // 1000


def _instant_of_text(text: str) -> int:
    try:
        return _instant_of_datetime(datetime.fromisoformat(text))
    except ValueError:
        pass
    try:
        return instant(int(text) if text.lstrip("-").isdigit() else float(text))
    except ValueError:
        raise Unfit("is not a time") from None


def _instant_of_datetime(value: datetime) -> int:
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def number(value: object) -> float:
    """Return a finite number that is not negative."""
    if isinstance(value, (str, Decimal)):
        try:
            value = float(value)
        except ValueError:
            raise Unfit("is not a number") from None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unfit("is not a number")
    if not math.isfinite(value):
        raise Unfit("is NaN or infinite")
    if value < 0:
        raise Unfit("is negative")
    return float(value)


def seed(value: object) -> int:
    """Return a whole number of 64 bits; fractions are refused, never cut."""
    if isinstance(value, str):
        try:
            value = int(value.strip().upper().removeprefix("AS"))
        except ValueError:
            raise Unfit("is not a whole number") from None
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise Unfit("is not a whole number")
    if not math.isfinite(value):
        raise Unfit("is NaN or infinite")
    if value != int(value):
        raise Unfit("is not a whole number")
    if int(value) not in INT64:
        raise Unfit("is out of range")
    return int(value)


def count(value: object) -> int:
    """Return a whole number that is not negative."""
    whole = seed(value)
    if whole < 0:
        raise Unfit("is negative")
    return whole


def flag(value: object) -> bool:
    """Return true or false; 0, 1, and the usual words are accepted."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, (str, int)) else ""
    if word not in _WORDS:
        raise Unfit("is not true or false")
    return _WORDS[word]


def identifier(value: object) -> str | None:
    """Return an identifier as text; whole numbers become digits, empty text is absence."""
    if isinstance(value, bytes):
        value = _decoded(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise Unfit("is not text")
    return value or None


def text(value: object) -> str:
    """Return text as it is, and anything else as JSON text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return _decoded(value)
    try:
        return orjson.dumps(value, default=_unknown).decode()
    except TypeError:
        raise Unfit("is nested too deeply") from None


def identifiers(value: object) -> list[str]:
    """Return a list of identifiers; one alone is a list of one."""
    items = value if isinstance(value, list) else [value]
    return [kept for item in items if item is not None and (kept := identifier(item))]


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Unfit("is not UTF-8") from None


def _unknown(value: object) -> str | None:
    """Dates and decimals become text; what JSON cannot hold, such as image bytes, becomes null."""
    return str(value) if isinstance(value, (Decimal, timedelta)) else None


RULES: Final[dict[Kind, Callable[[object], object]]] = {
    "text": text,
    "id": identifier,
    "time": instant,
    "count": count,
    "seed": seed,
    "number": number,
    "flag": flag,
    "ids": identifiers,
}
