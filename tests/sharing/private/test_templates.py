"""Template sketches: the published table, accuracy beside datasketch, and what is refused."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.private import templates
from stillwatch.sharing.private.id_types import IdType
from stillwatch.sharing.private.templates import (
    SLOT,
    Sketch,
    WarningList,
    candidate_probability,
    publishable,
    shingles,
    sketch_of,
    sketch_shingles,
    template_text,
)

TABLE = {
    0.1: 1.8e-6, 0.2: 2.3e-4, 0.3: 3.9e-3, 0.4: 0.029, 0.5: 0.13,
    0.6: 0.40, 0.7: 0.79, 0.8: 0.986, 0.85: 0.999, 0.9: 1.000,
}  # fmt: skip
PROMPT = (
    "You are a careful tutor. Solve the problem step by step and show every inference before "
    "the final answer. Problem: {} Answer in JSON with the keys reasoning and answer."
)


def pair(rng: np.random.Generator, shared: int, alone: int) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of shingles with the similarity shared / (shared + 2 * alone)."""
    values = rng.integers(0, 2**64, shared + 2 * alone, dtype=np.uint64)
    return values[: shared + alone], np.concatenate([values[:shared], values[shared + alone :]])


def share_a_band(a: Sketch, b: Sketch) -> bool:
    return any(left == right for left, right in zip(a.bands(), b.bands(), strict=True))


@pytest.mark.parametrize(("similarity", "published"), TABLE.items())
def test_the_published_table(similarity: float, published: float) -> None:
    assert candidate_probability(similarity) == pytest.approx(published, rel=0.06)


@pytest.mark.parametrize(("shared", "alone"), [(50, 25), (60, 20), (70, 15), (80, 10)])
def test_candidates_come_as_often_as_computed(shared: int, alone: int) -> None:
    rng, repeats = np.random.default_rng(shared), 1500
    expected = candidate_probability(shared / (shared + 2 * alone))
    seen = 0
    for _ in range(repeats):
        a, b = pair(rng, shared, alone)
        seen += share_a_band(sketch_shingles(a), sketch_shingles(b))
    error = math.sqrt(expected * (1 - expected) / repeats)
    assert abs(seen / repeats - expected) < 3.5 * error + 1e-9


def test_estimates_are_as_good_as_theory_and_datasketch() -> None:
    rng = np.random.default_rng(5)
    ours, theirs = [], []
    for _ in range(400):
        a, b = pair(rng, 80, 10)
        ours.append(sketch_shingles(a).similarity(sketch_shingles(b)) - 0.8)
        left, right = (MinHash(num_perm=128, seed=1) for _ in range(2))
        left.update_batch([value.tobytes() for value in a])
        right.update_batch([value.tobytes() for value in b])
        theirs.append(left.jaccard(right) - 0.8)
    theory = math.sqrt(0.8 * 0.2 / 128)
    for errors in (ours, theirs):
        assert abs(np.mean(errors)) < 4 * theory / 20
        assert np.std(errors) < 1.15 * theory
    assert theory == pytest.approx(0.035, abs=5e-4)


def test_matching_reaches_its_goals_after_comparison() -> None:
    """At s = 0.8 at least 95 % are found; of pairs at 0.4 none is taken for a match."""
    rng = np.random.default_rng(6)
    found = wrong = 0
    for _ in range(1000):
        a, b = map(sketch_shingles, pair(rng, 80, 10))
        found += share_a_band(a, b) and a.matches(b)
        c, d = map(sketch_shingles, pair(rng, 40, 30))
        wrong += c.matches(d)
    assert found >= 960
    assert wrong == 0


def test_false_matches_are_rarer_than_the_goal() -> None:
    """Exact: 90 of 128 rows agree by chance with less than 1e-4, at every s up to one half."""
    least = math.ceil(templates.ACCEPTED * templates.ROWS)
    tail = sum(math.comb(128, k) for k in range(least, 129)) / 2**128
    assert tail * candidate_probability(0.5) < 1e-4


def test_the_constants_are_those_published() -> None:
    multipliers, shifts = templates._constants()
    for i in (0, 1, 127):
        digest = hashlib.blake2b(bytes([0, i]), digest_size=16, person=b"mh128-b18r7-v1").digest()
        assert int(multipliers[i]) == int.from_bytes(digest[:8], "big") | 1
        assert int(shifts[i]) == int.from_bytes(digest[8:], "big")
    assert len(set(multipliers.tolist())) == 128


