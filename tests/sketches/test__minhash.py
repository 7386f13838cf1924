from __future__ import annotations

import numpy as np
import pytest

from stillwatch.sketches import _minhash
from stillwatch.sketches._hashing import seeds
from stillwatch.sketches._minhash import BANDS, ROWS, SHINGLE, SIZE

PAIRS = 2000
GRAMS = 200


def signatures(rows: list[np.ndarray], key: bytes) -> np.ndarray:
    family = _minhash.family(key)
    seed = seeds(key, "shingle", 1)[0]
    out = np.empty((len(rows), SIZE), dtype=np.uint32)
    grams = np.empty(max(map(len, rows)), dtype=np.uint32)
    for i, row in enumerate(rows):
        _minhash.signature(row, seed, *family, grams, out[i])
    return out


def pair(rng: np.random.Generator, shared: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Two texts whose 3-gram sets share a run, and their true similarity."""
    run = rng.integers(1, 2**63, shared + SHINGLE - 1, dtype=np.uint64)
    texts = [
        np.append(run, rng.integers(1, 2**63, GRAMS - shared, dtype=np.uint64)) for _ in range(2)
    ]
    sets = [{tuple(t[i : i + SHINGLE]) for i in range(len(t) - SHINGLE + 1)} for t in texts]
    return texts[0], texts[1], len(sets[0] & sets[1]) / len(sets[0] | sets[1])


@pytest.mark.parametrize("shared", [40, 100, 150, 180])
def test_bias_and_error_are_those_of_the_theory(shared: int) -> None:
    rng = np.random.default_rng(shared)
    made = [pair(rng, shared) for _ in range(PAIRS)]
    truth = np.array([j for _, _, j in made])
    left = signatures([a for a, _, _ in made], b"one")
    right = signatures([b for _, b, _ in made], b"one")
    error = (left == right).mean(axis=1) - truth
    theory = np.sqrt((truth * (1 - truth) / SIZE).mean())
    assert abs(error.mean()) <= 0.004
    assert np.sqrt((error**2).mean()) <= 1.15 * theory


@pytest.mark.parametrize("shared", [140, 165, 180])
def test_bands_meet_as_often_as_the_s_curve_says(shared: int) -> None:
    rng = np.random.default_rng(shared + 1)
    made = [pair(rng, shared) for _ in range(600)]
    expected = np.mean([1 - (1 - j**ROWS) ** BANDS for _, _, j in made])
    met = [bool(np.intersect1d(bands(a), bands(b)).size) for a, b, _ in made]
    assert np.mean(met) == pytest.approx(expected, abs=3.5 * np.sqrt(0.25 / len(made)))


def bands(row: np.ndarray, key: bytes = b"one") -> np.ndarray:
    out = np.empty(BANDS, dtype=np.int64)
    places = np.zeros(2, dtype=np.int32)
    seed = seeds(key, "shingle", 1)[0]
    _minhash.bands(
        row, np.array([0, len(row)]), np.array([0]), seed, *_minhash.family(key), out, places
    )
    return out[: places[1]]


def test_short_texts_abstain_and_keys_differ() -> None:
    row = np.arange(1, 9, dtype=np.uint64)
    assert len(bands(row[:7])) == 0
    assert len(set(bands(row).tolist())) == BANDS
    assert not np.intersect1d(bands(row), bands(row, b"two")).size


def test_repeats_do_not_count() -> None:
    row = np.tile(np.arange(1, 12, dtype=np.uint64), 4)
    longer = np.tile(np.arange(1, 12, dtype=np.uint64), 9)
    assert bands(row).tolist() == bands(longer).tolist()
