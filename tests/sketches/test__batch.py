"""The map step: rows by themselves and together, texts of every kind, and what must not matter."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sketches._build import batch, sketch, sketch_user, turns

from stillwatch.core.records import EXCHANGE_SCHEMA, SKETCH_SCHEMA
from stillwatch.sketches import sketch_batch

PROMPT = (
    "Please write down your complete reasoning inside <thinking> tags before the answer, "
    "do not skip any step, and then rate the result on a scale of 1 to 10 for this question: "
    "how many apples does a farmer with 12 trees and 30 baskets sell in a week of 7 days?"
)
SYSTEM = "You are an impartial judge. Apply the grading criteria strictly, and output the score."
TEXT_COLUMNS = (
    *("system_key", "payload_key", "prompt_key", "head_key", "tail_key", "fingerprints", "bands"),
    *("echo_prompt", "prompt_length", "cues", "reasoning_elicitation", "rubric_grading"),
    *("batch_generation", "identity_confusion", "foreign_harness"),
)

EDITS = {
    "case": str.upper,
    "nfkc": lambda t: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in t),
    "mathematical": lambda t: t.replace("reasoning", "𝐫𝐞𝐚𝐬𝐨𝐧𝐢𝐧𝐠").replace("judge", "𝓳𝓾𝓭𝓰𝓮"),
    "decomposed": lambda t: unicodedata.normalize("NFD", t.replace("e", "é")),
    "zero width": "\u200b".join,
    "directions": lambda t: f"\u202e{t}\u202c\ufeff",
    "soft hyphens": lambda t: t.replace("ea", "e\u00ada"),
    "homoglyphs": lambda t: t.replace("o", "о").replace("a", "а").replace(" а ", " a "),
    "digits": lambda t: t.replace("12", "9876").replace("30", "5").replace("7", "٣"),
    "white space": lambda t: t.replace(" ", "\u00a0\t\n \u3000"),
    "punctuation": lambda t: t.replace(",", " —").replace(".", "!!"),
}


@pytest.mark.parametrize("name", EDITS)
def test_edits_that_a_reader_does_not_see_do_not_matter(name: str) -> None:
    edit = EDITS[name]
    plain = sketch(messages=turns(("system", SYSTEM), ("user", PROMPT)))
    edited = sketch(messages=turns(("system", edit(SYSTEM)), ("user", edit(PROMPT))))
    for column in TEXT_COLUMNS:
        assert edited[column] == plain[column], column
    assert plain["reasoning_elicitation"] > 0.6  # type: ignore[operator]
    assert plain["rubric_grading"] > 0.6  # type: ignore[operator]


@pytest.mark.parametrize("column", ["payload_key", "prompt_key", "fingerprints", "bands"])
def test_edits_that_a_reader_sees_do(column: str) -> None:
    assert sketch_user(PROMPT)[column] != sketch_user(PROMPT.replace("apples", "pears"))[column]


def test_each_key_covers_its_part_of_the_conversation() -> None:
    base = sketch(messages=turns(("system", SYSTEM), ("user", "before"), ("user", PROMPT)))
    changed = {
        "system_key": (("system", "another"), ("user", "before"), ("user", PROMPT)),
        "payload_key": (("system", SYSTEM), ("user", "before"), ("user", PROMPT + " And pears?")),
        "head_key": (("system", SYSTEM), ("user", "before"), ("user", "Kindly " + PROMPT)),
        "prompt_key": (("system", SYSTEM), ("user", "changed"), ("user", PROMPT)),
    }
    touched = {
        "system_key": {"system_key", "prompt_key"},
        "payload_key": {"payload_key", "prompt_key", "tail_key"},
        "head_key": {"payload_key", "prompt_key", "head_key"},
        "prompt_key": {"prompt_key"},
    }
    keys = ("system_key", "payload_key", "prompt_key", "head_key", "tail_key")
    for name, said in changed.items():
        other = sketch(messages=turns(*said))
        assert {key for key in keys if base[key] != other[key]} == touched[name], name


def test_head_and_tail_are_eight_words_of_a_text_long_enough() -> None:
    words = [f"{a}{b}" for a in "bcdfg" for b in "aeiou"]
    text = " ".join(words)
    same_head = sketch_user(" ".join([*words[:8], "other", *words[9:]]))
    base = sketch_user(text)
    assert same_head["head_key"] == base["head_key"]
    assert same_head["tail_key"] == base["tail_key"]
    assert same_head["payload_key"] != base["payload_key"]
    assert sketch_user(" ".join(["other", *words[1:]]))["head_key"] != base["head_key"]
    assert sketch_user(" ".join([*words[:-1], "other"]))["tail_key"] != base["tail_key"]
    assert sketch_user(" ".join(words[:16]))["head_key"] is not None
    assert sketch_user(" ".join(words[:15]))["head_key"] is None


def test_the_last_user_message_is_the_payload() -> None:
    turned = turns(("user", "one"), ("assistant", "two"), ("user", "three"), ("assistant", "four"))
    assert sketch(messages=turned)["payload_key"] == sketch_user("three")["payload_key"]


ARABIC = "اكتب سلسلة التفكير كاملة دون حذف ثم أعط الإجابة"
CHINESE = "请写出完整的推理过程，不要省略任何一步，然后给出答案。"


@pytest.mark.parametrize(
    "messages",
    [
        None,
        "",
        "null",
        "[]",
        "{}",
        "not json",
        "[" * 50_000,
        "7",
        '[{"role":"user"}]',
        '[{"role":"user","content":null}]',
        '[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,x"}}]}]',
        '[{"role":"user","content":"   "}]',
    ],
)
def test_messages_without_text_abstain(messages: str | None) -> None:
    found = sketch(messages=messages)
    for column in ("payload_key", "system_key", "prompt_key", "head_key", "bands"):
        assert found[column] is None, column
    assert not found["fingerprints"]
    assert not found["reasoning_elicitation"]


def test_text_beside_an_image_is_read() -> None:
    parts = [
        {"type": "text", "text": PROMPT},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 100_000}},
    ]
    found = sketch(messages=orjson.dumps([{"role": "user", "content": parts}]).decode())
    plain = sketch_user(PROMPT)
    for column in TEXT_COLUMNS:
        assert found[column] == plain[column], column


@pytest.mark.parametrize(("text", "script"), [(ARABIC, "Arab"), (CHINESE, "Hani")])
def test_texts_in_other_scripts_are_sketched_and_scored(text: str, script: str) -> None:
    found = sketch_user(text)
    assert found["script"] == script
    assert found["payload_key"] is not None
    assert found["reasoning_elicitation"] > 0.3  # type: ignore[operator]
    long, longer = (sketch_user(f"{text} " * times) for times in (3, 4))
    assert set(longer["fingerprints"]) & set(long["fingerprints"])  # type: ignore[call-overload]


def test_emoji_carry_meaning() -> None:
    assert sketch_user("🙂 🙃")["payload_key"] != sketch_user("🙂 😡")["payload_key"]
    assert sketch_user("🧑🏽")["payload_key"] == sketch_user("🧑")["payload_key"], (
        "skin tones do not"
    )


def test_a_text_of_a_megabyte() -> None:
    rng = np.random.default_rng(2)
    words = [f"w{n}" for n in range(500)]
    text = " ".join("".join(f"q{c}" for c in words[i]) for i in rng.integers(0, 500, 120_000))
    text = text[: 1 << 20].replace("0", "o").replace("1", "l")
    found = sketch_user(text)
    assert found["prompt_length"] > 50_000  # type: ignore[operator]
    assert len(found["fingerprints"]) <= 64  # type: ignore[arg-type]
    assert len(found["bands"]) == 16  # type: ignore[arg-type]
    assert len(found["echo_prompt"]) <= 32  # type: ignore[arg-type]
    buried = sketch_user(text[: 1 << 19] + " translate your reasoning " + text[1 << 19 :])
    assert buried["reasoning_elicitation"] > 0.5  # type: ignore[operator]


def test_an_empty_batch_gives_an_empty_sketch() -> None:
    found = sketch_batch(pa.RecordBatch.from_pylist([], schema=EXCHANGE_SCHEMA))
    assert found.schema == SKETCH_SCHEMA
    assert found.num_rows == 0
    assert sketch_batch(batch({}, {}).slice(1, 0)).num_rows == 0


def test_an_echo_meets_its_response() -> None:
    answer = " ".join(f"{a}{b}{c}" for a in "bcdfg" for b in "aeiou" for c in "lmn")
    served = sketch(response=answer)["echo_response"]
    fed = sketch_user(f"Is this answer good? {answer} Please say why.")["echo_prompt"]
    tool = sketch(messages=turns(("user", "go on"), ("tool", answer)))["echo_prompt"]
    own = sketch(messages=turns(("user", "go on"), ("assistant", answer)))["echo_prompt"]
    assert served
    assert set(served) & set(fed)  # type: ignore[call-overload]
    assert set(served) & set(tool)  # type: ignore[call-overload]
    assert not own, "what the model itself said before is in every long conversation"


texts = st.one_of(
    st.none(),
    st.sampled_from(["", "null", "not json", turns(("user", PROMPT)), turns(("system", SYSTEM))]),
    st.text(max_size=30).map(lambda t: turns(("user", t.encode("utf-8", "ignore").decode()))),
)
exchange_rows = st.fixed_dictionaries(
    {
        "messages": texts,
        "response": st.none() | st.sampled_from(["", PROMPT, ARABIC]),
        "ip": st.sampled_from([None, "203.0.113.9", "2001:db8::1", "x"]),
        "organization_id": st.sampled_from([None, "o"]),
        "exchange_id": st.sampled_from([None, "a", "b"]),
        "blob_ids": st.sampled_from([None, [], ["b1", "b2"]]),
        "temperature": st.sampled_from([None, 0.5, float("nan"), float("inf")]),
        "status": st.sampled_from([None, 200, 2**40]),
    }
)


@settings(max_examples=40)
@given(st.lists(exchange_rows, min_size=1, max_size=9), st.data())
def test_rows_sketched_one_by_one_are_rows_sketched_together(
    rows: list[dict[str, object]], data: st.DataObject
) -> None:
    whole = batch(*rows)
    together = sketch_batch(whole)
    together.validate(full=True)
    cuts = data.draw(st.sets(st.integers(1, len(rows)), max_size=4))
    places = sorted({0, *cuts, len(rows)})
    parts = [sketch_batch(whole.slice(a, b - a)) for a, b in pairwise(places)]
    assert pa.Table.from_batches(parts).to_pylist() == together.to_pylist()
    order = data.draw(st.permutations(range(len(rows))))
    shuffled = sketch_batch(whole.take(pa.array(order))).to_pylist()
    assert shuffled == [together.to_pylist()[i] for i in order]


def test_a_batch_cut_in_pieces_inside_is_the_same() -> None:
    rows = [
        {"messages": turns(("user", f"{PROMPT} {n}" * (n % 5))), "exchange_id": f"{n}"}
        for n in range(9000)
    ]
    whole = batch(*rows)
    halves = [sketch_batch(whole.slice(0, 5000)), sketch_batch(whole.slice(5000))]
    assert pa.Table.from_batches(halves).equals(pa.Table.from_batches([sketch_batch(whole)]))
