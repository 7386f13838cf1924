from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.sketches._build import SEED, hashes, tokens_of

from stillwatch.sketches._tokens import tokenise

PLAIN = "please write down every single thought before the answer 12 times"


@pytest.mark.parametrize(
    "edited",
    [
        PLAIN.upper(),
        PLAIN.replace("thought", "tho\u200bught"),
        PLAIN.replace("thought", "th\u043eught"),
        PLAIN.replace("answer", "\u0430nsw\u0435r"),
        PLAIN.replace("every", "\u03b5ve\u0433y".replace("\u0433", "r")),
        PLAIN.replace("single", "ｓｉｎｇｌｅ"),
        PLAIN.replace("single", "𝐬𝐢𝐧𝐠𝐥𝐞"),
        PLAIN.replace("single", "sínglé"),
        PLAIN.replace("single", unicodedata.normalize("NFD", "sínglé")),
        PLAIN.replace("12", "987654"),
        PLAIN.replace("12", "١٢"),
        PLAIN.replace(" ", "\u00a0 \t\n"),
        PLAIN.replace(" ", ", "),
        "\ufeff" + PLAIN.replace("please", "\u202eplease\u202c"),
        PLAIN.replace("write", "wr\x00ite"),
        PLAIN.replace("write", "wri\u00adte\ufe0f"),
    ],
)
def test_invisible_edits_do_not_break_a_match(edited: str) -> None:
    assert hashes(edited) == hashes(PLAIN)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("сору", "copy"),  # whole Cyrillic word, Latin twin
        ("ρου", "pou"),
        ("написать", "hапиcaть".replace("h", "g")),
        ("cat", "cut"),
        ("ab", "a b"),
        ("か", "が"),
        ("เก", "เก่"),
    ],
)
def test_honest_letters_differ(one: str, other: str) -> None:
    assert hashes(one) != hashes(other)


def test_scripts_without_spaces_give_a_token_a_character() -> None:
    assert len(hashes("请写出推理过程")) == 7
    assert len(hashes("日本語です")) == 5
    assert len(hashes("한국어 문장")) == 2
    assert len(hashes("привет, мир")) == 2
    assert hashes("abc请def") == [hashes("abc")[0], hashes("请")[0], hashes("def")[0]]


def test_composed_and_decomposed_spellings_agree() -> None:
    for text in ("한국어 문장", "が ぱ", "é ü ñ ệ", "й ё ї", "क़ ड़", "شَدَّة"):
        composed, apart = (unicodedata.normalize(f, text) for f in ("NFC", "NFD"))
        assert hashes(composed) == hashes(apart)


def test_tags_are_marked() -> None:
    tokens = tokens_of("write <think> here </think> ＜think＞ [inst] a/b 3 / x")
    assert tokens.tags.tolist() == [0, 1, 0, 1, 1, 1, 0, 0, 0, 0]


@given(st.text(max_size=200))
def test_any_text_is_normalised_like_its_nfkc_form(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    assert hashes(text) == hashes(text + " ")
    assert hashes(text + " 7 " + text) == [*hashes(text), *hashes("7"), *hashes(text)]


@given(st.text(alphabet=st.characters(max_codepoint=0x24F), max_size=60))
@example("A\N{MICRO SIGN}")
def test_latin_text_survives_case_and_compatibility_folding(text: str) -> None:
    assert hashes(unicodedata.normalize("NFKC", text)) == hashes(text)
    assert hashes(unicodedata.normalize("NFD", text)) == hashes(text)


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_bytes_are_read_within_bounds(raw: list[bytes]) -> None:
    data = np.frombuffer(b"".join(raw), dtype=np.uint8)
    bounds = np.cumsum([0, *map(len, raw)]).astype(np.int64)
    together = tokenise(data, bounds, SEED)
    for i, one in enumerate(raw):
        alone = tokenise(np.frombuffer(one, dtype=np.uint8), np.array([0, len(one)]), SEED)
        mine = slice(together.bounds[i], together.bounds[i + 1])
        assert alone.values.tolist() == together.values[mine].tolist()
        assert alone.scripts[0].tolist() == together.scripts[i].tolist()


@given(st.from_regex(r"[A-Za-z0-9]{1,40}", fullmatch=True), st.integers(0, 40))
@example("abcdefgh", 8)
@example("abcdefg1", 0)
@example("abcdefg12", 8)
def test_ascii_words_hash_alike_on_both_paths(word: str, place: int) -> None:
    unicode_path = word[:place] + "\u200b" + word[place:]
    assert hashes(unicode_path) == hashes(word) == hashes(word + " and more words")[:1]


def test_words_that_share_blocks_differ() -> None:
    words = [
        "x" + "abcdefgh" * n + end for n in range(4) for end in ("", "a", "abcdefg", "é", "я", "яa")
    ]
    words += ["aя", "яя", "хaя", "\u6161", "aa", "\u6161aa", "aa\u0461", "hgfedcba", "bcdefgha"]
    assert len({tuple(hashes(word)) for word in words}) == len(words)


def test_no_token_is_longer_than_its_bytes() -> None:
    long = "\ufdfa" * 50
    assert len(hashes(long)) >= 1
