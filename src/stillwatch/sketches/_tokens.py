"""Turns text into hashed tokens: maximal runs of letters and digits of the normalised text.

Scripts written without spaces give one token a character, so that shingles exist there too.
Punctuation separates and is not kept, but a token right after `<` or `[` is marked as a tag.

A word is hashed in 64-bit blocks: up to eight ASCII letters, first letter lowest, or one other code
point. Different words give different blocks, and each is mixed into a state that starts as the
seed. Words of at most seven ASCII letters therefore never collide; longer ones do at about the
chance rate of 64 bits, as long as they are chosen without knowledge of the seed. The mixing is
MurmurHash3's finaliser, not a cryptographic one: nothing is proved about words chosen against it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from stillwatch.core.compiled import kernel
from stillwatch.sketches._ascii import eight, leading_letters
from stillwatch.sketches._hashing import I32, I64, U8, U32, U64, ZERO, mix
from stillwatch.sketches._unicode import (
    DIGIT,
    DROP,
    EXPAND,
    LOOK_SIZE,
    MARK,
    OTHER,
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
_BYTE, _FULL, _ASCII = np.uint64(8), np.uint64(64), np.uint64(0x80)
_ALONE: Final = np.uint64(1 << 63)  # marks the block of a code point that is not ASCII
_MOST_UNFOLDED: Final = 6  # records a byte: U+FDFA becomes 18


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
    run(
        text,
        bounds,
        letters.ascii,
        letters.info,
        letters.pool,
        letters.look,
        seed,
        values,
        tags,
        places,
        scripts,
    )
    total = places[-1]
    return Tokens(values[:total], tags[:total], places, scripts)


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
def run(
    text: U8,
    bounds: I64,
    ascii_letters: U8,
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
    longest = 0
    for i in range(len(bounds) - 1):
        longest = max(longest, bounds[i + 1] - bounds[i])
    records = np.empty((2, longest * _MOST_UNFOLDED + 1), dtype=np.uint32)
    count = 0
    for i in range(len(bounds) - 1):
        at, end = bounds[i], bounds[i + 1]
        tag = np.uint8(0)
        latin = 0
        while at < end:
            letter = ascii_letters[text[at]]
            if letter == 0:
                tag = np.uint8(text[at] in (0x3C, 0x5B) or (tag and text[at] == 0x2F))
                at += 1
                continue
            block, size = leading_letters(eight(text, at)) if at + 8 <= end else (ZERO, 0)
            if 0 < size < 8 and ascii_letters[text[at + size]] == 0:
                hashed, letters, stop = mix(seed ^ block), size, at + size
            else:
                hashed, letters, stop = _word(text, at, end, ascii_letters, seed)
            if stop == end or ascii_letters[text[stop]] == 0:
                values[count] = hashed
                tags[count] = tag
                count += 1
                latin += letters
                at = stop
            else:
                size, at = _unfold(text, at, end, ascii_letters, info, pool, look, records)
                count = _close(records, size, seed, tag, values, tags, count, scripts[i])
            tag = np.uint8(0)
        scripts[i, _LATIN] += latin
        places[i + 1] = count


@kernel
def _word(
    text: U8, at: int, end: int, ascii_letters: U8, seed: np.uint64
) -> tuple[np.uint64, int, int]:
    """Hash a run of ASCII letters and digits; return it, its letters and the place after it."""
    state, block, shift = seed, ZERO, ZERO
    start = at
    while at + 8 <= end:
        block, size = leading_letters(eight(text, at))
        at += size
        shift = np.uint64(size) * _BYTE
        if size < 8:
            break
        state, block, shift = mix(state ^ block), ZERO, ZERO
    letters = at - start
    last = np.uint8(0)
    while at < end:
        letter = ascii_letters[text[at]]
        if letter in (0, OTHER):
            break
        if letter != 0x30 or last != 0x30:
            block |= np.uint64(letter) << shift
            shift += _BYTE
            if shift == _FULL:
                state, block, shift = mix(state ^ block), ZERO, ZERO
        letters += letter != 0x30
        last = letter
        at += 1
    return mix(state ^ block), letters, at


@kernel
def _absorb(
    state: np.uint64, block: np.uint64, shift: np.uint64, code: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Add a code point to a word's open block: a byte where it is ASCII, else a block alone."""
    if code >= _ASCII:
        if block:
            state = mix(state ^ block)
        return mix(state ^ (code | _ALONE)), ZERO, ZERO
    block |= code << shift
    if shift + _BYTE == _FULL:
        return mix(state ^ block), ZERO, ZERO
    return state, block, shift + _BYTE


@kernel
def _unfold(
    text: U8,
    at: int,
    end: int,
    ascii_letters: U8,
    info: U32,
    pool: U32,
    look: U32,
    records: U32,
) -> tuple[int, int]:
    """Write the records, and the look-alikes, of all up to the next ASCII separator."""
    size = 0
    while at < end and ascii_letters[text[at]]:
        if text[at] < 0x80:
            code, at = int(text[at]), at + 1
        else:
            code, at = _decode(text, at, end)
        record = int(info[code]) if 0 <= code < SIZE else _beyond(code)
        first, count = 0, 1
        if record >> _SHIFT & 7 == EXPAND:
            first, count = record >> 5 & 0xFFFF, record & 31
        for i in range(count):
            if record >> _SHIFT & 7 == EXPAND or i:
                record = int(pool[first + i])
            records[0, size] = record
            folded = record & _MASK
            twin = int(look[code]) if 0 <= code < LOOK_SIZE else 0
            if twin == 0 and folded < LOOK_SIZE:
                twin = int(look[folded])
            records[1, size] = twin if twin and count == 1 else folded
            size += 1
    return size, at


@kernel
def _close(
    records: U32,
    size: int,
    seed: np.uint64,
    tag: np.uint8,
    values: U64,
    tags: U8,
    count: int,
    scripts: I32,
) -> int:
    """Cut records into tokens and hash them; return the new number of tokens.

    Two hashes run along a token, as spelt and with look-alikes folded; the second is taken where
    scripts mix.
    """
    plain = folded = (seed, ZERO, ZERO)
    length = 0  # code points in the open token
    mixed = 0  # bit set of its scripts
    last = DROP
    for i in range(size + 1):
        kind = int(records[0, i]) >> _SHIFT & 7 if i < size else SEPARATOR
        if kind == DROP or (kind == DIGIT and length and last == DIGIT):
            continue
        ends = kind in (SEPARATOR, SINGLE) or (last == SINGLE and kind != MARK)
        if length and ends:
            state, block, _ = folded if mixed & (mixed - 1) else plain
            values[count] = mix(state ^ block)
            tags[count] = tag
            count += 1
            plain = folded = (seed, ZERO, ZERO)
            length = mixed = 0
            tag = np.uint8(0)
        if kind == SEPARATOR:
            tag = np.uint8(i < size and records[0, i] & _MASK == 0x3C)
            continue
        script = int(records[0, i]) >> 24
        scripts[script] += kind not in (DIGIT, MARK)
        mixed |= (1 << script if script <= _MIXING else 0) & ~1
        plain = _absorb(*plain, np.uint64(records[0, i] & _MASK))
        folded = _absorb(*folded, np.uint64(records[1, i]))
        if kind != MARK or not length:
            last = kind
        length += 1
    return count
