from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy.stats import mannwhitneyu

from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.range._ranking import auc
from stillwatch.range.baselines import SingleFeature, baseline_table
from stillwatch.range.compose import compose_demo
from stillwatch.range.contracts import Composition
from stillwatch.range.harvest import Harvest, Spread
from stillwatch.range.scenario import Scenario, compose


def _too_good(rows: list[SingleFeature]) -> list[str]:
    return [row.feature for row in rows if row.auc > 0.9 or row.precision_at_half >= 0.9]


def test_no_single_feature_separates_the_campaigns(week: Composition) -> None:
    rows = baseline_table(week)
    assert len(rows) > 30
    assert _too_good(rows) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nor_under_other_seeds(seed: int) -> None:
    assert _too_good(baseline_table(compose_demo(seed=seed))) == []


def test_a_planted_leak_is_seen(small: Composition) -> None:
    place = pc.index_in(small.exchanges["account_id"], small.labels["account_id"].combine_chunks())
    hidden = small.labels["campaign_id"].is_valid().take(place)
    column = EXCHANGE_SCHEMA.get_field_index("verified")
    leaking = small.exchanges.set_column(column, EXCHANGE_SCHEMA.field(column), hidden)
    best = baseline_table(Composition(leaking, small.labels))[0]
    assert best.feature == "verified"
    assert best.auc == pytest.approx(1.0)
    assert best.precision_at_half == pytest.approx(1.0)


def test_without_campaigns_the_table_is_empty() -> None:
    assert baseline_table(compose_demo(scale=0.05, campaigns=False)) == []


def test_auc_agrees_with_mann_and_whitney() -> None:
    rng = np.random.default_rng(5)
    values = rng.integers(0, 6, 400).astype(float)
    hidden = rng.random(400) < 0.2 + 0.1 * values
    statistic = mannwhitneyu(values[hidden], values[~hidden]).statistic
    assert auc(values, hidden) == pytest.approx(statistic / (hidden.sum() * (~hidden).sum()))


def test_features_do_not_depend_on_account_names(small: Composition) -> None:
    """Renaming accounts changes nothing but the ids: the table reads no class off them."""
    named = pc.binary_join_element_wise(small.exchanges["account_id"], pa.scalar("x"), "")
    labels = small.labels.set_column(
        0,
        small.labels.schema.field(0),
        pc.binary_join_element_wise(small.labels["account_id"], pa.scalar("x"), ""),
    )
    column = EXCHANGE_SCHEMA.get_field_index("account_id")
    table = small.exchanges.set_column(column, EXCHANGE_SCHEMA.field(column), named)
    assert baseline_table(Composition(table, labels)) == baseline_table(small)


@pytest.mark.parametrize("spread", ["shards", "overlap"])
def test_a_harvest_without_a_tactic_has_no_single_feature_to_itself(spread: Spread) -> None:
    """What a campaign is drawn with before any tactic gives its accounts away in no column."""
    plain = Harvest("plain", accounts=60, daily=3.0, corpus="mixed", spread=spread)
    week = compose(Scenario("plain", "", scale=0.15, campaigns=(plain,)), 0, None)
    rows = baseline_table(week)
    assert len(rows) > 30
    assert _too_good(rows) == []
