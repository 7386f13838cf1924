"""Eight bytes of text at a time, as one 64-bit word whose lowest byte comes first in the text."""

from __future__ import annotations

from typing import Final

import numpy as np

from stillwatch.core.compiled import kernel
from stillwatch.sketches._hashing import U8

_ONES: Final = np.uint64(0x0101010101010101)
_LOW: Final = np.uint64(0x7F) * _ONES
_HIGH: Final = np.uint64(0x80) * _ONES
_CASE: Final = np.uint64(0x20) * _ONES
_FROM_A: Final = np.uint64(0x80 - ord("a")) * _ONES
_BEYOND_Z: Final = np.uint64(0x80 - ord("z") - 1) * _ONES
_ONE, _S7, _S56 = (np.uint64(n) for n in (1, 7, 56))


@kernel
def eight(text: U8, at: int) -> np.uint64:
    """Return the eight bytes from `at` on; compiled to one load."""
    place = np.uint64(at)
    word = np.uint64(0)
    for i in range(8):
        word |= np.uint64(text[place + np.uint64(i)]) << np.uint64(8 * i)
    return word


@kernel
def leading_letters(word: np.uint64) -> tuple[np.uint64, int]:
    """Return the ASCII letters before the first other byte, in lower case, and their number.

    The high bit of each byte tells whether it is a letter: added to a seven-bit byte, the two
    offsets carry into it from `a` on and beyond `z`.
    """
    lower = word & _LOW | _CASE
    others = (~(lower + _FROM_A) | lower + _BEYOND_Z | word) & _HIGH
    before = ((others & (~others + _ONE)) >> _S7) - _ONE  # all bits of the bytes before the first
    return lower & before, int(np.int64((before & _ONES) * _ONES >> _S56))
