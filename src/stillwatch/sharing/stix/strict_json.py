"""JSON that means one thing: no duplicate keys, no floats, no NaN, valid UTF-8.

Two parsers may read a duplicate key, a float or a lone surrogate differently, and then a signature
covers two contents. Source: RFC 8259, sections 4 and 8; RFC 8785, section 3.1 (I-JSON).
"""

from __future__ import annotations

import json
from typing import Final, NoReturn

from stillwatch.core.errors import SharingRefused

_DIGITS: Final = 16
_EXACT: Final = 2**53


def parse(body: bytes) -> object:
    """Parse a body.

    Raises:
        SharingRefused: It is no JSON, or JSON that parsers read differently; nothing of the body
            is in the message.
    """
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise SharingRefused("the body is not UTF-8", "", "sw.json.utf8") from error
    except RecursionError as error:
        raise SharingRefused("the body is nested too deeply", "", "sw.json.depth") from error
    except ValueError as error:
        raise SharingRefused("the body is no JSON", "", "sw.json.syntax") from error


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise SharingRefused("an object has a key twice", "", "sw.json.duplicate")
    return found


def _no_float(_: str) -> NoReturn:
    raise SharingRefused("a number is no integer", "write integers only", "sw.json.float")


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > _DIGITS or not -_EXACT < (number := int(text)) < _EXACT:
        raise SharingRefused("an integer is beyond 2^53", "", "sw.json.integer")
    return number


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=_no_float, parse_constant=_no_float, parse_int=_integer
)
