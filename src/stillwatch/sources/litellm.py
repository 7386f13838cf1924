"""LiteLLM request logs: one `StandardLoggingPayload` a line.

The account is the user behind the virtual key, or the key's hash. An e-mail address is cut to its
domain before anything else sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

import pyarrow as pa

from stillwatch.core.contracts import RejectSink, Source
from stillwatch.sources._pairs import Record, chat_response, chat_usage, filled, sealed_blobs
from stillwatch.sources._records import read_records
from stillwatch.sources._shapes import any_object, dig, first, native, whole

_WRAPPER: Final = "standard_logging_object"
_MARKS: Final = frozenset({"startTime", "call_type"})
_AGENT: Final = "User-Agent: "


@dataclass(frozen=True, slots=True)
class LiteLLM:
    """Reads payloads as LiteLLM writes them to object stores and files; all fields optional."""

    name: ClassVar[str] = "litellm"
    summary: ClassVar[str] = "LiteLLM request logs (StandardLoggingPayload)"

    def matches(self, path: Path, head: bytes) -> bool:
        """Say whether one of the first lines is such a payload."""
        del path
        return any_object(head, lambda keys: keys >= _MARKS or _WRAPPER in keys)

    def read(
        self, path: Path, rejects: RejectSink, progress: Callable[[int], None]
    ) -> Iterator[pa.RecordBatch]:
        """Yield batches of `EXCHANGE_SCHEMA`, a payload a row.

        Raises:
            InputError: The file cannot be opened.
        """
        return read_records(path, _row, rejects, progress)


def _row(record: Record) -> tuple[Record]:
    payload = record.get(_WRAPPER, record)
    who = dig(payload, "metadata")
    settings = dig(payload, "model_parameters")
    response = dig(payload, "response")
    said = chat_response(response) if isinstance(response, dict) else {"response": response}
    messages = dig(payload, "messages")
    row: Record = {
        **native(chat_usage(dig(who, "usage_object"))),
        **native(said),
        "exchange_id": first(dig(payload, "id"), said.get("exchange_id")),
        "time": dig(payload, "startTime"),
        "account_id": first(dig(who, "user_api_key_user_id"), dig(who, "user_api_key_hash")),
        "organization_id": first(dig(who, "user_api_key_org_id"), dig(who, "user_api_key_team_id")),
        "credential_id": dig(who, "user_api_key_hash"),
        "end_user_id": first(dig(payload, "end_user"), dig(who, "user_api_key_end_user_id")),
        "email_domain": _domain(dig(who, "user_api_key_user_email")),
        "ip": first(dig(payload, "requester_ip_address"), dig(who, "requester_ip_address")),
        "user_agent": _agent(dig(payload, "request_tags")),
        "model": first(dig(payload, "model_group"), dig(payload, "model")),
        "messages": messages,
        "blob_ids": sealed_blobs(messages),
        "tools": filled(dig(settings, "tools")),
        "temperature": dig(settings, "temperature"),
        "top_p": dig(settings, "top_p"),
        "n": dig(settings, "n"),
        "max_tokens": first(dig(settings, "max_completion_tokens"), dig(settings, "max_tokens")),
        "logprobs": dig(settings, "logprobs"),
        "seed": dig(settings, "seed"),
        "status": _status(payload),
    }
    tokens = {
        "input_tokens": dig(payload, "prompt_tokens"),
        "output_tokens": dig(payload, "completion_tokens"),
    }
    return (native({**row, **native(tokens)}),)


def _domain(email: object) -> str | None:
    if not isinstance(email, str) or "@" not in email:
        return None
    return email.rpartition("@")[2].strip().lower() or None


def _agent(tags: object) -> str | None:
    named = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    agents = [tag.removeprefix(_AGENT) for tag in named if tag.startswith(_AGENT)]
    return max(agents, key=len, default=None)  # a short form of the same agent may stand beside it


def _status(payload: object) -> int | None:
    if dig(payload, "status") == "success":
        return 200
    code = dig(payload, "error_information", "error_code")
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == 3:
        return int(code)
    return whole(code) or None


SOURCE: type[Source] = LiteLLM
