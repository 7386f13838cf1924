"""Canonical JSON, and a parser that refuses what has no single canonical reading.

Two parties that hold the same content must hash and sign the same bytes. The forum allows objects,
lists, strings, integers within 2^53 - 1, booleans and null; no fractions, so the number rules of
the RFC never apply.

Source: RFC 8785 (JSON Canonicalization Scheme); RFC 7493 (I-JSON) for what is refused.
"""

from __future__ import annotations

import json
from typing import Final, NoReturn

import orjson

from stillwatch.core.errors import SharingRefused

MAX_INTEGER: Final = 2**53 - 1
MAX_DEPTH: Final = 64
MAX_BYTES: Final = 8 * 1024 * 1024

_HINT: Final = "see RFC 8785 and RFC 7493 for the JSON that can be signed"


def canonical(value: object) -> bytes:
    """Return the one byte form of plain data.

    Args:
        value: Objects, lists, strings, integers within 2^53 - 1, booleans and None, at most
            `MAX_DEPTH` levels deep.

    Raises:
        SharingRefused: Anything else; the code is one of `sw.json.number`, `sw.json.surrogate`,
            `sw.json.depth` and `sw.json.type`.
    """
    return orjson.dumps(_ordered(value, 0))


def parse_strict(body: bytes, max_bytes: int = MAX_BYTES) -> object:
    """Return the plain data of a body, or refuse it before anything is hashed.

    Args:
        body: JSON text in UTF-8 without a byte order mark.
        max_bytes: Longer bodies are not looked at.

    Raises:
        SharingRefused: Too large (`sw.json.size`), no UTF-8 (`sw.json.utf8`), no JSON
            (`sw.json.syntax`), a key twice (`sw.json.duplicate_key`), a number that is no integer
            or too large (`sw.json.number`), half a surrogate pair (`sw.json.surrogate`), more than
            `MAX_DEPTH` levels (`sw.json.depth`).
    """
    if len(body) > max_bytes:
        raise _refused("size", f"the body is larger than {max_bytes:,} bytes")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise _refused("utf8", "the body is not UTF-8") from None
    try:
        value: object = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_no_integer,
            parse_constant=_no_integer,
        )
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise _refused("syntax", "the body is not JSON") from None
    _ordered(value, 0)
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _refused("duplicate_key", "an object has the same key twice")
    return found


def _integer(text: str) -> int:
    if len(text) > 17:
        _no_integer(text)
    return int(text)


def _no_integer(_: str) -> NoReturn:
    raise _refused("number", "a number is not an integer within 2^53 - 1")


def _ordered(value: object, depth: int) -> object:
    """Return the value with every object's keys in canonical order, having checked all of it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            _no_integer("")
        return value
    if depth >= MAX_DEPTH:
        raise _too_deep()
    if isinstance(value, dict):
        return {_whole(key): _ordered(value[key], depth + 1) for key in sorted(value, key=_utf16)}
    if isinstance(value, list | tuple):
        return [_ordered(item, depth + 1) for item in value]
    if isinstance(value, float):
        _no_integer("")
    raise _refused("type", f"{type(value).__name__} has no canonical JSON")


def _utf16(key: object) -> bytes:
    """Order of UTF-16 code units: of code points it differs above U+FFFF (RFC 8785, 3.2.3)."""
    if not isinstance(key, str):
        raise _refused("type", "an object's key is no string")
    return key.encode("utf-16-be", "surrogatepass")


def _whole(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _refused("surrogate", "a string holds half a surrogate pair") from None
    return text


def _too_deep() -> SharingRefused:
    return _refused("depth", f"the body nests more than {MAX_DEPTH} levels deep")


def _refused(code: str, message: str) -> SharingRefused:
    return SharingRefused(message, _HINT, f"sw.json.{code}")
