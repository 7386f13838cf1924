"""The conversation on a GenAI span, in each of the ways it has been recorded.

New: `gen_ai.input.messages` and `gen_ai.output.messages`, messages with typed parts, as a structure
or as JSON text. Old: numbered attributes `gen_ai.prompt.0.content`, JSON text in `gen_ai.prompt`,
or one event a message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from stillwatch.sources._pairs import Record, filled, text_of
from stillwatch.sources._shapes import dig, first, items

_NUMBERED: Final = re.compile(r"gen_ai\.(prompt|completion)\.(\d{1,4})\.(.+)")
_EVENT: Final = re.compile(r"gen_ai\.((?:system|user|assistant|tool)\.message|choice)")
_TEXT: Final = ("text", None)


def conversation(
    attributes: Mapping[str, object], events: Sequence[Record]
) -> tuple[list[object], object, object]:
    """Return the messages asked, the text answered, and the reason it ended.

    Args:
        attributes: Attributes of the span, unwrapped, those of its resource included.
        events: Events of the span; their attributes may be wrapped as OTLP does.
    """
    holders = [attributes, *map(_of_event, events)]
    asked: list[object] = []
    answered: list[object] = []
    for holder in holders:
        if system := _structure(holder.get("gen_ai.system_instructions")):
            asked += [_message({"role": "system", "parts": system})]
        asked += map(_message, _listed(holder, "gen_ai.input.messages", "gen_ai.prompt"))
        answered += map(_message, _listed(holder, "gen_ai.output.messages", "gen_ai.completion"))
    old_asked, old_answered = _numbered(attributes)
    asked += old_asked
    answered += old_answered
    said = [text for message in answered if (text := text_of(dig(message, "content")))]
    calls = [call for message in answered for call in items(dig(message, "tool_calls"))]
    finish = next((dig(m, "finish_reason") for m in answered if dig(m, "finish_reason")), None)
    return asked, "\n\n".join(said) or filled(calls), finish


def _of_event(event: Record) -> Record:
    """Return an event's attributes; an event that is one message becomes a message."""
    attributes = unwrapped(event)
    found = _EVENT.fullmatch(str(event.get("name")))
    if not found:
        return attributes
    content = first(attributes.get("content"), attributes.get("gen_ai.event.content"))
    if found[1] == "choice":
        return {"gen_ai.output.messages": _structure(first(content, attributes.get("message")))}
    role = found[1].removesuffix(".message")
    return {"gen_ai.input.messages": [{"role": role, "content": content}]}


def unwrapped(holder: object) -> Record:
    """Return the attributes of a span, resource or event as plain values."""
    given = dig(holder, "attributes")
    if isinstance(given, dict):
        return given  # some exporters write a plain object
    return {
        key: _plain(pair.get("value"))
        for pair in items(given)
        if isinstance(key := pair.get("key"), str)
    }


def _plain(value: object) -> object:
    """Undo the OTLP wrapping of one value (`AnyValue`); 64-bit integers arrive as text."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    kind, inner = next(iter(value.items()))
    if kind in {"intValue", "int_value"} and isinstance(inner, str):
        return int(inner) if inner.lstrip("-").isdecimal() and len(inner) < 20 else inner
    if kind in {"arrayValue", "array_value"}:
        return [_plain(item) for item in items(dig(inner, "values"))]
    if kind in {"kvlistValue", "kvlist_value"}:
        return {str(p.get("key")): _plain(p.get("value")) for p in items(dig(inner, "values"))}
    return inner


def _structure(value: object) -> object:
    """Parse JSON text; leave anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def _listed(holder: Mapping[str, object], *names: str) -> list[object]:
    value = _structure(first(*(holder.get(name) for name in names)))
    if value is None:
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        inner = value.get("messages")
        return inner if isinstance(inner, list) else [value]
    role = "assistant" if "output" in names[0] else "user"
    return [{"role": role, "content": value}]


def _message(message: object) -> Record:
    """Return {role, content}: parts become text where they are text, and stay parts elsewhere."""
    if not isinstance(message, dict):
        return {"role": "user", "content": message if isinstance(message, str) else None}
    kept = {key: message[key] for key in ("finish_reason", "tool_calls") if message.get(key)}
    role = message.get("role")
    parts = message.get("parts")
    if not isinstance(parts, list):
        return {"role": role, "content": first(message.get("content"), parts), **kept}
    found = items(parts)
    calls = [part for part in found if part.get("type") == "tool_call"]
    if calls:
        kept["tool_calls"] = calls
    texts = [_part(part) for part in found if part.get("type") != "tool_call"]
    if len(texts) == 1 and texts[0].get("type") == "text":
        return {"role": role, "content": texts[0]["text"], **kept}
    return {"role": role, "content": texts, **kept}


def _part(part: Record) -> Record:
    if part.get("type") in _TEXT:
        return {"type": "text", "text": first(part.get("content"), part.get("text"))}
    if part.get("type") == "tool_call_response":
        return {"type": "tool_result", "content": first(part.get("result"), part.get("response"))}
    return part


def _numbered(attributes: Mapping[str, object]) -> tuple[list[object], list[object]]:
    sides: dict[str, dict[int, Record]] = {"prompt": {}, "completion": {}}
    for name, value in attributes.items():
        if found := _NUMBERED.fullmatch(name):
            sides[found[1]].setdefault(int(found[2]), {})[found[3]] = value
    asked, answered = (
        [_old_message(messages[n], default) for n in sorted(messages)]
        for messages, default in ((sides["prompt"], "user"), (sides["completion"], "assistant"))
    )
    return asked, answered


def _old_message(fields: Record, default: str) -> object:
    content = fields.get("content")
    if isinstance(content, str) and content.startswith("[{"):
        content = _structure(content)
    message: Record = {"role": first(fields.get("role"), default), "content": content}
    if fields.get("finish_reason"):
        message["finish_reason"] = fields["finish_reason"]
    calls = [value for name, value in sorted(fields.items()) if name.startswith("tool_calls.")]
    if calls:
        message["tool_calls"] = [{"arguments": calls}]
    return message
