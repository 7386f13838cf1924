"""The column hash must give what hashlib gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.core.keyed import token
from stillwatch.sketches._blake2 import hashed


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.binary(max_size=400)), st.binary(max_size=64), st.sampled_from(["ip", "x" * 16]))
def test_it_equals_the_token_of_each_value(values: list[bytes], key: bytes, purpose: str) -> None:
    data = np.frombuffer(b"".join(values), dtype=np.uint8)
    offsets = np.cumsum([0, *map(len, values)])
    assert hashed(data, offsets, key, purpose).tolist() == [token(v, key, purpose) for v in values]


def test_the_edges_of_a_block() -> None:
    values = [b"a" * size for size in (0, 1, 127, 128, 129, 255, 256, 257)]
    data = np.frombuffer(b"".join(values), dtype=np.uint8)
    offsets = np.cumsum([0, *map(len, values)])
    for key in (b"", b"k", b"k" * 64):
        assert hashed(data, offsets, key, "p").tolist() == [token(v, key, "p") for v in values]