def test_a_sketch_is_computed_as_published() -> None:
    """Without numpy, from the words of the docstring."""
    words = [f"word{i}" for i in range(30)]
    digests = [
        hashlib.blake2b(" ".join(words[i : i + 3]).encode(), digest_size=8, person=b"sw-shingle-v1")
        for i in range(28)
    ]
    values = [int.from_bytes(one.digest(), "big") for one in digests]
    multipliers, shifts = (part.tolist() for part in templates._constants())
    rows = [
        min((a * x + b) % 2**64 for x in values) for a, b in zip(multipliers, shifts, strict=True)
    ]
    made = sketch_of(" ".join(words))
    assert made is not None
    assert made.rows.tolist() == rows
    assert made.data == b"".join(row.to_bytes(8, "big") for row in rows)
    bands = made.bands()
    assert len(bands) == 18
    assert all(band.id_type is IdType.TEMPLATE_BAND for band in bands)
    assert bands[17].value == bytes([17]) + made.data[17 * 56 : 18 * 56]
    assert 18 * 7 == 126


def test_large_sets_are_taken_in_pieces() -> None:
    values = np.random.default_rng(1).integers(0, 2**64, 5000, dtype=np.uint64)
    whole = sketch_shingles(values).rows
    parts = [sketch_shingles(values[i : i + 700]).rows for i in range(0, 5000, 700)]
    assert (whole == np.min(parts, axis=0)).all()


@given(st.permutations(PROMPT.split(". ")), st.sampled_from([" ", "\n", "\t\u2003 "]))
def test_spelling_variants_have_one_sketch(sentences: list[str], space: str) -> None:
    text = ". ".join(sentences)
    variant = text.upper().replace(" ", space)
    assert sketch_of(variant) == sketch_of(text)
    full_width = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert sketch_of(full_width) == sketch_of(text)


def test_slots_take_one_placeholder() -> None:
    text = template_text(["Solve this:", "step by step"])
    assert text == f"Solve this: {SLOT} step by step"


def test_a_changed_slot_leaves_a_match_and_other_prose_none() -> None:
    a = sketch_of(PROMPT.format("a train leaves at nine"))
    b = sketch_of(PROMPT.format("two pipes"))
    other = sketch_of("The committee met on Tuesday to talk about the drains of the old harbour.")
    assert a is not None
    assert b is not None
    assert other is not None
    assert a.matches(b)
    assert not a.matches(other)


def test_scripts_that_do_not_part_words_are_cut_by_character() -> None:
    text = "请逐步推理并在最后给出答案然后检查每一步的推导是否正确"
    assert len(shingles(text)) == len(text) - 4
    assert sketch_of(text) is not None
    mixed = "Please translate 汉字 into plain words for me and explain"
    assert len(shingles(mixed)) == 8


@pytest.mark.parametrize("text", ["", " ", "one", "only five words stand here"])
def test_short_texts_have_no_sketch(text: str) -> None:
    assert sketch_of(text) is None


@given(st.text())
def test_no_text_ends_in_an_error(text: str) -> None:
    made = sketch_of(text)
    assert made is None or made.matches(made)


def test_lone_surrogates_are_hashed_as_they_are() -> None:
    assert (
        sketch_of("\ud800 lone surrogates stand in some logs and one is in this text") is not None
    )


def test_sketches_of_another_length_and_of_nothing_are_refused() -> None:
    with pytest.raises(InputError):
        Sketch(b"short")
    with pytest.raises(InputError):
        sketch_shingles(np.empty(0, dtype=np.uint64))


def test_thresholds_and_the_warning_list_hold() -> None:
    rng = np.random.default_rng(2)
    rare = sketch_shingles(rng.integers(0, 2**64, 60, dtype=np.uint64))
    a, b = map(sketch_shingles, pair(rng, 95, 2))
    warning = WarningList([a])
    publishable(rare, 3, 50, warning)
    for accounts, requests in ((2, 50), (3, 49)):
        with pytest.raises(SharingRefused) as caught:
            publishable(rare, accounts, requests, warning)
        assert caught.value.code == "sw.threshold.template"
    for listed in (a, b):
        with pytest.raises(SharingRefused) as caught:
            publishable(listed, 100, 1000, warning)
        assert caught.value.code == "sw.template.listed"
