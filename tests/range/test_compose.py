from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.core.catalogue import units
from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.range.compose import compose_demo, write
from stillwatch.range.contracts import LABEL_SCHEMA, START_US, Composition, Persona, Span


def test_same_seed_same_bytes(small: Composition, tmp_path: Path) -> None:
    once = write(small, tmp_path / "a")
    twice = write(compose_demo(seed=0, scale=0.06, rare=1.0), tmp_path / "b")
    for one, two in zip(once, twice, strict=True):
        assert one.read_bytes() == two.read_bytes()


def test_another_seed_another_week(small: Composition) -> None:
    assert not small.exchanges.equals(compose_demo(seed=1, scale=0.06).exchanges)


def test_schema_order_and_span(week: Composition) -> None:
    assert week.exchanges.schema.equals(EXCHANGE_SCHEMA)
    assert week.labels.schema.equals(LABEL_SCHEMA)
    when = week.exchanges["time"].cast(pa.int64()).to_numpy()
    assert (when[1:] >= when[:-1]).all()
    assert when[0] >= START_US
    # a retry or a lesson at the very end may run a few minutes over
    assert when[-1] < Span(7).end_us + 15 * 60_000_000
    created = week.exchanges["account_created"].cast(pa.int64()).to_numpy()
    assert (created <= when).all()
    assert week.exchanges.num_rows == pc.count_distinct(week.exchanges["exchange_id"]).as_py()


def test_size_of_the_demo(week: Composition) -> None:
    assert 120_000 <= week.exchanges.num_rows <= 165_000
    assert 6_000 <= week.labels.num_rows <= 8_500


def test_labels_name_every_account_once(week: Composition) -> None:
    seen = pc.unique(week.exchanges["account_id"]).sort()
    assert seen.equals(week.labels["account_id"].combine_chunks())
    hidden = week.labels.filter(week.labels["campaign_id"].is_valid())
    assert set(hidden["campaign_id"].to_pylist()) == {
        "fixed_template",
        "judge_with_echo",
        "release_failover",
    }
    assert set(hidden["archetype"].to_pylist()) == {
        f"campaign:{name}" for name in set(hidden["campaign_id"].to_pylist())
    }


def test_without_campaigns_there_are_none_and_the_innocent_remain(small: Composition) -> None:
    quiet = compose_demo(seed=0, scale=0.06, campaigns=False, rare=1.0)
    assert quiet.labels["campaign_id"].null_count == quiet.labels.num_rows
    innocent = small.labels.filter(small.labels["campaign_id"].is_null())
    assert innocent["archetype"].value_counts().to_pylist() != []
    counts = [
        sorted(str(row) for row in table["archetype"].value_counts().to_pylist())
        for table in (innocent, quiet.labels)
    ]
    assert counts[0] == counts[1]


def test_messages_are_json_of_one_layout(small: Composition) -> None:
    for text in small.exchanges["messages"].to_pylist()[::7]:
        turns = json.loads(text)
        assert [list(turn) for turn in turns] == [["role", "content"]] * len(turns)
        assert turns[-1]["role"] == "user"
        assert turns[-1]["content"]


def test_a_failed_request_has_no_answer(small: Composition) -> None:
    failed = small.exchanges.filter(pc.not_equal(small.exchanges["status"], 200))
    assert failed.num_rows > 0
    assert failed["response"].null_count == failed.num_rows
    assert failed["finish_reason"].null_count == failed.num_rows


def test_two_days_are_enough() -> None:
    week = compose_demo(seed=3, days=2, scale=0.05)
    assert week.exchanges.num_rows > 500


def test_write_keeps_the_truth_apart(small: Composition, tmp_path: Path) -> None:
    traffic, labels = write(small, tmp_path)
    assert pq.read_schema(traffic).names == EXCHANGE_SCHEMA.names
    assert pq.read_table(labels).equals(small.labels)


@pytest.mark.parametrize("column", ["plan", "surface", "user_agent", "tls_fingerprint", "model"])
def test_no_value_of_a_category_belongs_to_campaigns_alone(week: Composition, column: str) -> None:
    labelled = week.exchanges.select(["account_id", column]).join(week.labels, "account_id")
    hidden = labelled["campaign_id"].is_valid()
    ours = set(pc.unique(labelled.filter(hidden)[column]).to_pylist())
    others = set(pc.unique(labelled.filter(pc.invert(hidden))[column]).to_pylist())
    assert ours <= others


def test_what_is_rare_in_life_is_rare_where_it_should_be() -> None:
    """Over many small worlds, as many accounts as are due; a world has a few or none."""
    rare = {p.look_alike for p in units("range.personas", Persona).values() if p.rare} - {"B2"}
    worlds = [compose_demo(seed, days=2, scale=0.06, rare=0.5) for seed in range(8)]
    found = [set(world.labels["archetype"].to_pylist()) & rare for world in worlds]
    assert len({frozenset(names) for names in found}) > 1
    assert 0 < sum(map(len, found)) < len(found) * len(rare)
