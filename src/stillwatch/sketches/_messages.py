"""Reads the text of a conversation out of its JSON, message by message.

The usual shape, `[{"role": …, "content": "…"}]`, is read by a compiled scanner straight from the
Arrow buffer. Any other row goes to Python once, which rewrites it into the usual shape.
"""

from __future__ import annotations

import json
from typing import Final, NamedTuple

import numpy as np
import orjson
import pyarrow as pa

from stillwatch.core.compiled import kernel
from stillwatch.sketches._hashing import I32, I64, U8

SYSTEM, USER, ASSISTANT, TOOL, LAST_USER = range(5)
ROLES: Final = {
    "system": "system", "developer": "system", "user": "user", "human": "user",
    "assistant": "assistant", "model": "assistant", "ai": "assistant",
}  # fmt: skip
_SMALLEST_MESSAGE: Final = 24  # bytes; bounds the number of messages in a buffer
_DEEPEST: Final = 16  # parts inside parts


class Messages(NamedTuple):
    """The messages of a batch.

    Attributes:
        text: UTF-8 of all messages, one after the other.
        bounds: Length m + 1; message i is `text[bounds[i]:bounds[i + 1]]`.
        roles: Length m; `SYSTEM`, `USER`, `ASSISTANT`, `TOOL` or, once a row, `LAST_USER`.
        rows: Length n + 1; row j holds messages `rows[j]` to `rows[j + 1]`.
    """

    text: U8
    bounds: I64
    roles: I32
    rows: I64


def buffers(column: pa.StringArray | pa.BinaryArray) -> tuple[U8, I64]:
    """Return the bytes of a column of texts and its n + 1 offsets; nulls are empty."""
    column = column.cast(pa.large_binary())
    if column.null_count:
        column = column.fill_null(b"")
    _, offsets, data = column.buffers()
    places = np.frombuffer(offsets, dtype=np.int64)[column.offset : column.offset + len(column) + 1]
    return np.frombuffer(data or b"", dtype=np.uint8), places


def read_messages(column: pa.StringArray) -> Messages:
    """Read a column of conversations in JSON; a row that holds none has no messages."""
    messages, unusual = _scan_column(column)
    if unusual.any():
        rows = np.flatnonzero(unusual)
        texts = column.cast(pa.large_binary()).take(pa.array(rows)).to_pylist()
        rewritten = pa.array([rewrite(t) for t in texts], type=pa.large_string())
        mask = pa.array(unusual.astype(bool))
        column = pa.compute.replace_with_mask(column.cast(pa.large_string()), mask, rewritten)
        messages, _ = _scan_column(column)
    return messages


def rewrite(raw: bytes) -> str:
    """Rewrite any conversation into the usual shape; an empty list where there is none.

    Text parts are joined by line ends; tool results inside a user turn become tool messages;
    images and other parts are left out.
    """
    parsed = _parse(raw)
    if not isinstance(parsed, list):
        return "[]"
    messages: list[dict[str, str]] = []
    for message in parsed:
        if isinstance(message, dict):
            name = message.get("role")
            role = ROLES.get(name, "tool") if isinstance(name, str) else "user"
            _rewrite_content(role, message.get("content"), messages)
            _rewrite_calls(message.get("tool_calls"), messages)
    return orjson.dumps(messages).decode()


def conversation(raw: str) -> list[tuple[str, str]]:
    """Return the role and the text of every message, for a person to read."""
    return [
        (message["role"], message["content"]) for message in orjson.loads(rewrite(raw.encode()))
    ]


def _parse(raw: bytes) -> object:
    text = raw.decode("utf-8", "replace")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(text)  # takes lone surrogates, which orjson refuses
    except (ValueError, RecursionError):
        return None


def _rewrite_content(role: str, content: object, messages: list[dict[str, str]]) -> None:
    texts: list[str] = []
    results: list[str] = []
    _collect(content, texts, results, 0)
    messages.extend(_message("tool", result) for result in results)
    if texts:
        messages.append(_message(role, "\n".join(texts)))


