"""Every outside format against a file of invented traffic and what it must become."""

import json
import os
from pathlib import Path

import pytest

from sources.conftest import GOLDEN, read_all

FILES = {
    "openai.jsonl": "openai",
    "anthropic.jsonl": "anthropic",
    "litellm.jsonl": "litellm",
    "otel_old.jsonl": "otel",
    "otel_new.json": "otel",
}


@pytest.mark.parametrize("name", FILES)
def test_golden(name: str) -> None:
    read = read_all(GOLDEN / name)
    assert read.inputs.files[0].source == FILES[name]
    found = {
        "rows": [{k: v for k, v in row.items() if v is not None} for row in read.rows],
        "rejects": [[r.line, r.field, r.reason] for r in read.rejects],
        "unknown": list(read.inputs.unknown_columns),
    }
    text = json.dumps(found, indent=1, default=str, ensure_ascii=False) + "\n"
    expected = GOLDEN / f"{Path(name).stem}.expected"
    if os.environ.get("STILLWATCH_REWRITE_GOLDEN"):
        expected.write_text(text)
    assert text == expected.read_text()


def test_an_email_leaves_the_door_as_its_domain() -> None:
    read = read_all(GOLDEN / "litellm.jsonl")
    assert read.column("email_domain")[0] == "mail.example"
    assert "someone" not in str(read.rows).lower()


def test_a_span_that_is_no_model_call_is_passed_over() -> None:
    assert len(read_all(GOLDEN / "otel_old.jsonl").rows) == 2
    assert len(read_all(GOLDEN / "otel_new.json").rows) == 1


def test_one_sealed_blob_has_one_id_whatever_its_label(jsonl) -> None:
    def line(label: str) -> str:
        item = {"type": "reasoning", "id": label, "encrypted_content": "c2VhbGVk"}
        pair = {"request": {"input": [item]}, "response": {"output": []}}
        return json.dumps({"time": 1772439480, "account_id": label, **pair})

    blobs = read_all(jsonl(line("a"), line("b"))).column("blob_ids")
    assert blobs[0] == blobs[1]
    assert len(blobs[0]) == 1


def test_the_envelope_wins(jsonl) -> None:
    pair = {"request": {"model": "asked", "input": "x"}, "response": {"output": [], "id": "r"}}
    path = jsonl(json.dumps({"time": 1772439480, "account_id": "a", "model": "billed", **pair}))
    assert read_all(path).column("model") == ["billed"]
    assert read_all(path).column("exchange_id") == ["r"]
