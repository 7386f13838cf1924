"""OpenAI-style request/response pairs: chat completions and responses.

One JSON object a line: `request` (the body sent), `response` (the body returned) and an envelope
with at least `account_id`; `time` comes from the response when the envelope has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from stillwatch.core.contracts import RejectSink, Source
from stillwatch.sources._pairs import (
    Record,
    chat_response,
    chat_usage,
    filled,
    sealed_blobs,
    status_of,
    text_of,
    with_envelope,
)
from stillwatch.sources._records import read_records
from stillwatch.sources._shapes import any_object, dig, first, items

_MARKS = frozenset(
    {"response.choices", "response.output", "response.object", "request.input", "request.messages"}
)


@dataclass(frozen=True, slots=True)
class OpenAI:
    """Reads pairs of the chat-completions and the responses interface, also mixed in one file."""

    name: ClassVar[str] = "openai"
    summary: ClassVar[str] = "OpenAI-style request/response pairs (chat completions, responses)"

    def matches(self, path: Path, head: bytes) -> bool:
        """Say whether one of the first lines is a pair of this interface."""
        del path
        return any_object(head, lambda keys: "request" in keys and not keys.isdisjoint(_MARKS))

    def read(
        self, path: Path, rejects: RejectSink, progress: Callable[[int], None]
    ) -> Iterator[pa.RecordBatch]:
        """Yield batches of `EXCHANGE_SCHEMA`, a pair a row.

        Raises:
            InputError: The file cannot be opened.
        """
        return read_records(path, _row, rejects, progress)


def _row(record: Record) -> tuple[Record]:
    request, response = record.get("request"), record.get("response")
    asked: Record = {
        "model": first(dig(request, "model"), dig(response, "model")),
        "end_user_id": first(dig(request, "safety_identifier"), dig(request, "user")),
        "tools": filled(dig(request, "tools")),
        "temperature": dig(request, "temperature"),
        "top_p": dig(request, "top_p"),
        "n": dig(request, "n"),
        "seed": dig(request, "seed"),
    }
    newer = dig(request, "input") is not None or dig(response, "output") is not None
    said = _responses(request, response) if newer else _chat(request, response)
    return (with_envelope(record, {**asked, **said}),)


def _chat(request: object, response: object) -> Record:
    return {
        "messages": filled(dig(request, "messages")),
        "max_tokens": first(dig(request, "max_completion_tokens"), dig(request, "max_tokens")),
        "logprobs": dig(request, "logprobs"),
        "blob_ids": sealed_blobs(dig(request, "messages")),
        **chat_response(response),
    }


def _responses(request: object, response: object) -> Record:
    wanted = dig(request, "input")
    top = dig(request, "top_logprobs")
    return {
        "messages": filled(_messages(dig(request, "instructions"), wanted)),
        "max_tokens": dig(request, "max_output_tokens"),
        "logprobs": None if top is None else bool(top),
        "blob_ids": sealed_blobs(wanted),
        "exchange_id": dig(response, "id"),
        "time": dig(response, "created_at"),
        "response": _said(dig(response, "output")),
        "finish_reason": _finish(response),
        "status": status_of(response),
        **chat_usage(dig(response, "usage")),
    }


def _messages(instructions: object, wanted: object) -> list[object]:
    system: list[object] = [{"role": "system", "content": instructions}] if instructions else []
    if isinstance(wanted, str):
        return [*system, {"role": "user", "content": wanted}]
    return [*system, *map(_message, items(wanted))]


def _message(item: Record) -> Record:
    kind = item.get("type")
    if kind == "function_call_output":
        return {"role": "tool", "content": item.get("output")}
    if "role" not in item:
        return {"role": "assistant", "content": None, str(kind): item}
    return {"role": item["role"], "content": item.get("content")}


def _said(output: object) -> object:
    found = items(output)
    texts = [text_of(item.get("content")) for item in found if item.get("type") == "message"]
    calls = [item for item in found if str(item.get("type")).endswith("_call")]
    return "\n\n".join(text for text in texts if text) or filled(calls)


def _finish(response: object) -> object:
    reason = dig(response, "incomplete_details", "reason")
    if reason is not None:
        return "length" if reason == "max_output_tokens" else reason
    parts = [p for item in items(dig(response, "output")) for p in items(item.get("content"))]
    if any(part.get("type") == "refusal" for part in parts):
        return "refusal"
    status = dig(response, "status")
    return "stop" if status == "completed" else status


SOURCE: type[Source] = OpenAI