def _collect(content: object, texts: list[str], results: list[str], depth: int) -> None:
    if isinstance(content, str):
        texts.append(content)
    elif isinstance(content, list) and depth < _DEEPEST:
        for part in content:
            _collect(part, texts, results, depth + 1)
    elif isinstance(content, dict) and depth < _DEEPEST:
        if content.get("type") in ("tool_result", "function_call_output"):
            inner = content.get("content", content.get("output"))
            _collect(inner, results, results, depth + 1)
        else:
            _collect(content.get("text"), texts, results, depth + 1)


def _rewrite_calls(calls: object, messages: list[dict[str, str]]) -> None:
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        arguments = function.get("arguments") if isinstance(function, dict) else None
        if isinstance(arguments, str):
            messages.append(_message("assistant", arguments))


def _message(role: str, text: str) -> dict[str, str]:
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return {"role": role, "content": whole}


def _scan_column(column: pa.StringArray) -> tuple[Messages, U8]:
    data, offsets = buffers(column)
    size = int(offsets[-1] - offsets[0])
    count = size // _SMALLEST_MESSAGE + 1
    text = np.empty(size + 1, dtype=np.uint8)
    bounds = np.zeros(count + 1, dtype=np.int64)
    roles = np.empty(count, dtype=np.int32)
    rows = np.zeros(len(offsets), dtype=np.int64)
    unusual = np.zeros(len(offsets) - 1, dtype=np.uint8)
    total = scan(data, offsets, text, bounds, roles, rows, unusual)
    return Messages(text, bounds[: total + 1], roles[:total], rows), unusual


@kernel
def scan(data: U8, offsets: I64, text: U8, bounds: I64, roles: I32, rows: I64, unusual: U8) -> int:
    """Read all rows into `text`, `bounds`, `roles` and `rows`; return the number of messages.

    Rows of another shape get no messages and are marked in `unusual`.
    """
    count = 0
    for row in range(len(offsets) - 1):
        first = count
        if offsets[row + 1] > offsets[row]:
            count = _conversation(data, offsets[row], offsets[row + 1], text, bounds, roles, count)
            if count < 0:
                count = first
                unusual[row] = 1
        for i in range(count - 1, first - 1, -1):
            if roles[i] == USER:
                roles[i] = LAST_USER
                break
        rows[row + 1] = count
    return count


@kernel
def _conversation(
    data: U8, at: int, end: int, text: U8, bounds: I64, roles: I32, count: int
) -> int:
    """Read one row; return the new number of messages, -1 where the shape is unusual."""
    at = _blank(data, at, end)
    if at >= end or data[at] != 0x5B:
        return -1
    at = _blank(data, at + 1, end)
    if at < end and data[at] == 0x5D:
        return count if _blank(data, at + 1, end) == end else -1
    while at < end:
        at = _one(data, at, end, text, bounds, roles, count)
        if at < 0:
            return -1
        count += 1
        at = _blank(data, at, end)
        if at >= end:
            return -1
        if data[at] == 0x5D:
            return count if _blank(data, at + 1, end) == end else -1
        if data[at] != 0x2C:
            return -1
        at = _blank(data, at + 1, end)
    return -1


@kernel
def _one(data: U8, at: int, end: int, text: U8, bounds: I64, roles: I32, count: int) -> int:
    """Read one message object; return the place after it, or -1."""
    if data[at] != 0x7B:
        return -1
    role = -1
    size = -1
    for _ in range(2):
        at = _blank(data, at + 1, end)
        is_role = _matches(data, at, end, 0)
        is_content = not is_role and _matches(data, at, end, 1)
        if not is_role and not is_content:
            return -1
        at = _blank(data, at + (6 if is_role else 9), end)
        if at >= end or data[at] != 0x3A:
            return -1
        at = _blank(data, at + 1, end)
        if is_role:
            if role >= 0:
                return -1
            role, at = _role(data, at, end)
        else:
            if size >= 0:
                return -1
            size, at = _string(data, at, end, text, bounds[count])
        if at < 0:
            return -1
        at = _blank(data, at, end)
        if at >= end or data[at] != (0x7D if role >= 0 and size >= 0 else 0x2C):
            return -1
    roles[count] = role
    bounds[count + 1] = bounds[count] + size
    return at + 1


@kernel
def _blank(data: U8, at: int, end: int) -> int:
    while at < end and (data[at] == 0x20 or data[at] == 0x0A or data[at] == 0x0D or data[at] == 9):
        at += 1
    return at


