"""Turns text into hashed tokens: maximal runs of letters and digits of the normalised text.

Scripts written without spaces give one token a character, so that shingles exist there too.
Punctuation separates and is not kept, but a token right after `<` or `[` is marked as a tag.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from stillwatch.core.compiled import kernel
from stillwatch.sketches._hashing import I32, I64, U8, U32, U64, chain, mix
from stillwatch.sketches._unicode import (
    DIGIT,
    DROP,
    EXPAND,
    LETTER,
    LOOK_SIZE,
    MARK,
    SCRIPTS,
    SEPARATOR,
    SINGLE,
    SIZE,
    table,
)

SCRIPT_COUNT: Final = len(SCRIPTS)
_HANI: Final = SCRIPTS.index("Hani")
_LATIN, _MIXING = 1, 5  # scripts 1 to 5 hold look-alikes of Latin letters
_SHIFT, _MASK = 21, 0x1FFFFF


class Tokens(NamedTuple):
    """Hashed tokens of m texts.

    Attributes:
        values: Keyed 64-bit hash of each token.
        tags: 1 where the token follows an opening bracket of a tag.
        bounds: Length m + 1; text i holds tokens `bounds[i]` to `bounds[i + 1]`.
        scripts: Shape (m, `SCRIPT_COUNT`); letters a script.
    """

    values: U64
    tags: U8
    bounds: I64
    scripts: I32


def tokenise(text: U8, bounds: I64, seed: np.uint64) -> Tokens:
    """Tokenise m UTF-8 texts that lie one after the other, given their m + 1 offsets."""
    letters = table()
    size = int(bounds[-1] - bounds[0]) + 1
    values = np.empty(size, dtype=np.uint64)
    tags = np.empty(size, dtype=np.uint8)
    places = np.zeros(len(bounds), dtype=np.int64)
    scripts = np.zeros((len(bounds) - 1, SCRIPT_COUNT), dtype=np.int32)
    run(text, bounds, letters.info, letters.pool, letters.look, seed, values, tags, places, scripts)
    total = places[-1]
    return Tokens(values[:total], tags[:total], places, scripts)


@kernel
def run(
    text: U8,
    bounds: I64,
    info: U32,
    pool: U32,
    look: U32,
    seed: np.uint64,
    values: U64,
    tags: U8,
    places: I64,
    scripts: I32,
) -> None:
    """Fill `values`, `tags`, `places` and `scripts` for every text."""
    count = 0
    for i in range(len(bounds) - 1):
        count = _one(
            text, bounds[i], bounds[i + 1], info, pool, look, seed, values, tags, count, scripts[i]
        )
        places[i + 1] = count


@kernel
def _decode(text: U8, at: int, end: int) -> tuple[int, int]:
    """Return the code point at `at` and the place after it; -1 where bytes are not UTF-8."""
    lead = int(text[at])
    size = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    if lead < 0xC2 or lead > 0xF4 or at + size > end:
        return -1, at + 1
    code = lead & (0x7F >> size)
    for i in range(1, size):
        byte = int(text[at + i])
        if byte & 0xC0 != 0x80:
            return -1, at + 1
        code = code << 6 | byte & 0x3F
    return code, at + size


@kernel
def _beyond(code: int) -> int:
    """Return the record of a code point outside the table."""
    if 0x30000 <= code < 0x40000:
        return code | SINGLE << _SHIFT | _HANI << 24
    if 0xE0000 <= code < 0xE1000:
        return DROP << _SHIFT
    return SEPARATOR << _SHIFT


@kernel
def _one(
    text: U8,
    at: int,
    end: int,
    info: U32,
    pool: U32,
    look: U32,
    seed: np.uint64,
    values: U64,
    tags: U8,
    count: int,
    scripts: I32,
) -> int:
    """Tokenise one text; return the new number of tokens.

    Two hashes run along a token, as spelt and with look-alikes folded; they part at the first
    look-alike, and the second is taken where scripts mix.
    """
    plain = folded = seed
    size = 0  # code points in the open token
    mixed = 0  # bit set of the scripts in it
    parted = single = digits = False
    before = 0  # last separator
    tag = np.uint8(0)
    while at < end:
        byte = int(text[at])
        if byte < 0x80:
            code = byte
            at += 1
        else:
            code, at = _decode(text, at, end)
        record = int(info[code]) if 0 <= code < SIZE else _beyond(code)
        left = 1
        offset = 0
        if record >> _SHIFT & 7 == EXPAND:
            left = record & 31
            offset = record >> 5 & 0xFFFF
            record = int(pool[offset])
        while left > 0:
            left -= 1
            kind = record >> _SHIFT & 7
            fold = record & _MASK
            closes = kind == SEPARATOR or kind == SINGLE or (single and kind != MARK)
            if size and closes and kind != DROP:
                values[count] = mix(folded if parted and mixed & (mixed - 1) else plain)
                tags[count] = tag
                count += 1
                size = mixed = before = 0
                parted = single = digits = False
            if kind == SEPARATOR:
                if fold or code != 0x2F:
                    before = fold
            elif kind != DROP and not (kind == DIGIT and digits):
                if size == 0:
                    plain = folded = seed
                    tag = np.uint8(before == 0x3C)
                    single = kind == SINGLE
                script = record >> 24
                scripts[script] += kind != DIGIT and kind != MARK
                twin = fold
                if kind == LETTER and script <= _MIXING and script:
                    mixed |= 1 << script
                    if script > _LATIN and code < LOOK_SIZE and look[code]:
                        twin = int(look[code])
                if twin != fold and not parted:
                    parted = True
                    folded = plain
                if parted:
                    folded = chain(folded, np.uint64(twin))
                plain = chain(plain, np.uint64(fold))
                digits = kind == DIGIT
                size += 1
            if left:
                offset += 1
                record = int(pool[offset])
    if size:
        values[count] = mix(folded if parted and mixed & (mixed - 1) else plain)
        tags[count] = tag
        count += 1
    return count
