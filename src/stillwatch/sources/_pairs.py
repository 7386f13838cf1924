"""Request/response pairs: one JSON object a line with `request`, `response` and an envelope.

The envelope is every other key: columns of the Exchange such as `time` and `account_id`, which the
API itself does not carry. An envelope column wins over what the pair says.
"""

from __future__ import annotations

import hashlib
from typing import Final

from stillwatch.sources._shapes import dig, first, items, native, whole

Record = dict[str, object]
_REASONING: Final = ("reasoning", "thinking", "redacted_thinking")  # compared with any value
_SEALED: Final = ("encrypted_content", "signature", "data")


def with_envelope(record: Record, derived: Record) -> Record:
    """Return the derived columns, overruled by the columns of the envelope."""
    envelope = {key: value for key, value in record.items() if key not in {"request", "response"}}
    return {**native(derived), **native(envelope)}


def text_of(content: object) -> str:
    """Return the text of a message content: text itself, or its text parts joined by line ends."""
    if isinstance(content, str):
        return content
    parts = (
        first(part.get("text"), part.get("content"), part.get("refusal")) for part in items(content)
    )
    return "\n".join(part for part in parts if isinstance(part, str))


def filled(value: object) -> object:
    """Return the value, or None for an empty one."""
    return value or None


def status_of(response: object) -> int | None:
    """Return 200 for a response without an error, and its HTTP code or nothing for one with."""
    if not isinstance(response, dict) or not response:
        return None
    error = response.get("error")
    if error is None and response.get("type") != "error":
        return 200
    code = whole(first(dig(error, "status"), dig(error, "code"), dig(response, "status")))
    return code or None


def sealed_blobs(messages: object) -> list[str] | None:
    """Return a digest of each sealed reasoning blob presented in a request's messages.

    The digest is of the sealed content and not its label, which a client may change.
    """
    digests = []
    for message in items(messages):
        for part in (message, *items(message.get("content"))):
            if part.get("type") in _REASONING:
                sealed = first(*(part.get(key) for key in _SEALED))
                if isinstance(sealed, str):
                    digests.append(hashlib.blake2b(sealed.encode(), digest_size=16).hexdigest())
    return digests or None


def chat_response(response: object) -> Record:
    """Return what a chat-completions response says, as columns of the Exchange."""
    choices = items(dig(response, "choices"))
    texts = [text_of(first(dig(c, "message", "content"), c.get("text"))) for c in choices]
    said = "\n\n".join(text for text in texts if text)
    calls = [call for c in choices for call in items(dig(c, "message", "tool_calls"))]
    refusals = [dig(c, "message", "refusal") for c in choices]
    finish = dig(choices[0], "finish_reason") if choices else None
    if any(isinstance(refusal, str) and refusal for refusal in refusals):
        finish = "refusal"
        said = said or "\n\n".join(r for r in refusals if isinstance(r, str))
    return {
        "exchange_id": dig(response, "id"),
        "time": dig(response, "created"),
        "response": said or filled(calls),
        "finish_reason": finish,
        "status": status_of(response),
        **chat_usage(dig(response, "usage")),
    }


def chat_usage(usage: object) -> Record:
    """Return the token counts of a chat-completions or responses usage object."""
    asked = first(dig(usage, "prompt_tokens_details"), dig(usage, "input_tokens_details"))
    given = first(dig(usage, "completion_tokens_details"), dig(usage, "output_tokens_details"))
    return {
        "input_tokens": first(dig(usage, "prompt_tokens"), dig(usage, "input_tokens")),
        "output_tokens": first(dig(usage, "completion_tokens"), dig(usage, "output_tokens")),
        "cached_tokens": dig(asked, "cached_tokens"),
        "reasoning_tokens": dig(given, "reasoning_tokens"),
    }
