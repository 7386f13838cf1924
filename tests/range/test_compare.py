from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.range._ranking import oracle
from stillwatch.range.compare import Row, compare, evaluate, trivial
from stillwatch.range.compose import compose_demo
from stillwatch.range.contracts import Composition


@pytest.fixture(scope="module")
def history() -> pa.Table:
    return compose_demo(seed=77, scale=0.06, campaigns=False).exchanges


@pytest.fixture(scope="module")
def rows(small: Composition, history: pa.Table) -> list[Row]:
    return compare(small.exchanges, small.labels, history)


def test_all_baselines_and_all_features_are_rows(rows: list[Row], small: Composition) -> None:
    assert sum(not row.single for row in rows) == 12
    assert sum(row.single for row in rows) > 70
    members = small.labels["campaign_id"].is_valid()
    for row in rows:
        assert row.oracle.of == pc.sum(members).as_py()
        assert {b.budget for b in row.budgets} == {0.001, 0.01}
        assert 0.0 <= row.auc <= 1.0


def test_an_honest_threshold_spares_about_as_many_as_it_says(rows: list[Row]) -> None:
    """Ranks of features on benign history: on the median feature 1 % stays near 1 %."""
    rates = [row.budgets[1].false_positives.value for row in rows if row.single]
    assert np.median(rates) < 0.02


def test_the_demo_is_not_trivial_and_a_planted_leak_makes_it_so(
    rows: list[Row], small: Composition, history: pa.Table
) -> None:
    assert not trivial(rows)
    place = pc.index_in(small.exchanges["account_id"], small.labels["account_id"].combine_chunks())
    hidden = small.labels["campaign_id"].is_valid().take(place)
    column = EXCHANGE_SCHEMA.get_field_index("verified")
    leaking = small.exchanges.set_column(column, EXCHANGE_SCHEMA.field(column), hidden)
    assert trivial(compare(leaking, small.labels, history))


def test_only_a_single_feature_is_trivial() -> None:
    hidden = np.arange(100) < 10
    row = evaluate(hidden.astype(float), hidden, np.zeros(50), "perfect")
    assert row.oracle.value == 1.0
    assert not trivial([row])
    assert trivial([replace(row, single=True)])


def test_thresholds_come_from_the_reference_alone() -> None:
    scores = np.array([99.0, 98.0, 50.0, 1.0, np.nan, 99.5])
    hidden = np.array([True, True, True, False, False, False])
    row = evaluate(scores, hidden, np.arange(100.0), "scores")
    tenth, one = row.budgets
    assert (tenth.recall.hits, tenth.false_positives.hits) == (0, 0)  # 1 / 101 > 0.001
    assert (one.recall.hits, one.false_positives.hits) == (0, 1)  # 99 ties with the largest
    assert one.false_positives.interval == pytest.approx((0.0084, 0.9057), abs=1e-4)
    assert row.abstained.hits == 1
    assert row.oracle.hits == 0  # an innocent account has the largest score


def test_an_abstention_is_never_flagged_and_ranks_last() -> None:
    hidden = np.array([True, False])
    row = evaluate(np.array([np.nan, 0.0]), hidden, np.full(200, np.nan), "abstains")
    assert row.budgets[1].recall.hits == 0
    assert row.auc == 0.0


def test_the_oracle_takes_the_most_members_at_its_precision() -> None:
    scores = np.array([9.0, 8.0, 7.0, 7.0, 3.0, -np.inf])
    hidden = np.array([True, True, True, False, True, True])
    assert oracle(scores, hidden, 0.99) == (8.0, 2, 2)
    assert oracle(scores, hidden, 0.75) == (3.0, 4, 5)
    assert oracle(scores, ~hidden, 0.99) == (np.inf, 0, 0)
    assert oracle(np.zeros(0), np.zeros(0, dtype=bool), 0.99) == (np.inf, 0, 0)
