"""The innocents really look alike, and the natural groups that calibrate the null are many."""

from __future__ import annotations

import pandas as pd
import pytest

from stillwatch.range.contracts import Composition
from stillwatch.range.personas.agent_template import PROMPT

HOUR = pd.Timedelta(hours=1)


@pytest.fixture(scope="module")
def innocent(week: Composition) -> pd.DataFrame:
    labels = week.labels.filter(week.labels["campaign_id"].is_null()).to_pandas()
    return week.exchanges.drop_columns(["blob_ids"]).to_pandas().merge(labels, on="account_id")


def test_natural_groups_are_more_than_a_thousand(innocent: pd.DataFrame) -> None:
    prefix = innocent.ip.str.replace(r"[.:]\w+$", "", regex=True)
    groups = 0
    for key in (prefix, innocent.payment_id, innocent.email_domain):
        size = innocent.groupby(key).account_id.nunique()
        groups += int(((size >= 2) & (size <= 60)).sum())
    assert groups > 1_000


def test_b10_hundreds_of_strangers_share_a_system_prompt(innocent: pd.DataFrame) -> None:
    users = innocent[innocent.messages.str.contains(PROMPT[:60], regex=False)]
    assert users.account_id.nunique() > 580
    assert users.groupby("payment_id").account_id.nunique().max() <= 4


def test_b1_items_repeat_every_night(innocent: pd.DataFrame) -> None:
    runs = innocent[innocent.archetype == "B1"].groupby("account_id")
    assert (runs.messages.nunique() / runs.size()).max() < 0.3


def test_b6_runs_day_and_night_for_one_organisation(innocent: pd.DataFrame) -> None:
    fleet = innocent[innocent.archetype == "B6"]
    assert fleet.organization_id.nunique() == 2
    by_hour = fleet.time.dt.hour.value_counts(normalize=True)
    assert by_hour.min() > 0.025


def test_b8_passes_end_users(innocent: pd.DataFrame) -> None:
    gateway = innocent[innocent.archetype == "B8"]
    assert gateway.organization_id.nunique() == 1
    assert gateway.end_user_id.notna().all()
    assert gateway.end_user_id.nunique() > 400


def test_b9_many_people_an_address_by_day(innocent: pd.DataFrame) -> None:
    people = innocent[innocent.archetype == "B9"]
    gateways = people[people.ip.str.match(r"10\.(9[6-9]|10\d|11[01])\.")]
    sizes = gateways.groupby(gateways.ip.str.rsplit(".", n=1).str[0]).account_id.nunique()
    assert len(sizes) >= 150
    assert sizes.max() <= 70


def test_b11_is_short_and_small(innocent: pd.DataFrame) -> None:
    classes = innocent[innocent.archetype == "B11"]
    assert (classes.time - classes.account_created).max() < 72 * HOUR
    assert classes.groupby("account_id").size().mean() < 8
    assert classes.messages.value_counts().iloc[0] > 5


def test_vpn_customers_share_addresses_with_campaigns(week: Composition) -> None:
    table = week.exchanges.select(["account_id", "ip"]).join(week.labels, "account_id")
    table = table.to_pandas()
    hidden = table.campaign_id.notna()
    both = set(table[hidden].ip) & set(table[table.archetype == "vpn"].ip)
    assert len(both) >= 20
