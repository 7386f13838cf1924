"""Sketches a batch of exchanges: the map step of a scan."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core.keyed import PUBLIC_KEY
from stillwatch.core.records import SKETCH_SCHEMA
from stillwatch.sketches import (
    _identifiers,
    _keys,
    _language,
    _lexicon,
    _messages,
    _minhash,
    _unicode,
    _winnow,
)
from stillwatch.sketches._hashing import I32, I64, U64, hash_values, seeds
from stillwatch.sketches._tokens import Tokens, tokenise

SKETCH_VERSION: Final = "2"
"""Raised whenever the same text would get another sketch."""

_CHUNK_ROWS: Final = 4096
_CHUNK_BYTES: Final = 8 << 20
_SYSTEM, _LAST, _TOOL = (1 << r for r in (_messages.SYSTEM, _messages.LAST_USER, _messages.TOOL))
_FINE: Final = _winnow.Choice((_SYSTEM, _LAST), (16, 48), k=6, width=8)
_COARSE: Final = _winnow.Choice((_LAST | _TOOL, 0), (32, 0), k=8, width=32)


def sketch_batch(batch: pa.RecordBatch, key: bytes = PUBLIC_KEY) -> pa.RecordBatch:
    """Sketch a batch: what is kept of n exchanges once their text is dropped.

    Pure and deterministic, whatever the order or the split of rows; safe to call from several
    threads, which then run side by side.

    Args:
        batch: n rows of `EXCHANGE_SCHEMA`.
        key: Secret of the deployment, at most 64 bytes; another key gives other hashes throughout.

    Returns:
        n rows of `SKETCH_SCHEMA`, in order.
    """
    columns = _plain_columns(batch) | _identifier_columns(batch, key)
    parts = [_content_columns(part, key) for part in _chunks(batch)]
    for name in parts[0]:
        columns[name] = pa.concat_arrays([part[name] for part in parts])
    columns["exchange_key"] = _exchange_keys(batch, columns, key)
    return pa.RecordBatch.from_arrays(
        [columns[field.name].cast(field.type) for field in SKETCH_SCHEMA], schema=SKETCH_SCHEMA
    )


def warm_up() -> None:
    """Compile, or load from the cache, every kernel, so that no request has to wait for it."""
    from stillwatch.core.records import EXCHANGE_SCHEMA  # noqa: PLC0415

    row = {
        "time": 0,
        "account_id": "warm-up",
        "messages": '[{"role":"user","content":"one two three four five six seven eight nine"}]',
        "response": "one",
    }
    sketch_batch(pa.RecordBatch.from_pylist([row], schema=EXCHANGE_SCHEMA))


def _chunks(batch: pa.RecordBatch) -> list[pa.RecordBatch]:
    """Cut a batch so that the work space of one piece stays in the processor's cache."""
    rows = max(batch.num_rows, 1)
    size = sum(batch.column(name).nbytes for name in ("messages", "response"))
    step = max(1, min(_CHUNK_ROWS, _CHUNK_BYTES * rows // max(size, 1)))
    return [batch.slice(start, step) for start in range(0, rows, step)]


def _plain_columns(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    same = (
        *("account_id", "organization_id", "plan", "verified", "asn", "surface", "model"),
        *("max_tokens", "logprobs", "input_tokens", "output_tokens", "reasoning_tokens"),
        *("cached_tokens", "finish_reason"),
    )
    columns = {name: batch.column(name) for name in same}
    columns["time_us"] = batch.column("time").cast(pa.int64())
    columns["account_created_us"] = batch.column("account_created").cast(pa.int64())
    temperature = batch.column("temperature").cast(pa.float32(), safe=False)
    columns["temperature"] = pc.if_else(pc.is_finite(temperature), temperature, None)
    for name in ("n", "status"):
        wide = pc.max_element_wise(batch.column(name), -(2**31), skip_nulls=False)
        columns[name] = pc.min_element_wise(wide, 2**31 - 1, skip_nulls=False)
    return columns


def _identifier_columns(batch: pa.RecordBatch, key: bytes) -> dict[str, pa.Array]:
    columns = {
        target: _identifiers.tokens(batch.column(source), key, purpose)
        for target, source, purpose in (
            ("credential_key", "credential_id", "credential"),
            ("end_user_key", "end_user_id", "end_user"),
            ("payment_key", "payment_id", "payment"),
            ("user_agent_key", "user_agent", "user_agent"),
            ("tls_key", "tls_fingerprint", "tls"),
            ("tools_key", "tools", "tools"),
        )
    }
    domains = batch.column("email_domain")
    columns["email_domain_key"] = _identifiers.domain_tokens(domains, key, "email_domain")
    columns["account_key"] = _identifiers.tokens(batch.column("account_id"), key, "account")
    organization = _identifiers.tokens(batch.column("organization_id"), key, "organization")
    columns["party_key"] = pc.coalesce(organization, columns["account_key"])
    columns["ip_key"], columns["prefix_key"] = _identifiers.address_tokens(batch.column("ip"), key)
    columns["blob_keys"] = _identifiers.list_tokens(batch.column("blob_ids"), key, "blob")
    return columns


def _exchange_keys(batch: pa.RecordBatch, columns: dict[str, pa.Array], key: bytes) -> pa.Array:
    """Key each exchange by its id, or by its account, time and texts where it has none."""
    seed = seeds(key, "exchange", 1)[0]
    given = hash_values(*_messages.buffers(batch.column("exchange_id")), seed)
    missing = ~batch.column("exchange_id").is_valid().to_numpy(zero_copy_only=False)
    if missing.any():
        rows = batch.filter(pa.array(missing))
        parts = [
            hash_values(*_messages.buffers(rows.column(name)), seed)
            for name in ("account_id", "messages", "response", "model")
        ]
        times = columns["time_us"].to_numpy().view(np.uint64)[missing]
        stacked = np.column_stack([times, *parts])
        places = np.arange(len(stacked) + 1, dtype=np.int64) * stacked.shape[1] * 8
        given[missing] = hash_values(stacked.view(np.uint8).reshape(-1), places, ~seed)
    return pa.array(given.view(np.int64))


def _content_columns(batch: pa.RecordBatch, key: bytes) -> dict[str, pa.Array]:
    messages = _messages.read_messages(batch.column("messages"))
    token_seed, seed = seeds(key, "token", 1)[0], seeds(key, "text", 1)[0]
    tokens = tokenise(messages.text, messages.bounds, token_seed)
    shape = (tokens.bounds, messages.roles, messages.rows)
    keys = _keys.conversation_keys(tokens.values, *shape, seed)
    columns = {
        f"{name}_key": _nullable(getattr(keys, name))
        for name in ("system", "payload", "prompt", "head", "tail")
    }
    columns["bands"] = _bands(tokens, keys.user, key)
    present = np.diff(messages.rows) > 0
    for name, choice in (("fingerprints", _FINE), ("echo_prompt", _COARSE)):
        found, places = _winnow.fingerprints(tokens.values, *shape, choice, seed)
        columns[name] = _lists(found, places, present)
    columns |= _cue_columns(tokens, messages, keys.user, key)
    columns |= _speech_columns(tokens, keys.user, key, "")
    return columns | _response_columns(batch.column("response"), key)


def _response_columns(column: pa.Array, key: bytes) -> dict[str, pa.Array]:
    text, bounds = _messages.buffers(column)
    tokens = tokenise(text, bounds, seeds(key, "token", 1)[0])
    present = column.is_valid().to_numpy(zero_copy_only=False)
    roles = np.full(len(column), _messages.LAST_USER, dtype=np.int32)
    rows = np.arange(len(column) + 1, dtype=np.int64)
    found, places = _winnow.fingerprints(
        tokens.values, tokens.bounds, roles, rows, _COARSE, seeds(key, "text", 1)[0]
    )
    texts = np.where(present, rows[:-1], -1)
    columns = _speech_columns(tokens, texts, key, "response_")
    return columns | {"echo_response": _lists(found, places, present)}


def _speech_columns(tokens: Tokens, texts: I64, key: bytes, prefix: str) -> dict[str, pa.Array]:
    """Script and length of the chosen texts, -1 for none; of prompts the language too."""
    absent = texts < 0
    lengths = np.append(np.diff(tokens.bounds), 0)[texts]
    majority = _language.scripts(np.append(tokens.scripts, tokens.scripts[:1] * 0, axis=0))
    majority = np.append(majority, 0)[texts]
    names = pa.array(_unicode.SCRIPTS)
    columns = {
        f"{prefix}script": names.take(pa.array(majority, mask=absent)),
        "response_length" if prefix else "prompt_length": pa.array(
            lengths.astype(np.int32), mask=absent
        ),
    }
    if not prefix:
        spoken = _language.languages(tokens, texts, majority, key)
        columns["language"] = pa.array(_language.NAMES).take(pa.array(spoken, mask=absent))
    return columns


def _cue_columns(
    tokens: Tokens, messages: _messages.Messages, user: I64, key: bytes
) -> dict[str, pa.Array]:
    lexicon = _lexicon.compiled(key)
    bits = _lexicon.cues(tokens, messages.roles, messages.rows, lexicon)
    systems = np.append(0, np.cumsum(messages.roles == _messages.SYSTEM))[messages.rows]
    absent = (user < 0) & (np.diff(systems) == 0)
    scores = _lexicon.scores(bits)
    columns = {name: pa.array(values, mask=absent) for name, values in scores.items()}
    return columns | {"cues": pa.array(bits, mask=absent)}


def _bands(tokens: Tokens, texts: I64, key: bytes) -> pa.Array:
    out = np.empty(len(texts) * _minhash.BANDS, dtype=np.int64)
    places = np.zeros(len(texts) + 1, dtype=np.int32)
    seed = seeds(key, "shingle", 1)[0]
    family = _minhash.family(key)
    _minhash.bands(tokens.values, tokens.bounds, texts, seed, *family, out, places)
    return _lists(out[: places[-1]], places, np.diff(places) > 0)


def _nullable(values: U64) -> pa.Array:
    return pa.array(values.view(np.int64), mask=values == 0)


def _lists(
    values: I64, places: I32, present: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(places), pa.array(values), mask=pa.array(~present))