_WORDS: Final = (b'"role"', b'"content"', b'"system"', b'"developer"', b'"user"', b'"assistant"',
                 b'"tool"')  # fmt: skip
_WORD_BYTES: Final = np.frombuffer(b"".join(_WORDS), dtype=np.uint8)
_WORD_PLACES: Final = np.cumsum([0, *(len(w) for w in _WORDS)])


@kernel
def _matches(data: U8, at: int, end: int, word: int) -> bool:
    first = _WORD_PLACES[word]
    size = _WORD_PLACES[word + 1] - first
    if at + size > end:
        return False
    for i in range(size):  # noqa: SIM110 (compiled: no generators)
        if data[at + i] != _WORD_BYTES[first + i]:
            return False
    return True


@kernel
def _role(data: U8, at: int, end: int) -> tuple[int, int]:
    if _matches(data, at, end, 4):
        return USER, at + 6
    if _matches(data, at, end, 5):
        return ASSISTANT, at + 11
    if _matches(data, at, end, 2):
        return SYSTEM, at + 8
    if _matches(data, at, end, 3):
        return SYSTEM, at + 11
    if _matches(data, at, end, 6):
        return TOOL, at + 6
    return -1, -1


@kernel
def _string(data: U8, at: int, end: int, text: U8, out: int) -> tuple[int, int]:
    """Unescape a JSON string into `text` at `out`; return its size and the place after it."""
    if at >= end or data[at] != 0x22:
        return -1, -1
    start = out
    at += 1
    while at < end:
        byte = data[at]
        if byte == 0x22:
            return out - start, at + 1
        if byte < 0x20:
            return -1, -1
        if byte != 0x5C:
            text[out] = byte
            out += 1
            at += 1
            continue
        out, at = _escape(data, at + 1, end, text, out)
        if at < 0:
            return -1, -1
    return -1, -1


_ESCAPES: Final = np.frombuffer(b'n"\\/trbf', dtype=np.uint8)
_MEANT: Final = np.frombuffer(b'\n"\\/\t\r\b\f', dtype=np.uint8)


@kernel
def _escape(data: U8, at: int, end: int, text: U8, out: int) -> tuple[int, int]:
    """Write what follows a backslash; return the new ends of output and input."""
    if at >= end:
        return out, -1
    byte = data[at]
    if byte == 0x75:
        code = _hex4(data, at + 1, end)
        at += 5
        if 0xD800 <= code < 0xDC00 and at + 1 < end and data[at] == 0x5C and data[at + 1] == 0x75:
            low = _hex4(data, at + 2, end)
            if 0xDC00 <= low < 0xE000:
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                at += 6
        if 0xD800 <= code < 0xE000:
            code = 0xFFFD
        return (_put(text, out, code), at) if code >= 0 else (out, -1)
    for i in range(len(_ESCAPES)):
        if byte == _ESCAPES[i]:
            text[out] = _MEANT[i]
            return out + 1, at + 1
    return out, -1


@kernel
def _hex4(data: U8, at: int, end: int) -> int:
    if at + 4 > end:
        return -1
    code = 0
    for i in range(4):
        byte = int(data[at + i])
        digit = byte - 0x30 if byte <= 0x39 else (byte | 0x20) - 0x57
        if byte < 0x30 or digit > 15 or (byte > 0x39 and digit < 10):
            return -1
        code = code * 16 + digit
    return code


@kernel
def _put(text: U8, out: int, code: int) -> int:
    """Write a code point as UTF-8 (RFC 3629); return the new end."""
    if code < 0x80:
        text[out] = code
        return out + 1
    if code < 0x800:
        text[out] = 0xC0 | code >> 6
        text[out + 1] = 0x80 | code & 0x3F
        return out + 2
    if code < 0x10000:
        text[out] = 0xE0 | code >> 12
        text[out + 1] = 0x80 | code >> 6 & 0x3F
        text[out + 2] = 0x80 | code & 0x3F
        return out + 3
    text[out] = 0xF0 | code >> 18
    text[out + 1] = 0x80 | code >> 12 & 0x3F
    text[out + 2] = 0x80 | code >> 6 & 0x3F
    text[out + 3] = 0x80 | code & 0x3F
    return out + 4
