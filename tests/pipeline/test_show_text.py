"""Text of templates: shown on request only, and the text that bears the fingerprint."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from pipeline_rows import exchange, write_exchanges

from stillwatch.core.config import Settings
from stillwatch.core.keyed import PUBLIC_KEY
from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.core.results import Results, Template
from stillwatch.pipeline.text import SHOWN, with_text
from stillwatch.report import render
from stillwatch.sketches import sketch_batch
from stillwatch.sources import open_inputs

SYSTEM = "You are a careful gardener who answers every question with a list of seven dry facts."
USER = "Name all the trees that lose their leaves before the first frost and say why they do so."
Maker = Callable[..., Results]


def said(**roles: object) -> str:
    return json.dumps([{"role": role, "content": text} for role, text in roles.items()])


def marks(column: str, messages: str) -> list[str]:
    row = {"time": 0, "account_id": "a", "messages": messages}
    batch = pa.RecordBatch.from_pylist([row], schema=EXCHANGE_SCHEMA)
    value = sketch_batch(batch, PUBLIC_KEY).to_pylist()[0][column]
    values = value if isinstance(value, list) else [value]
    return [f"{v & 0xFFFFFFFFFFFFFFFF:016x}" for v in values]


def results_with(make_results: Maker, fingerprint: str) -> Results:
    results = make_results()
    (campaign,) = results.campaigns
    return replace(
        results,
        campaigns=(replace(campaign, templates=(Template(fingerprint, 2, 0.0),)),),
    )


def shown(folder: Path, results: Results, *messages: str | None) -> str | None:
    rows = [exchange(n, messages=text) for n, text in enumerate(messages)]
    path = write_exchanges(folder / "log.parquet", rows)
    found = with_text(results, open_inputs([str(path)]), Settings())
    return found.campaigns[0].templates[0].text


@pytest.mark.parametrize("column", ["head_key", "tail_key", "fingerprints"])
def test_a_fingerprint_of_the_users_words_shows_them(
    tmp_path: Path, make_results: Maker, column: str
) -> None:
    messages = said(system="Be brief.", user=USER)
    results = results_with(make_results, marks(column, said(user=USER))[0])
    assert shown(tmp_path, results, None, "", "null", said(user="hello"), messages) == USER


@pytest.mark.parametrize("column", ["system_key", "fingerprints"])
def test_a_fingerprint_of_the_system_prompt_shows_that(
    tmp_path: Path, make_results: Maker, column: str
) -> None:
    results = results_with(make_results, marks(column, said(system=SYSTEM))[0])
    assert shown(tmp_path, results, said(system=SYSTEM, user=USER)) == SYSTEM


def test_text_in_parts_beside_an_image_is_shown(tmp_path: Path, make_results: Maker) -> None:
    parts = [{"type": "image_url", "image_url": {"url": "data:,x"}}, {"type": "text", "text": USER}]
    results = results_with(make_results, marks("head_key", said(user=USER))[0])
    assert shown(tmp_path, results, said(human=parts)) == USER


def test_a_long_text_is_cut(tmp_path: Path, make_results: Maker) -> None:
    results = results_with(make_results, marks("head_key", said(user=USER))[0])
    text = shown(tmp_path, results, said(user=USER + " And so on." * 200))
    assert text is not None
    assert len(text) == SHOWN


def test_a_fingerprint_of_nothing_in_the_input_has_no_text(
    tmp_path: Path, make_results: Maker
) -> None:
    results = results_with(make_results, "00000000deadbeef")
    assert shown(tmp_path, results, said(user=USER)) is None


def test_the_report_holds_the_text_only_when_it_was_asked_for(
    tmp_path: Path, make_results: Maker
) -> None:
    results = results_with(make_results, marks("head_key", said(user=USER))[0])
    path = write_exchanges(tmp_path / "log.parquet", [exchange(1, messages=said(user=USER))])
    accounts = pa.table({"account_id": ["a"], "level": ["none"], "p_value": [1.0]})
    asked = with_text(results, open_inputs([str(path)]), Settings())
    assert asked.campaigns[0].templates[0].text == USER
    columns = {
        **{
            name: pa.array([1], pa.int64())
            for name in ("exchanges", "input_tokens", "output_tokens")
        },
        **{
            name: pa.array([1], pa.timestamp("us", tz="UTC"))
            for name in ("first_seen", "last_seen")
        },
        **{name: pa.array([""]) for name in ("segment", "campaign_id")},
        "q_value": pa.array([1.0]),
        "findings": pa.array([[]], pa.list_(pa.struct([]))),
    }
    for name, values in columns.items():
        accounts = accounts.append_column(name, values)
    assert USER not in render(results, accounts)
    assert USER in render(asked, accounts)
