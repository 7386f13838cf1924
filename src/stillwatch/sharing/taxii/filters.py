"""Query parameters of TAXII 2.1, section 3.4: parsed once, refused where unknown or malformed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import orjson

from stillwatch.sharing.taxii.errors import Answer
from stillwatch.sharing.taxii.times import parsed

_PAGING: Final = frozenset({"added_after", "limit", "next"})
_MATCHES: Final = frozenset({"match[id]", "match[type]", "match[version]", "match[spec_version]"})

ALLOWED: Final = {
    "objects": _PAGING | _MATCHES,
    "manifest": _PAGING | _MATCHES,
    "object": _PAGING | {"match[version]", "match[spec_version]"},
    "versions": _PAGING | {"match[spec_version]"},
    "delete": frozenset({"match[version]", "match[spec_version]"}),
}
"""The parameters that each endpoint heeds."""

_MOST_VALUES: Final = 100
_INTEGER: Final = re.compile(r"[0-9]{1,9}")
_VALUE: Final = re.compile(r"[a-z0-9-]{1,120}")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a request asks for.

    Attributes:
        added_after: Microseconds; strictly greater.
        limit: As asked for; None leaves it to the server.
        next: The cursor as sent.
        ids: `match[id]`; None where absent.
        types: `match[type]`; None where absent.
        versions: Of `first`, `last`, `all` and times in microseconds.
        spec_versions: None is the newest held, which is 2.1: no other is ever stored.
    """

    added_after: int | None = None
    limit: int | None = None
    next: str | None = None
    ids: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    versions: tuple[str | int, ...] = ("last",)
    spec_versions: tuple[str, ...] | None = None

    def digest_input(self) -> bytes:
        """Return the bytes that stand for all filters except `limit` and `next`."""
        return orjson.dumps(
            [self.added_after, self.ids, self.types, self.versions, self.spec_versions]
        )


def parse(endpoint: str, query: Sequence[tuple[str, str]]) -> Filters:
    """Parse the query of a request.

    Args:
        endpoint: A key of `ALLOWED`.
        query: Names and decoded values in their order.

    Raises:
        Answer: 400: a parameter that the endpoint does not heed, one given twice, a bad value.
    """
    given = dict(query)
    if len(given) < len(query):
        raise _bad("a parameter is given twice")
    if not given.keys() <= ALLOWED[endpoint]:
        raise _bad("a parameter that this endpoint does not heed")
    default = ("all",) if endpoint in {"versions", "delete"} else ("last",)
    return Filters(
        added_after=_time(given.get("added_after")),
        limit=_limit(given.get("limit")),
        next=given.get("next"),
        ids=_values(given.get("match[id]")),
        types=_values(given.get("match[type]")),
        versions=_versions(given.get("match[version]")) or default,
        spec_versions=_spec_versions(given.get("match[spec_version]")),
    )


def one_object(filters: Filters, id_: str) -> Filters:
    """Return filters narrowed to one object."""
    return replace(filters, ids=(id_,))


def _bad(why: str) -> Answer:
    return Answer(400, "sw.query", why)


def _split(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > _MOST_VALUES or not all(parts):
        raise _bad("a filter with an empty value or too many values")
    return parts


def _values(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    parts = _split(text)
    if not all(_VALUE.fullmatch(part) for part in parts):
        raise _bad("a filter's value cannot be one of STIX")
    return tuple(sorted(set(parts)))


def _spec_versions(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    parts = _split(text)
    if not all(re.fullmatch(r"[0-9]\.[0-9]", part) for part in parts):
        raise _bad("match[spec_version] is of the form 2.1")
    return tuple(sorted(set(parts)))


def _versions(text: str | None) -> tuple[str | int, ...] | None:
    if text is None:
        return None
    found: list[str | int] = []
    for part in _split(text):
        moment = part if part in {"first", "last", "all"} else parsed(part)
        if moment is None:
            raise _bad("match[version] is first, last, all or a time")
        found.append(moment)
    return tuple(sorted(set(found), key=str))


def _time(text: str | None) -> int | None:
    if text is None:
        return None
    moment = parsed(text)
    if moment is None:
        raise _bad("added_after is no RFC 3339 time in UTC")
    return moment


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    if not _INTEGER.fullmatch(text) or int(text) == 0:
        raise _bad("limit is no positive integer")
    return int(text)
