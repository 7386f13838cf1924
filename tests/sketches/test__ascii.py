from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sketches._ascii import eight, leading_letters


@given(st.binary(min_size=8, max_size=8))
def test_leading_letters_are_counted_and_put_in_lower_case(raw: bytes) -> None:
    expected = re.match(rb"[A-Za-z]*", raw)[0].lower()  # type: ignore[index]
    block, size = leading_letters(np.uint64(int.from_bytes(raw, "little")))
    assert size == len(expected)
    assert int(block) == int.from_bytes(expected, "little")


def test_every_byte_is_a_letter_or_not_in_every_place() -> None:
    for byte in range(256):
        for place in range(8):
            raw = b"q" * place + bytes([byte]) + b"q" * (7 - place)
            _, size = leading_letters(np.uint64(int.from_bytes(raw, "little")))
            assert size == (8 if bytes([byte]).isalpha() else place)


def test_eight_bytes_are_read_from_any_place() -> None:
    text = np.arange(20, dtype=np.uint8)
    for at in range(13):
        assert int(eight(text, at)) == int.from_bytes(bytes(range(at, at + 8)), "little")
