"""OpenTelemetry GenAI spans as OTLP JSON: a whole export request, one request a line, or spans.

Reads the old attribute names (conventions 1.36 and before) and the new ones. What OpenTelemetry
does not name, such as who is billed, comes from our own namespace on the span or its resource:
`stillwatch.account_id`, `stillwatch.plan`, and so on for every column of the Exchange. Spans that
are not a model call are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

import orjson
import pyarrow as pa

from stillwatch.core.contracts import RejectSink, Source
from stillwatch.sources._pairs import Record, filled
from stillwatch.sources._records import read_records
from stillwatch.sources._shapes import any_object, first, items, native
from stillwatch.sources._spans import conversation, unwrapped

OURS: Final = "stillwatch."
_CALLS: Final = ("chat", "completion", "text_completion", "generate_content")
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "exchange_id": ("gen_ai.response.id",),
    "end_user_id": ("enduser.id", "enduser.pseudo.id", "user.id", "gen_ai.user", "llm.user"),
    "ip": ("client.address", "net.sock.peer.addr", "http.client_ip"),
    "user_agent": ("user_agent.original", "http.user_agent"),
    "model": ("gen_ai.request.model", "gen_ai.response.model"),
    "tools": ("gen_ai.tool.definitions",),
    "temperature": ("gen_ai.request.temperature",),
    "top_p": ("gen_ai.request.top_p",),
    "n": ("gen_ai.request.choice.count",),
    "max_tokens": ("gen_ai.request.max_tokens",),
    "seed": ("gen_ai.request.seed", "gen_ai.openai.request.seed"),
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "reasoning_tokens": (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
    ),
    "cached_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
    ),
    "status": ("http.response.status_code", "http.status_code"),
}


@dataclass(frozen=True, slots=True)
class OpenTelemetry:
    """Reads the spans of model calls, with content where the instrumentation recorded it."""

    name: ClassVar[str] = "otel"
    summary: ClassVar[str] = "OpenTelemetry GenAI spans (OTLP JSON, old and new attribute names)"

    def matches(self, path: Path, head: bytes) -> bool:
        """Say whether one of the first lines is an OTLP request or a span."""
        del path
        return any_object(
            head,
            lambda keys: (
                not keys.isdisjoint({"resourceSpans", "resource_spans"})
                or keys >= {"traceId", "spanId"}
            ),
        )

    def read(
        self, path: Path, rejects: RejectSink, progress: Callable[[int], None]
    ) -> Iterator[pa.RecordBatch]:
        """Yield batches of `EXCHANGE_SCHEMA`, a model call a row.

        Raises:
            InputError: The file cannot be opened.
        """
        return read_records(path, _rows, rejects, progress)


def _rows(record: Record) -> Iterator[Record]:
    for span, attributes in _spans(record):
        operation = attributes.get("gen_ai.operation.name")
        if operation in _CALLS or (
            operation is None and any(k.startswith("gen_ai.") for k in attributes)
        ):
            yield _row(span, attributes)


def _spans(record: Record) -> Iterator[tuple[Record, Record]]:
    if "spanId" in record or "span_id" in record:
        yield record, unwrapped(record)
        return
    for group in items(first(record.get("resourceSpans"), record.get("resource_spans"))):
        shared = unwrapped(group.get("resource"))
        for scope in items(first(group.get("scopeSpans"), group.get("scope_spans"))):
            for span in items(scope.get("spans")):
                yield span, {**shared, **unwrapped(span)}


def _row(span: Record, attributes: Mapping[str, object]) -> Record:
    row: Record = {
        column: first(*(attributes.get(name) for name in names)) for column, names in _NAMES.items()
    }
    messages, said, finish = conversation(attributes, items(span.get("events")))
    row["messages"] = filled(messages)
    row["response"] = said
    reasons = _decoded(attributes.get("gen_ai.response.finish_reasons"))
    row["finish_reason"] = reasons[0] if isinstance(reasons, list) and reasons else finish
    trace, number = (first(span.get(f"{n}Id"), span.get(f"{n}_id")) for n in ("trace", "span"))
    row["exchange_id"] = first(row["exchange_id"], f"{trace}/{number}" if number else None)
    row["time"] = first(span.get("startTimeUnixNano"), span.get("start_time_unix_nano"))
    ours = {key[len(OURS) :]: value for key, value in attributes.items() if key.startswith(OURS)}
    return {**native(row), **native(ours)}


def _decoded(value: object) -> object:
    if not isinstance(value, str) or not value.startswith("["):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


SOURCE: type[Source] = OpenTelemetry
