"""What each campaign of the demo leaves in the composed week."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from stillwatch.range._assemble import NEW_MODEL
from stillwatch.range.campaigns.fixed_template import LEAD
from stillwatch.range.campaigns.judge_with_echo import RUBRIC
from stillwatch.range.contracts import Composition, Span

MINUTE = pd.Timedelta(minutes=1)


@pytest.fixture(scope="module")
def members(week: Composition) -> pd.DataFrame:
    hidden = week.labels.filter(week.labels["campaign_id"].is_valid()).to_pandas()
    table = week.exchanges.drop_columns(["blob_ids"]).to_pandas().merge(hidden, on="account_id")
    table["user"] = [json.loads(text)[-1]["content"] for text in table["messages"]]
    return table.sort_values(["time", "exchange_id"])


def test_fixed_template_is_wide_slow_and_covered(members: pd.DataFrame) -> None:
    rows = members[members.campaign_id == "fixed_template"]
    assert rows.account_id.nunique() == 200
    harvest = rows.user.str.startswith(LEAD)
    assert 0.65 < harvest.mean() < 0.75
    days = rows.groupby("account_id").time.agg(lambda t: max(1.0, (t.max() - t.min()).days + 1))
    daily = rows.groupby("account_id").size() / days
    assert 3.0 < daily.median() < 9.0
    shared = rows.groupby("payment_id").account_id.nunique()
    assert (shared >= 3).sum() >= 10
    assert shared.max() <= 8


def test_judges_see_the_exact_earlier_answers_of_others(members: pd.DataFrame) -> None:
    rows = members[members.campaign_id == "judge_with_echo"]
    first = {r: (a, t) for r, a, t in zip(rows.response, rows.account_id, rows.time, strict=True)}
    judged = rows[rows.user.str.startswith(RUBRIC)]
    assert len(judged) > 500
    for text, account, time in zip(judged.user, judged.account_id, judged.time, strict=True):
        source, earlier = first[text.split("[Response]\n", 1)[1]]
        assert source != account
        assert earlier < time


def test_release_failover_moves_and_replaces(members: pd.DataFrame) -> None:
    rows = members[members.campaign_id == "release_failover"]
    release = pd.Timestamp(Span(7).release_us, unit="us", tz="UTC")
    late = rows[rows.time > release + 24 * 60 * MINUTE]
    assert 0.45 < (late.model == NEW_MODEL).mean() < 0.65
    assert (rows[rows.time < release].model == NEW_MODEL).sum() == 0
    refused = rows[rows.status == 403].drop_duplicates(["account_id", "user"])
    starts = rows.groupby("account_id").time.min()
    replaced = 0
    for account, user, time in zip(refused.account_id, refused.user, refused.time, strict=True):
        again = rows[(rows.user == user) & (rows.account_id != account) & (rows.time > time)]
        if len(again) and again.time.iloc[0] - time < 11 * MINUTE:
            replaced += bool(starts[again.account_id.iloc[0]] == again.time.iloc[0])
    assert replaced >= 25


def test_members_are_mixed_in_every_visible_habit(members: pd.DataFrame) -> None:
    for column in ("plan", "user_agent", "tls_fingerprint", "model", "surface"):
        top = members.groupby("campaign_id")[column].agg(
            lambda v: v.value_counts(normalize=True).max()
        )
        assert (top < 0.8).all(), column
    assert 0.2 < members.groupby("account_id").verified.first().mean() < 0.6
    assert np.isfinite(members.input_tokens).all()
