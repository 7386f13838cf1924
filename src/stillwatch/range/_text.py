"""Text by the column: patterns are filled and sentences joined in Arrow, never row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from string import Formatter
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.range import _words as words
from stillwatch.range._languages import LANGUAGES, Language
from stillwatch.range._prompts import CHAT, CODE, DOCUMENT, REASONING, STUDY, SUPPORT
from stillwatch.range.contracts import IntArray

Slot = Callable[[np.random.Generator, int], pa.Array]

BANK: Final = 16_384
FOREIGN_SHARE: Final = 0.16


def join(*parts: pa.Array | str, gap: str = "") -> pa.Array:
    """Concatenate columns and literals element-wise."""
    return pc.binary_join_element_wise(*parts, gap)


def draw(rng: np.random.Generator, pool: pa.Array, n: int) -> pa.Array:
    """Draw n values; those early in the pool are likelier, as in a language."""
    return pool.take(pa.array((len(pool) * rng.random(n) ** 1.3).astype(np.int64)))


def fill(
    rng: np.random.Generator,
    patterns: Sequence[str],
    n: int,
    slots: Mapping[str, Slot] | None = None,
) -> pa.Array:
    """Return n texts, each a pattern drawn at random with its `{slots}` drawn at random."""
    which = rng.integers(len(patterns), size=n)
    return by_group(
        which, lambda k, rows: fill_one(rng, patterns[k], len(rows), slots or english())
    )


def fill_one(rng: np.random.Generator, pattern: str, n: int, slots: Mapping[str, Slot]) -> pa.Array:
    """Return n texts of one pattern."""
    parts: list[pa.Array | str] = []
    for literal, slot, _, _ in Formatter().parse(pattern):
        if literal:
            parts.append(pa.scalar(literal))
        if slot:
            parts.append(slots[slot](rng, n))
    texts = join(*parts)
    return texts if isinstance(texts, pa.Array) else pa.repeat(texts, n)


def by_group(which: IntArray, make: Callable[[int, IntArray], pa.Array]) -> pa.Array:
    """Build a string column group by group and put the rows back in their order.

    Args:
        which: Group of each row.
        make: Given a group and its rows, returns one text a row.
    """
    if not len(which):
        return pa.array([], pa.string())
    order = np.argsort(which, kind="stable")
    groups, starts = np.unique(which[order], return_index=True)
    pieces = [
        make(int(group), rows)
        for group, rows in zip(groups, np.split(order, starts[1:]), strict=True)
    ]
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return pa.concat_arrays([piece.cast(pa.string()) for piece in pieces]).take(pa.array(place))


def sentences(rng: np.random.Generator, counts: IntArray, language: int = -1) -> pa.Array:
    """Return one paragraph a row, of `counts` sentences; language -1 is English.

    A sentence joins four short pieces out of 16,384 each: strangers share pieces of three to
    five words and, in practice, no run of eight.
    """
    total = int(counts.sum())
    gap = " " if language < 0 else LANGUAGES[language].gap
    flat = join(*(pick(rng, bank, total) for bank in pieces(language)), gap=gap)
    offsets = pa.array(np.concatenate(([0], np.cumsum(counts))).astype(np.int32))
    return pc.binary_join(pa.ListArray.from_arrays(offsets, flat), gap)


def pick(rng: np.random.Generator, bank: pa.Array, n: int) -> pa.Array:
    """Draw n values of a bank, all equally likely."""
    return bank.take(pa.array(rng.integers(len(bank), size=n)))


@cache
def pieces(language: int) -> tuple[pa.Array, ...]:
    """Return the four banks that sentences of a language are joined from, in order."""
    rng = np.random.default_rng(20_260_302 + language)
    if language >= 0:
        return tuple(_run(rng, LANGUAGES[language], stop) for stop in (False, False, False, True))

    def some(pool: Sequence[str]) -> list[str]:
        values = np.array(pool)
        return [str(value) for value in values[rng.integers(len(values), size=BANK)]]

    nouns, adjectives, verbs = words.NOUNS, words.ADJECTIVES, words.VERBS
    things, ones = ("its", "each", "every", "some"), ("one", "a", "this", "that")
    layouts: tuple[tuple[str, tuple[Sequence[str], ...]], ...] = (
        ("The {} {}", (adjectives, nouns)),
        ("{} the {}", (verbs, nouns)),
        ("{} {} {} {}", (words.PREPOSITIONS, ones, adjectives, nouns)),
        ("and {} {} {} {}.", (words.ADVERBS, verbs, things, nouns)),
    )
    return tuple(
        pa.array([layout.format(*row) for row in zip(*map(some, pools), strict=True)])
        for layout, pools in layouts
    )


def _run(rng: np.random.Generator, language: Language, stop: bool) -> pa.Array:
    chosen = rng.choice(np.array(language.words), (BANK, 3)).tolist()
    end = language.stop if stop else ""
    return pa.array([language.gap.join(row) + end for row in chosen])


def _of(pool: Sequence[str]) -> Slot:
    values = pa.array(pool)
    return lambda rng, n: draw(rng, values, n)


def _number(low: int, high: int) -> Slot:
    return lambda rng, n: pa.array(rng.integers(low, high, n)).cast(pa.string())


def _clause(rng: np.random.Generator, n: int) -> pa.Array:
    who, does = pieces(-1)[:2]
    return join(pc.utf8_lower(pick(rng, who, n)), pick(rng, does, n), gap=" ")


def _topic(rng: np.random.Generator, n: int) -> pa.Array:
    slots = english()
    patterns = ("{adj} {noun}s", "{noun} {noun}s", "{noun}s in {place}", "the {adj} {noun}")
    return fill(rng, patterns, n, slots)


def _snippet(rng: np.random.Generator, n: int) -> pa.Array:
    patterns = (
        "def {noun}_{noun}({noun}, {adj}={number}):\n    return {noun}.{adj}({noun}[{small}:])",
        "for {noun} in {noun}s:\n    if {noun}.{adj} > {number}:\n        {noun}_{adj}({noun})",
        "let {noun} = {noun}s.map(x => x.{adj} * {number}).filter({noun}_{adv});",
        "SELECT {noun}, sum({adj}) FROM {noun}_{noun} WHERE {noun} > {number} GROUP BY 1",
        "while ({noun}{small} < {number}) {{ {noun}.{adv}({adj}_{noun}); }}",
    )
    return fill(rng, patterns, n, english())


@cache
def english() -> Mapping[str, Slot]:
    """Return the slots of English patterns by name."""
    return {
        "noun": _of(words.NOUNS),
        "adj": _of(words.ADJECTIVES),
        "adv": _of(words.ADVERBS),
        "prep": _of(words.PREPOSITIONS),
        "name": _of(words.NAMES),
        "place": _of(words.PLACES),
        "code": _of(words.CODE),
        "product": _of(words.PRODUCTS),
        "symptom": _of(words.SYMPTOMS),
        "group": _of(words.GROUPS),
        "angle": _of(words.ANGLES),
        "task": _of(words.TASKS),
        "codetask": _of(words.CODE_TASKS),
        "codelimit": _of(words.CODE_LIMITS),
        "company": _of(words.COMPANIES),
        "industry": _of(words.INDUSTRIES),
        "Word": _of([word.title() for word in words.NOUNS]),
        "language": _of(("Spanish", "Chinese", "Arabic", "Hindi", "French", "Polish", "Swahili")),
        "hello": _of(("", "", "", "Hi,", "Hello!", "hey", "Please:", "Quick one:", "So,", "Ok")),
        "number": _number(11, 990),
        "small": _number(2, 10),
        "year": _number(1500, 2020),
        "clause": _clause,
        "Sentence": lambda rng, n: sentences(rng, np.ones(n, dtype=np.int64)),
        "passage": lambda rng, n: sentences(rng, rng.integers(2, 9, n)),
        "topic": _topic,
        "snippet": _snippet,
        "study": lambda rng, n: fill(rng, STUDY, n),
    }


def _foreign(rng: np.random.Generator, n: int, language: int) -> pa.Array:
    banks, gap = pieces(language), LANGUAGES[language].gap

    def run(*which: int) -> Slot:
        return lambda rng, m: join(*(pick(rng, banks[k], m) for k in which), gap=gap)

    slots = {"a": run(0, 1), "b": run(1, 2), "c": run(0, 2)}
    return fill(rng, LANGUAGES[language].prompts, n, slots)


KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "chat": CHAT, "code": CODE, "study": STUDY, "support": SUPPORT, "document": DOCUMENT,
    "reasoning": REASONING,
}  # fmt: skip


def prompts(rng: np.random.Generator, kind: str, languages: IntArray) -> pa.Array:
    """Return one prompt a row.

    Args:
        rng: Source of randomness.
        kind: Key of `KINDS`, or `mixed` for chat with code and study questions.
        languages: Language of each row, -1 for English.
    """
    patterns = CHAT + CHAT + CODE + STUDY if kind == "mixed" else KINDS[kind]
    return by_group(
        languages,
        lambda k, rows: fill(rng, patterns, len(rows)) if k < 0 else _foreign(rng, len(rows), k),
    )


def answers(rng: np.random.Generator, languages: IntArray, typical: float = 6.0) -> pa.Array:
    """Return one answer a row: a log-normal number of sentences around `typical`, 1 to 24."""
    counts = np.clip(rng.lognormal(np.log(typical), 0.55, len(languages)), 1, 24).astype(np.int64)
    return by_group(languages, lambda k, rows: sentences(rng, counts[rows], k))


def in_english(n: int) -> IntArray:
    """Return the language of n texts that are all English."""
    return np.full(n, -1, dtype=np.int64)


def tongues(rng: np.random.Generator, n: int, foreign: float = FOREIGN_SHARE) -> IntArray:
    """Draw the usual language of n accounts: -1 is English."""
    other = rng.integers(len(LANGUAGES), size=n)
    return np.where(rng.random(n) < foreign, other, -1).astype(np.int64)


def as_json(text: pa.Array) -> pa.Array:
    """Escape text for use inside a JSON string (RFC 8259 §7; the text has no other controls)."""
    for raw, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = pc.replace_substring(text, raw, escaped)
    return text
