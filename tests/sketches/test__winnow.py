from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.sketches._messages import LAST_USER, SYSTEM
from stillwatch.sketches._winnow import Choice, fingerprints

SEED = np.uint64(99)


def pick(tokens: list[int], k: int, width: int, cap: int = 10_000) -> set[int]:
    values = np.array(tokens, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    found, _ = fingerprints(
        values,
        np.array([0, len(values)]),
        np.array([LAST_USER], dtype=np.int32),
        np.array([0, 1]),
        Choice((1 << LAST_USER, 0), (cap, 0), k, width),
        SEED,
    )
    assert found.tolist() == sorted(set(found.tolist()))
    return set(found.tolist())


words = st.lists(st.integers(1, 2**32), max_size=80)


@settings(max_examples=150, deadline=None)
@given(words, words, words, words, st.sampled_from([(6, 8), (8, 32), (3, 4)]), st.data())
def test_a_shared_run_shares_a_fingerprint(
    a: list[int],
    b: list[int],
    c: list[int],
    d: list[int],
    shape: tuple[int, int],
    data: st.DataObject,
) -> None:
    k, width = shape
    size = k + width - 1
    run = data.draw(st.lists(st.integers(1, 2**32), min_size=size, max_size=size))
    assert pick(a + run + b, k, width) & pick(c + run + d, k, width)


def test_texts_without_a_shared_window_share_nothing() -> None:
    assert not pick(list(range(1, 300)), 6, 8) & pick(list(range(1000, 1300)), 6, 8)


def test_density_is_that_of_random_winnowing() -> None:
    chosen = pick(list(range(1, 20_001)), 6, 8)
    assert len(chosen) / 20_000 == pytest.approx(2 / 9, rel=0.05)


def test_short_texts() -> None:
    assert not pick([1, 2, 3, 4, 5], 6, 8)
    assert len(pick([1, 2, 3, 4, 5, 6], 6, 8)) == 1


def test_the_cap_keeps_the_least() -> None:
    everything = pick(list(range(1, 500)), 6, 8)
    least = sorted(everything, key=lambda v: v % 2**64)[:16]
    assert pick(list(range(1, 500)), 6, 8, cap=16) == set(least)


def test_both_parts_count_apart() -> None:
    values = np.arange(1, 401, dtype=np.uint64) * np.uint64(0xD6E8FEB86659FD93)
    found, places = fingerprints(
        values,
        np.array([0, 200, 400]),
        np.array([SYSTEM, LAST_USER], dtype=np.int32),
        np.array([0, 2, 2]),
        Choice((1 << SYSTEM, 1 << LAST_USER), (4, 8), 6, 8),
        SEED,
    )
    assert len(found) == 12
    assert places.tolist() == [0, 12, 12]
