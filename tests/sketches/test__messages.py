from __future__ import annotations

import json

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.sketches._messages import (
    ASSISTANT,
    LAST_USER,
    SYSTEM,
    TOOL,
    USER,
    read_messages,
    rewrite,
)

CODES = {"system": SYSTEM, "developer": SYSTEM, "user": USER, "assistant": ASSISTANT, "tool": TOOL}


def read(*rows: str | bytes | None) -> list[list[tuple[int, str]]]:
    array = pa.array([r.encode() if isinstance(r, str) else r for r in rows], type=pa.binary())
    column = pa.Array.from_buffers(pa.string(), len(array), array.buffers())
    found = read_messages(column)
    texts = [
        (int(role), bytes(found.text[a:b]).decode("utf-8", "replace"))
        for role, a, b in zip(found.roles, found.bounds[:-1], found.bounds[1:], strict=True)
    ]
    return [texts[a:b] for a, b in zip(found.rows[:-1], found.rows[1:], strict=True)]


conversations = st.lists(
    st.tuples(st.sampled_from(sorted(CODES)), st.text(max_size=40)), max_size=6
)


def expected(said: list[tuple[str, str]]) -> list[tuple[int, str]]:
    result = [(CODES[role], text) for role, text in said]
    users = [i for i, (role, _) in enumerate(result) if role == USER]
    if users:
        result[users[-1]] = (LAST_USER, result[users[-1]][1])
    return result


@settings(max_examples=200, deadline=None)
@given(conversations, st.booleans(), st.sampled_from([None, 1]), st.booleans())
def test_scanner_reads_what_python_reads(
    said: list[tuple[str, str]], escaped: bool, indent: int | None, swapped: bool
) -> None:
    objects = [{"content": t, "role": r} if swapped else {"role": r, "content": t} for r, t in said]
    text = json.dumps(objects, ensure_ascii=escaped, indent=indent)
    want = expected(said)
    assert read(text) == [want]
    assert read(rewrite(text.encode())) == [want]


@settings(max_examples=150, deadline=None)
@given(conversations, st.binary(max_size=3), st.integers(0, 200))
def test_damaged_rows_are_read_as_by_the_fallback(
    said: list[tuple[str, str]], junk: bytes, place: int
) -> None:
    raw = json.dumps([{"role": r, "content": t} for r, t in said]).encode()
    place = min(place, len(raw))
    damaged = raw[:place] + junk + raw[place + len(junk) :]
    damaged = damaged.decode("utf-8", "replace").encode()
    assert read(damaged) == read(rewrite(damaged))


@pytest.mark.parametrize(
    ("row", "want"),
    [
        (None, []),
        ("", []),
        ("null", []),
        ("not json", []),
        ("[]", []),
        ("{}", []),
        ("[" * 100_000, []),
        ('[{"role":"user","content":' + "[" * 5000 + "]" * 5000 + "}]", []),
        ('[{"role":"user"}]', []),
        ('[{"role":"user","content":null}]', []),
        ('[{"role":"user","content":7}]', []),
        ('[{"role":"user","content":"a"}] x', []),
        ('[{"role":"user","content":"a\\u0000b"}]', [(LAST_USER, "a\0b")]),
        ('[{"role":"user","content":"\\ud83d\\ude00"}]', [(LAST_USER, "\U0001f600")]),
        ('[{"role":"user","content":"\\ud83dx"}]', [(LAST_USER, "\ufffdx")]),
        ('[{"role":"user","content":"a","role":"system"}]', [(SYSTEM, "a")]),
        ('[{"role":"user","content":"a","name":"n"}]', [(LAST_USER, "a")]),
        ('[{"role":"critic","content":"a"}]', [(TOOL, "a")]),
        (
            '[{"role":"user","content":[{"type":"text","text":"a"},'
            '{"type":"image_url","image_url":{"url":"u"}},{"type":"text","text":"b"}]}]',
            [(LAST_USER, "a\nb")],
        ),
        (
            '[{"role":"user","content":[{"type":"tool_result","content":"r"},'
            '{"type":"text","text":"a"}]}]',
            [(TOOL, "r"), (LAST_USER, "a")],
        ),
        (
            '[{"role":"user","content":"a"},{"role":"assistant","content":null,'
            '"tool_calls":[{"function":{"name":"f","arguments":"{1}"}}]}]',
            [(LAST_USER, "a"), (ASSISTANT, "{1}")],
        ),
    ],
)
def test_unusual_rows(row: str | None, want: list[tuple[int, str]]) -> None:
    usual = '[{"role":"user","content":"kept"}]'
    assert read(usual, row, usual) == [[(LAST_USER, "kept")], want, [(LAST_USER, "kept")]]


def test_a_hundred_thousand_messages_in_one_row() -> None:
    said = [{"role": "user", "content": "x"}] * 100_000
    found = read(orjson.dumps(said))[0]
    assert len(found) == 100_000
    assert [role for role, _ in found[-2:]] == [USER, LAST_USER]


def test_slices_of_a_column_read_the_same() -> None:
    rows = [f'[{{"role":"user","content":"{i}"}}]' for i in range(9)] + [None]
    column = pa.array(rows)
    found = read_messages(column.slice(3, 4))
    assert bytes(found.text[: found.bounds[-1]]) == b"3456"
    assert np.diff(found.rows).tolist() == [1, 1, 1, 1]
