from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stillwatch.core.errors import InputError
from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.range._corpora import arrivals, catalogue, corpus_rows
from stillwatch.range.contracts import Composition
from stillwatch.range.real import ATTACKS, WRAPPERS, Attack, compose_real


@pytest.fixture(scope="module")
def little(data: Path) -> Composition:
    return compose_real(data, seed=0, days=3, scale=0.05)


def test_the_little_one_is_valid_and_labelled(little: Composition) -> None:
    assert little.exchanges.schema.equals(EXCHANGE_SCHEMA)
    seen = pc.unique(little.exchanges["account_id"]).sort()
    assert seen.equals(little.labels["account_id"].combine_chunks())
    hidden = set(little.labels["campaign_id"].drop_null().to_pylist())
    assert hidden == {attack.corpus for attack in ATTACKS}
    for text in little.exchanges["messages"].to_pylist()[::11]:
        assert json.loads(text)[-1]["role"] == "user"


def test_same_seed_same_rows(data: Path, little: Composition) -> None:
    again = compose_real(data, seed=0, days=3, scale=0.05)
    assert again.exchanges.equals(little.exchanges)
    assert again.labels.equals(little.labels)


def test_attacks_are_chosen_by_the_caller(data: Path) -> None:
    attack = Attack("atk_gorilla_apibench", accounts=12, daily=8.0, wrapper="trace", cover=0.0)
    week = compose_real(data, days=2, scale=0.03, attacks=[attack])
    hidden = week.labels.filter(week.labels["campaign_id"].is_valid())["account_id"]
    assert len(hidden) == 12
    rows = week.exchanges.filter(pc.is_in(week.exchanges["account_id"], hidden.combine_chunks()))
    before = json.dumps(WRAPPERS["trace"][0])[1:-1]
    assert pc.all(pc.match_substring(rows["messages"], before)).as_py()


def test_no_attack_is_an_all_benign_week(data: Path) -> None:
    week = compose_real(data, days=2, scale=0.03, attacks=[])
    assert week.labels["campaign_id"].null_count == week.labels.num_rows


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
    week = compose_real(data)
    assert week.exchanges.num_rows >= 100_000
    when = week.exchanges["time"].cast(pa.int64()).to_numpy()
    assert (when[1:] >= when[:-1]).all()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"trace_servegen_clients_open\.parquet is missing"):
        compose_real(tmp_path)
    with pytest.raises(InputError, match="no corpus"):
        corpus_rows(tmp_path, ("nothing_of_the_kind",))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "ben_nq_open_dev.jsonl.zst").write_bytes(b"not zstd at all")
    with pytest.raises(InputError, match=r"ben_nq_open_dev\.jsonl\.zst is damaged"):
        corpus_rows(tmp_path, ("ben_nq_open_dev",))
