from __future__ import annotations

import numpy as np
import pyarrow as pa

from stillwatch.range._embedding import DIMENSIONS, embed, last_user


def test_equal_texts_are_equal_and_unit_vectors_everywhere() -> None:
    rows = embed(pa.array(["How tall is the tower?", "how TALL is the tower?", "", "\n"]))
    assert rows.shape == (4, DIMENSIONS)
    np.testing.assert_array_equal(rows[0], rows[1])
    np.testing.assert_allclose(np.linalg.norm(rows[:2], axis=1), 1.0, rtol=1e-5)
    assert not rows[2].any()
    alone = embed(pa.array(["How tall is the tower?"]))
    np.testing.assert_array_equal(rows[0], alone[0])


def test_near_texts_are_near_and_strangers_are_not() -> None:
    texts = [
        "Explain how a heat pump moves heat into a house in winter.",
        "Explain how a heat pump moves heat into a flat in winter.",
        "Translate this letter to my landlord, please.",
    ]
    rows = embed(pa.array(texts)).astype(float)
    assert rows[0] @ rows[1] > 0.7
    assert abs(rows[0] @ rows[2]) < 0.45


def test_random_strangers_have_mean_zero() -> None:
    rng = np.random.default_rng(0)
    made = ["".join(chr(97 + c) for c in rng.integers(0, 26, 40)) for _ in range(300)]
    rows = embed(pa.array(made)).astype(float)
    gram = rows @ rows.T
    off = gram[~np.eye(len(rows), dtype=bool)]
    assert abs(off.mean()) < 0.01
    assert abs(np.linalg.matrix_rank(rows) - DIMENSIONS) == 0


def test_the_last_user_message_is_found() -> None:
    conversations = [
        '[{"role":"user","content":"one"},{"role":"assistant","content":"x"},'
        '{"role":"user","content":"two"}]',
        '[{"role":"user","content":[{"type":"text","text":"part"}]}]',
        '[{"role":"system","content":"s"}]',
        "not json",
        None,
    ]
    found = last_user(pa.array(conversations, pa.string())).to_pylist()
    assert found == ["two", '[{"type":"text","text":"part"}]', "", "not json", ""]
