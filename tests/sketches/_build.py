"""Builders shared by the sketch tests."""

from __future__ import annotations

import numpy as np
import orjson
import pyarrow as pa

from stillwatch.core.keyed import PUBLIC_KEY
from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.sketches import sketch_batch
from stillwatch.sketches._tokens import Tokens, tokenise

SEED = np.uint64(0x1234567890ABCDEF)


def turns(*said: tuple[str, str]) -> str:
    return orjson.dumps([{"role": role, "content": text} for role, text in said]).decode()


def batch(*rows: dict[str, object]) -> pa.RecordBatch:
    full = [{"time": 0, "account_id": "a"} | row for row in rows]
    return pa.RecordBatch.from_pylist(full, schema=EXCHANGE_SCHEMA)


def sketch(key: bytes = PUBLIC_KEY, **row: object) -> dict[str, object]:
    return sketch_batch(batch(row), key).to_pylist()[0]


def sketch_user(text: str, key: bytes = PUBLIC_KEY) -> dict[str, object]:
    return sketch(key, messages=turns(("user", text)))


def tokens_of(*texts: str) -> Tokens:
    raw = [t.encode("utf-8", "surrogatepass") for t in texts]
    bounds = np.cumsum([0, *map(len, raw)])
    return tokenise(np.frombuffer(b"".join(raw), dtype=np.uint8), bounds, SEED)


def hashes(text: str) -> list[int]:
    return [int(v) for v in tokens_of(text).values]
