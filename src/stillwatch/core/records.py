"""The records that flow between stages, as Arrow schemas and frozen dataclasses.

Tables that hold a row an exchange, an account or a link are Arrow tables with the schemas below;
small results are frozen dataclasses. No stage sees more of its neighbour than these.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

import pyarrow as pa

TIMESTAMP: Final = pa.timestamp("us", tz="UTC")

EXCHANGE_SCHEMA: Final = pa.schema(
    [
        pa.field("exchange_id", pa.string()),
        pa.field("time", TIMESTAMP, nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("organization_id", pa.string()),
        pa.field("credential_id", pa.string()),
        pa.field("end_user_id", pa.string()),
        pa.field("plan", pa.string()),
        pa.field("verified", pa.bool_()),
        pa.field("account_created", TIMESTAMP),
        pa.field("payment_id", pa.string()),
        pa.field("email_domain", pa.string()),
        pa.field("ip", pa.string()),
        pa.field("asn", pa.int64()),
        pa.field("user_agent", pa.string()),
        pa.field("tls_fingerprint", pa.string()),
        pa.field("surface", pa.string()),
        pa.field("model", pa.string()),
        pa.field("messages", pa.string()),
        pa.field("tools", pa.string()),
        pa.field("response", pa.string()),
        pa.field("temperature", pa.float64()),
        pa.field("top_p", pa.float64()),
        pa.field("n", pa.int64()),
        pa.field("max_tokens", pa.int64()),
        pa.field("logprobs", pa.bool_()),
        pa.field("seed", pa.int64()),
        pa.field("input_tokens", pa.int64()),
        pa.field("output_tokens", pa.int64()),
        pa.field("reasoning_tokens", pa.int64()),
        pa.field("cached_tokens", pa.int64()),
        pa.field("status", pa.int64()),
        pa.field("finish_reason", pa.string()),
        pa.field("blob_ids", pa.list_(pa.string())),
    ]
)
"""The Exchange: one prompt and its response. `messages` and `tools` are JSON text."""

SKETCH_SCHEMA: Final = pa.schema(
    [
        # who and when
        pa.field("exchange_key", pa.int64(), nullable=False),
        pa.field("time_us", pa.int64(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("organization_id", pa.string()),
        pa.field("plan", pa.string()),
        pa.field("verified", pa.bool_()),
        pa.field("account_created_us", pa.int64()),
        pa.field("account_key", pa.int64(), nullable=False),  # token(account_id, key, "account")
        pa.field("party_key", pa.int64(), nullable=False),  # the organisation, else the account
        # keyed tokens of identifiers: equal when the identifiers are equal, nothing more
        pa.field("credential_key", pa.int64()),
        pa.field("end_user_key", pa.int64()),
        pa.field("payment_key", pa.int64()),
        pa.field("email_domain_key", pa.int64()),
        pa.field("ip_key", pa.int64()),
        pa.field("prefix_key", pa.int64()),  # IPv4 /24 or IPv6 /48
        pa.field("asn", pa.int64()),
        pa.field("user_agent_key", pa.int64()),
        pa.field("tls_key", pa.int64()),
        pa.field("surface", pa.string()),
        pa.field("model", pa.string()),
        # prompt
        pa.field("system_key", pa.int64()),  # normalised system prompt
        pa.field("tools_key", pa.int64()),
        pa.field("payload_key", pa.int64()),  # normalised last user message
        pa.field("prompt_key", pa.int64()),  # normalised whole conversation
        pa.field("head_key", pa.int64()),  # first 8 tokens of the last user message
        pa.field("tail_key", pa.int64()),  # last 8 tokens of the last user message
        pa.field("fingerprints", pa.list_(pa.int64())),  # fine winnowing: system + last user
        pa.field("bands", pa.list_(pa.int64())),  # 16 LSH bands of 8 MinHash rows
        pa.field("echo_prompt", pa.list_(pa.int64())),  # coarse winnowing: user and tool text
        pa.field("echo_response", pa.list_(pa.int64())),  # coarse winnowing: the response
        pa.field("script", pa.string()),  # ISO 15924 of the last user message
        pa.field("language", pa.string()),  # ISO 639-1 or "und"
        pa.field("response_script", pa.string()),
        pa.field("prompt_length", pa.int32()),  # tokens of the last user message
        pa.field("response_length", pa.int32()),
        # content scores in [0, 1]; `cues` says which cue groups fired, a bit each
        pa.field("reasoning_elicitation", pa.float32()),
        pa.field("rubric_grading", pa.float32()),
        pa.field("batch_generation", pa.float32()),
        pa.field("identity_confusion", pa.float32()),
        pa.field("foreign_harness", pa.float32()),
        pa.field("cues", pa.int64()),
        # request and result
        pa.field("temperature", pa.float32()),
        pa.field("n", pa.int32()),
        pa.field("max_tokens", pa.int64()),
        pa.field("logprobs", pa.bool_()),
        pa.field("input_tokens", pa.int64()),
        pa.field("output_tokens", pa.int64()),
        pa.field("reasoning_tokens", pa.int64()),
        pa.field("cached_tokens", pa.int64()),
        pa.field("status", pa.int32()),
        pa.field("finish_reason", pa.string()),
        pa.field("blob_keys", pa.list_(pa.int64())),
    ]
)
"""The Sketch: what is kept of an exchange. Text is gone; equality and shape remain."""

Family = Literal["content", "identity", "network", "timing"]
FAMILIES: Final[tuple[Family, ...]] = ("content", "identity", "network", "timing")
Level = Literal["none", "review", "act"]


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be used, and why: never dropped in silence."""

    file: str
    line: int | None
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector says of one account.

    Attributes:
        detector: Name of the detector.
        p_value: Conformal rank among accounts of the same segment, in (0, 1].
        effect: The detector's own effect size, in the unit its page documents.
        why: One sentence an analyst, or the customer, can read.
    """

    detector: str
    p_value: float
    effect: float
    why: str


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example of a unit: fed to the contract suite, the docs and the demo.

    Attributes:
        name: What the example shows.
        kind: `fires`, `benign`, `hard_benign` or `abstains`.
        rows: The input as plain rows of the unit's input record; missing fields are null.
    """

    name: str
    kind: Literal["fires", "benign", "hard_benign", "abstains"]
    rows: tuple[dict[str, object], ...] = field(default=())
