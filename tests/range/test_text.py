from __future__ import annotations

import json
import re

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.range import _prompts
from stillwatch.range._languages import LANGUAGES
from stillwatch.range._text import KINDS, answers, as_json, by_group, fill, prompts, sentences

RNG = np.random.default_rng


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_literal_run_exceeds_six_words(kind: str) -> None:
    for pattern in KINDS[kind]:
        for literal in re.split(r"\{\w+\}", pattern):
            assert len(literal.split()) <= 6, pattern


@pytest.mark.parametrize("kind", [*sorted(KINDS), "mixed"])
@pytest.mark.parametrize("language", range(-1, len(LANGUAGES)))
def test_every_kind_in_every_language(kind: str, language: int) -> None:
    texts = prompts(RNG(1), kind, np.full(60, language, dtype=np.int64))
    assert len(texts) == 60
    assert texts.null_count == 0
    assert all(text.strip() and "{" not in text[:1] for text in texts.to_pylist())


def test_strangers_rarely_say_the_same() -> None:
    texts = prompts(RNG(2), "mixed", np.full(20_000, -1, dtype=np.int64)).to_pylist()
    assert len(set(texts)) > 19_900


def test_strangers_share_no_run_of_eight_words_in_answers() -> None:
    seen: set[tuple[str, ...]] = set()
    again = total = 0
    for text in answers(RNG(3), np.full(3_000, -1, dtype=np.int64)).to_pylist():
        words = text.split()
        runs = {tuple(words[k : k + 8]) for k in range(len(words) - 7)}
        again += len(runs & seen)
        total += len(runs)
        seen |= runs
    assert again / total < 0.001


def test_sentences_counts() -> None:
    texts = sentences(RNG(4), np.array([1, 3, 2])).to_pylist()
    assert [text.count(".") for text in texts] == [1, 3, 2]


def test_rows_keep_their_order() -> None:
    which = np.array([2, 0, 1, 0, 2])
    made = by_group(which, lambda k, rows: pa.array([f"{k}:{row}" for row in rows]))
    assert made.to_pylist() == ["2:0", "0:1", "1:2", "0:3", "2:4"]
    assert len(by_group(which[:0], lambda k, rows: pa.array([]))) == 0


def test_json_escapes_round_trip() -> None:
    raw = ['a "quoted" line\nand a \\ slash', "plain", "الحديقة 花园"]
    escaped = as_json(pa.array(raw)).to_pylist()
    assert [json.loads(f'"{text}"') for text in escaped] == raw


def test_braces_in_patterns_are_literal() -> None:
    assert fill(RNG(5), ('{{"k": 1}}',), 2).to_pylist() == ['{"k": 1}'] * 2


def test_patterns_are_many() -> None:
    assert len(_prompts.CHAT) + len(_prompts.CODE) + len(_prompts.STUDY) > 40
