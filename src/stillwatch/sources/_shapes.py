"""Looking into JSON of unknown shape: fields that may not be there, keys of an unfinished head."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]:,]', re.DOTALL)
_DEEPEST: Final = 2


def dig(value: object, *path: str) -> object:
    """Return the value under nested keys, or None where a step is missing or no object."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def items(value: object) -> list[dict[str, object]]:
    """Return the objects of a list; anything else counts as an empty list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def first(*values: object) -> object:
    """Return the first value that is there: neither None nor empty text."""
    return next((value for value in values if value is not None and value != ""), None)


def whole(value: object) -> int:
    """Return a whole number that is not negative, or 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def native(row: Mapping[str, object]) -> dict[str, object]:
    """Return the row without its absent values."""
    return {name: value for name, value in row.items() if value is not None}


def keys(head: bytes) -> frozenset[str]:
    """Return the keys of the head's first object, two levels deep, as `outer` and `outer.inner`.

    Works on a head that breaks off, and never mistakes a key quoted inside text for a key.
    """
    found: set[str] = set()
    path: list[str | None] = []
    pending = ""
    for match in _TOKEN.finditer(head):
        token = match[0]
        if token[:1] == b'"':
            pending = token[1:-1].decode(errors="replace")
        elif token == b":":
            if len(path) == 1:
                found.add(pending)
            elif len(path) == _DEEPEST and path[1] is not None:
                found.add(f"{path[1]}.{pending}")
        elif token in b"{[":
            path.append(pending if token == b"{" and path else None)
            pending = ""
        elif token in b"}]":
            if len(path) <= 1:
                break
            path.pop()
            pending = ""
        else:
            pending = ""
    return frozenset(found)


def any_object(head: bytes, test: Callable[[frozenset[str]], bool]) -> bool:
    """Say whether the first object of any of the first eight lines passes the test."""
    lines = head.split(b"\n", 8)[:8]
    pretty = lines[0].strip() in {b"{", b"["}
    starts = [head.lstrip().removeprefix(b"[")] if pretty else lines
    return any(test(keys(start)) for start in starts)
