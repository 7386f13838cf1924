"""Anthropic-style request/response pairs: messages.

One JSON object a line: `request` (the body sent), `response` (the body returned) and an envelope
with at least `time` and `account_id`, which the interface does not carry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

import pyarrow as pa

from stillwatch.core.contracts import RejectSink, Source
from stillwatch.sources._pairs import (
    Record,
    filled,
    sealed_blobs,
    status_of,
    text_of,
    with_envelope,
)
from stillwatch.sources._records import read_records
from stillwatch.sources._shapes import any_object, dig, first, items, whole

_MARKS: Final = frozenset({"response.stop_reason", "request.system", "request.anthropic_version"})
_FINISH: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
}
_INPUTS: Final = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


@dataclass(frozen=True, slots=True)
class Anthropic:
    """Reads pairs of the messages interface."""

    name: ClassVar[str] = "anthropic"
    summary: ClassVar[str] = "Anthropic-style request/response pairs (messages)"

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
    usage = dig(response, "usage")
    messages = items(dig(request, "messages"))
    system = dig(request, "system")
    stop = dig(response, "stop_reason")
    content = dig(response, "content")
    said = text_of([part for part in items(content) if part.get("type") == "text"])
    calls = [part for part in items(content) if part.get("type") == "tool_use"]
    derived: Record = {
        "exchange_id": dig(response, "id"),
        "model": first(dig(request, "model"), dig(response, "model")),
        "end_user_id": dig(request, "metadata", "user_id"),
        "messages": filled(
            [{"role": "system", "content": system}, *messages] if system else messages
        ),
        "tools": filled(dig(request, "tools")),
        "response": said or filled(calls),
        "temperature": dig(request, "temperature"),
        "top_p": dig(request, "top_p"),
        "max_tokens": dig(request, "max_tokens"),
        "input_tokens": sum(whole(dig(usage, key)) for key in _INPUTS) if usage else None,
        "output_tokens": dig(usage, "output_tokens"),
        "cached_tokens": dig(usage, "cache_read_input_tokens"),
        "status": status_of(response),
        "finish_reason": _FINISH.get(stop, stop) if isinstance(stop, str) else None,
        "blob_ids": sealed_blobs(messages),
    }
    return (with_envelope(record, derived),)


SOURCE: type[Source] = Anthropic
