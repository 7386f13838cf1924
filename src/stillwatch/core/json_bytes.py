"""JSON of plain data, whatever a file's name holds."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import Final

import orjson

LINE: Final = orjson.OPT_APPEND_NEWLINE
INDENTED: Final = orjson.OPT_APPEND_NEWLINE | orjson.OPT_INDENT_2


def json_bytes(content: object, options: int) -> bytes:
    """Return JSON with its keys in order: the same content gives the same bytes.

    A file's name may hold bytes that are not UTF-8, which Python keeps as lone surrogates and JSON
    has no way to write: a `?` stands for each.

    Args:
        content: Plain data or a dataclass of it.
        options: `LINE`, or `INDENTED` for people.
    """
    try:
        return orjson.dumps(content, option=options)
    except TypeError:
        return orjson.dumps(_encodable(content), option=options)


def _encodable(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if is_dataclass(value) and not isinstance(value, type):
        return _encodable(asdict(value))
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    return value
