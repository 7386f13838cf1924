"""A cheap embedding of prompts: hashed n-grams, projected to 128 dimensions.

Terms are the words, the pairs of neighbouring words and the runs of four bytes of a text in lower
case. The counts of the terms are projected by a matrix of random signs (Achlioptas 2003,
Database-friendly random projections), and the result is scaled to length 1. The signs of a term are
the bits of its hash, so there is no matrix to keep, nothing to download and nothing to fit: a text
has the same vector everywhere. Only the first 600 bytes of a prompt count. Words decide, meaning
does not: a paraphrase in other words is far away.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.core.compiled import kernel

DIMENSIONS: Final = 128
MOST_BYTES: Final = 600


def last_user(messages: pa.Array) -> pa.Array:
    """Return the text of the last user message of each conversation, "" where there is none.

    Args:
        messages: JSON text of the `messages` column.
    """
    coded = messages.dictionary_encode()
    said = [_last(text) for text in coded.dictionary.to_pylist()]
    return pc.fill_null(pa.array(said, pa.string()).take(coded.indices), "")


def _last(text: str) -> str:
    try:
        turns = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    for turn in reversed(turns if isinstance(turns, list) else []):
        if isinstance(turn, dict) and turn.get("role") == "user":
            content = turn.get("content")
            return content if isinstance(content, str) else orjson.dumps(content).decode()
    return ""


def embed(texts: pa.Array) -> NDArray[np.float32]:
    """Return one unit vector a text, shape (n, 128); zero for a text without a term.

    Args:
        texts: Strings, none of them null.
    """
    coded = pc.utf8_lower(texts).dictionary_encode()
    raw = [str(text).encode()[:MOST_BYTES] for text in coded.dictionary.to_pylist()]
    ends = np.cumsum([0, *map(len, raw)], dtype=np.int64)
    sums = np.zeros((len(raw), DIMENSIONS), dtype=np.float32)
    if raw:
        _project(np.frombuffer(b"".join(raw) + b"\0", dtype=np.uint8), ends, sums)
        sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return np.asarray(sums[coded.indices.to_numpy()], dtype=np.float32)


@kernel
def _project(data: NDArray[np.uint8], ends: NDArray[np.int64], sums: NDArray[np.float32]) -> None:
    for i in range(ends.size - 1):
        word, before, grams = np.uint64(0), np.uint64(0), np.uint64(0)
        for k in range(ends[i], ends[i + 1] + 1):
            byte = np.uint64(data[k]) if k < ends[i + 1] else np.uint64(32)
            inside = (
                byte >= np.uint64(128)
                or np.uint64(48) <= byte <= np.uint64(57)
                or np.uint64(97) <= byte <= np.uint64(122)
            )
            if inside:
                word = (word + byte + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
            elif word != np.uint64(0):
                _add(sums[i], word)
                if before != np.uint64(0):
                    _add(sums[i], word ^ (before * np.uint64(0xD6E8FEB86659FD93)))
                before, word = word, np.uint64(0)
            grams = ((grams << np.uint64(8)) | byte) & np.uint64(0xFFFFFFFF)
            if k - ends[i] >= 3 and k < ends[i + 1]:
                _add(sums[i], grams + np.uint64(1 << 32))


@kernel
def _add(row: NDArray[np.float32], term: np.uint64) -> None:
    state = term
    for half in range(2):
        state = state + np.uint64(0x9E3779B97F4A7C15)
        bits = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        bits = bits ^ (bits >> np.uint64(31))
        for k in range(64):
            one = (bits >> np.uint64(k)) & np.uint64(1)
            row[64 * half + k] += np.float32(1.0) if one else np.float32(-1.0)
