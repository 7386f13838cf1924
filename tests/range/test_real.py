from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stillwatch.core.errors import InputError
from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.range._corpora import arrivals, catalogue, corpus_rows
from stillwatch.range.contracts import Composition
from stillwatch.range.harvest import Harvest
from stillwatch.range.real import real_world, tenants
from stillwatch.range.scenario import Scenario, compose, find
from stillwatch.range.tactics.articulate import WORDING, Articulate

LITTLE = replace(find("real_input"), days=3, scale=0.05)


@pytest.fixture(scope="module")
def little(data: Path) -> Composition:
    return compose(LITTLE, 0, data)


def test_the_little_one_is_valid_and_labelled(little: Composition) -> None:
    assert little.exchanges.schema.equals(EXCHANGE_SCHEMA)
    seen = pc.unique(little.exchanges["account_id"]).sort()
    assert seen.equals(little.labels["account_id"].combine_chunks())
    hidden = set(little.labels["campaign_id"].drop_null().to_pylist())
    assert hidden == {campaign.corpus for campaign in LITTLE.campaigns}
    for text in little.exchanges["messages"].to_pylist()[::11]:
        assert json.loads(text)[-1]["role"] == "user"


def test_same_seed_same_rows(data: Path, little: Composition) -> None:
    again = compose(LITTLE, 0, data)
    assert again.exchanges.equals(little.exchanges)
    assert again.labels.equals(little.labels)


def test_a_campaign_harvests_the_corpus_it_names(data: Path) -> None:
    harvest = Harvest("h", 12, 8.0, "atk_gorilla_apibench", steps=(Articulate(),))
    week = compose(Scenario("s", "", days=2, scale=0.03, campaigns=(harvest,)), 0, data)
    hidden = week.labels.filter(week.labels["campaign_id"].is_valid())["account_id"]
    assert len(hidden) == 12
    rows = week.exchanges.filter(pc.is_in(week.exchanges["account_id"], hidden.combine_chunks()))
    asked = [json.loads(text)[-1]["content"] for text in rows["messages"].to_pylist()]
    corpus = set(corpus_rows(data, ("atk_gorilla_apibench",)).user.to_pylist())
    lead = " ".join(said[0] for said in WORDING)
    assert {text.removeprefix(lead).strip() for text in asked} <= {text.strip() for text in corpus}


def test_a_corpus_can_be_left_out(data: Path) -> None:
    world = real_world(data, 0, 2, 0.03)
    everything, less = tenants(world), tenants(world, ("ben_nq_open_dev",))
    assert len(less) <= len(everything)
    questions = set(corpus_rows(data, ("ben_nq_open_dev",)).user.to_pylist())
    with_it, without = (
        sum(text in questions for part in parts for text in part.user.to_pylist())
        for parts in (everything, less)
    )
    assert with_it > 10 * without


def test_a_corpus_is_a_row_of_the_catalogue(data: Path) -> None:
    corpora, tenants = catalogue()
    names = {corpus.name for corpus in corpora}
    assert {
        name for tenant in tenants for name in (*tenant.corpora, tenant.prompts) if name
    } <= names
    assert {corpus.label for corpus in corpora} <= {"attack", "benign", "neutral"}
    for name in names:
        rows = corpus_rows(data, (name,))
        assert len(rows.user) == len(rows.response) == len(rows.tools) > 100
        assert not pc.any(pc.equal(rows.user, "")).as_py()


def test_arrivals_keep_the_shape_of_the_day(data: Path) -> None:
    trace = arrivals(data)
    assert len(trace.load) > 100
    assert (np.diff(trace.load, axis=1) >= 0).all()
    assert np.allclose(trace.load[:, -1], 1.0)
    by_hour = np.diff(trace.load, axis=1).reshape(len(trace.load), 14, 24, 6).sum(axis=(0, 1, 3))
    assert by_hour.max() > 1.5 * by_hour.min()


@pytest.mark.slow
def test_the_whole_one_is_large_enough(data: Path) -> None:
    week = compose(find("real_input"), 0, data)
    assert week.exchanges.num_rows >= 100_000
    when = week.exchanges["time"].cast(pa.int64()).to_numpy()
    assert (when[1:] >= when[:-1]).all()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"net_x4bnet_vpn_dc\.parquet is missing"):
        compose(LITTLE, 0, tmp_path)
    with pytest.raises(InputError, match="no corpus"):
        corpus_rows(tmp_path, ("nothing_of_the_kind",))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "ben_nq_open_dev.jsonl.zst").write_bytes(b"not zstd at all")
    with pytest.raises(InputError, match=r"ben_nq_open_dev\.jsonl\.zst is damaged"):
        corpus_rows(tmp_path, ("ben_nq_open_dev",))
