"""MinHash against datasketch's bulk path: text in, 128 rows out, same shingles.

Run: python -m benchmarks minhash
Gate: on pairs of texts of known similarity both are unbiased and err as the theory says, or the
benchmark fails. Ours goes on to the LSH bands in the same kernel and is charged for them; it
takes the texts in pieces as long as those the sketcher cuts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from datasketch import MinHash
from numpy.typing import NDArray

from benchmarks._measure import Row, cpu_seconds, show
from stillwatch.sketches import _minhash
from stillwatch.sketches._hashing import seeds
from stillwatch.sketches._messages import buffers
from stillwatch.sketches._tokens import Tokens, tokenise

KEY = b"benchmark"
PAIRS = 1000
SHARED = (20, 60, 100, 130)  # of 150 shingles
SHINGLES = 150
TEXTS = 100_000
WORDS = 65  # about 400 bytes
PIECE = 4096
MOST_BIAS, MOST_ERROR = 0.004, 1.15


def words(rng: np.random.Generator, count: int) -> list[str]:
    letters = rng.integers(97, 123, (count, 5), dtype=np.uint8).tobytes().decode()
    return [letters[i : i + 5] for i in range(0, 5 * count, 5)]


def pairs(
    rng: np.random.Generator, shared: int
) -> tuple[list[str], list[str], NDArray[np.float64]]:
    """Texts that share a run of words, and the similarity of their shingles."""
    left, right, truth = [], [], []
    for _ in range(PAIRS):
        run = words(rng, shared + _minhash.SHINGLE - 1)
        made = [" ".join(run + words(rng, SHINGLES - shared)) for _ in range(2)]
        a, b = map(shingles, made)
        left.append(made[0])
        right.append(made[1])
        truth.append(len(a & b) / len(a | b))
    return left, right, np.array(truth)


def shingles(text: str) -> set[bytes]:
    parts = text.encode().split()
    return {b" ".join(part) for part in zip(parts, parts[1:], parts[2:], strict=False)}


def tokens_of(texts: Sequence[str] | pa.Array) -> Tokens:
    return tokenise(*buffers(pa.array(texts)), seeds(KEY, "token", 1)[0])


def ours(texts: Sequence[str]) -> NDArray[np.uint32]:
    tokens, family = tokens_of(texts), _minhash.family(KEY)
    seed = seeds(KEY, "shingle", 1)[0]
    rows = np.empty((len(texts), _minhash.SIZE), dtype=np.uint32)
    grams = np.empty(len(tokens.values), dtype=np.uint32)
    for row, start, end in zip(rows, tokens.bounds[:-1], tokens.bounds[1:], strict=True):
        _minhash.signature(tokens.values[start:end], seed, *family, grams, row)
    return rows


def theirs(texts: Sequence[str]) -> NDArray[np.uint64]:
    made = MinHash.bulk([shingles(text) for text in texts], num_perm=_minhash.SIZE, seed=1)
    return np.stack([m.hashvalues for m in made])


def bands(texts: pa.Array) -> int:
    """Return a sum over the bands of all texts."""
    return sum(piece_bands(texts.slice(i, PIECE)) for i in range(0, len(texts), PIECE))


def piece_bands(texts: pa.Array) -> int:
    tokens, count = tokens_of(texts), len(texts)
    out = np.empty(count * _minhash.BANDS, dtype=np.int64)
    places = np.zeros(count + 1, dtype=np.int32)
    seed = seeds(KEY, "shingle", 1)[0]
    _minhash.bands(
        *(tokens.values, tokens.bounds, np.arange(count), seed),
        *(*_minhash.family(KEY), out, places),
    )
    return int(out[: places[-1]].sum())


def accuracy() -> list[Row]:
    """Return bias and error of both, the worst over all similarities.

    Raises:
        AssertionError: One of them is too large.
    """
    rng = np.random.default_rng(11)
    found: dict[str, list[tuple[float, float]]] = {"stillwatch": [], "datasketch": []}
    for shared in SHARED:
        left, right, truth = pairs(rng, shared)
        theory = np.sqrt((truth * (1 - truth) / _minhash.SIZE).mean())
        for name, method in (("stillwatch", ours), ("datasketch", theirs)):
            error = (method(left) == method(right)).mean(axis=1) - truth
            found[name].append((abs(error.mean()), np.sqrt((error**2).mean()) / theory))
    rows = []
    for name, values in found.items():
        bias, ratio = np.max(values, axis=0)
        rows.append(Row(f"{name}: worst bias", float(bias), "", MOST_BIAS))
        rows.append(Row(f"{name}: worst RMSE over theory", float(ratio), "", MOST_ERROR))
    assert all(row.met for row in rows), rows
    return rows


def main(out: Path, size: float = 1.0) -> None:
    rows = accuracy()
    rng = np.random.default_rng(7)
    texts = [" ".join(words(rng, WORDS)) for _ in range(max(200, int(TEXTS * size)))]
    few = texts[: max(100, len(texts) // 50)]
    column = pa.array(texts)
    bands(column)
    mine, total = cpu_seconds(lambda: bands(column), 5)
    assert total == bands(column)
    other, sums = cpu_seconds(lambda: int(theirs(few).sum()), 3)
    assert sums == int(theirs(few).sum())
    speed, reference = len(texts) / mine, len(few) / other
    rows += [
        Row("stillwatch, text to bands", speed, "texts/s"),
        Row("datasketch bulk, text to signature", reference, "texts/s"),
        Row("ratio", speed / reference, "x", 100, at_least=True),
    ]
    show("minhash", rows, out)
