"""The innocents really look alike, and the natural groups that calibrate the null are many."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa
import pytest

from stillwatch.range.contracts import Composition, Span
from stillwatch.range.personas.agent_template import PROMPT
from stillwatch.range.personas.red_team import probes
from stillwatch.range.personas.release_benchmark import items
from stillwatch.relations.rollups import HIT, SCORES
from stillwatch.sketches import sketch_batch

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


@pytest.fixture(scope="module")
def scored(week: Composition) -> pd.DataFrame:
    """What the content sketches make of the prompts, with the truth beside."""
    batches = week.exchanges.combine_chunks().to_batches()
    columns = ["account_id", *SCORES]
    sketched = pa.Table.from_batches([sketch_batch(batch).select(columns) for batch in batches])
    return sketched.to_pandas().merge(week.labels.to_pandas(), on="account_id")


@pytest.mark.parametrize(
    ("archetype", "score", "least"),
    [
        ("B3", "reasoning_elicitation", 0.5),
        ("B4", "batch_generation", 0.5),
        ("B5", "rubric_grading", 0.5),
        ("B14", "reasoning_elicitation", 0.02),
        ("B16", "reasoning_elicitation", 0.3),
        ("B17", "identity_confusion", 0.02),
    ],
)
def test_a_look_alike_says_what_the_cues_listen_for(
    scored: pd.DataFrame, archetype: str, score: str, least: float
) -> None:
    hits = (scored[score] >= HIT).groupby(scored.archetype).mean()
    assert hits[archetype] > least
    assert hits[archetype] > 3 * hits["chat"]


def test_b2_moves_on_release_day_with_known_items_and_ends(innocent: pd.DataFrame) -> None:
    release = pd.Timestamp(Span(7).release_us, unit="us", tz="UTC")
    known = set(items().to_pylist())
    bench = innocent[innocent.archetype == "B2"]
    asks = bench.messages.map(lambda text: any(item in text for item in known))
    runs = bench[asks]
    assert len(runs) > 2_000
    assert (runs.model == "atlas-5").mean() > 0.6
    assert runs.time.min() >= release
    assert (runs.time < release + 24 * HOUR).mean() > 0.8
    assert runs.groupby("messages").account_id.nunique().max() >= 5


def test_b3_is_bounded_and_mostly_one_organisation_a_group(innocent: pd.DataFrame) -> None:
    studies = innocent[innocent.archetype == "B3"]
    assert studies.groupby("account_id").size().max() <= 120
    accounts = studies.drop_duplicates("account_id")
    assert accounts.organization_id.notna().mean() > 0.7
    assert accounts.verified.mean() > 0.8
    protocol = studies.messages.str.contains("write your full reasoning between", regex=False)
    assert studies[protocol].organization_id.nunique() >= 3


def test_b4_has_one_narrow_domain_a_customer(innocent: pd.DataFrame) -> None:
    data = innocent[innocent.archetype == "B4"]
    domain = data.messages.str.extract(r"Record of ([^:]+):", expand=False)
    assert domain.notna().mean() > 0.6
    assert domain.groupby(data.organization_id).nunique().max() == 1


def _echoes(table: pd.DataFrame, before: str) -> pd.DataFrame:
    """Return the exchanges that quote an answer after the words `before`, joined to its source."""
    said = table.messages.map(lambda text: json.loads(text)[-1]["content"])
    rows = said.str.contains(before, regex=False)
    quoted = said[rows].str.split(before, n=1).str[1]
    sources = table.dropna(subset=["response"]).drop_duplicates("response")
    return table[rows].assign(response=quoted).merge(sources, on="response", suffixes=("", "_of"))


@pytest.mark.parametrize(
    ("archetype", "before", "least"),
    [
        ("B5", "Model response: ", 80),
        ("B17", "Candidate answer: ", 40),
        ("B18", "Earlier reply of the assistant:\n", 80),
    ],
)
def test_echoes_stay_with_one_customer(
    innocent: pd.DataFrame, archetype: str, before: str, least: int
) -> None:
    echoes = _echoes(innocent[innocent.archetype == archetype], before)
    assert len(echoes) > least
    assert (echoes.account_id != echoes.account_id_of).any()
    assert (echoes.time > echoes.time_of).all()
    registered = echoes.organization_id.notna()
    same = echoes.organization_id == echoes.organization_id_of
    assert same[registered].all()
    alone = echoes[~registered]
    bound = alone.payment_id == alone.payment_id_of
    bound |= alone.email_domain == alone.email_domain_of
    assert bound.all()


def test_b5_has_a_rubric_that_stays(innocent: pd.DataFrame) -> None:
    graders = innocent[innocent.archetype == "B5"]
    rubric = graders.messages.str.extract(r"(impartial judge|Evaluation criteria|Label the text)")[
        0
    ]
    assert rubric.groupby(graders.organization_id).nunique().max() == 1
    assert graders[rubric == "impartial judge"].organization_id.nunique() >= 2


def test_b7_many_runners_a_key_and_commits_by_day(innocent: pd.DataFrame) -> None:
    checks = innocent[innocent.archetype == "B7"].groupby("account_id")
    assert checks.ip.nunique().median() > 8
    assert checks.user_agent.nunique().median() > 4
    assert checks.organization_id.nunique().max() <= 1
    rows = innocent[innocent.archetype == "B7"]
    assert (rows.time.dt.dayofweek >= 5).mean() < 0.15
    assert rows.groupby("ip").account_id.nunique().max() > 3


def test_b13_starts_at_full_volume_once(innocent: pd.DataFrame) -> None:
    rows = innocent[(innocent.archetype == "B13")]
    chunks = rows[rows.messages.str.contains("<chunk>|Index card|search index")]
    filling = chunks.groupby("account_id").time.agg(["min", "max", "size"])
    assert len(filling) == 12
    assert filling["size"].min() > 100
    assert (filling["max"] - filling["min"]).max() < 14.5 * HOUR
    moved = rows[~rows.account_id.isin(filling.index)].dropna(subset=["organization_id"])
    for _, pair in moved.groupby("organization_id"):
        old, new = sorted(
            (part.time for _, part in pair.groupby("account_id")), key=lambda time: time.min()
        )
        assert old.max() < new.min()


def test_b14_writes_in_its_own_languages(innocent: pd.DataFrame) -> None:
    accounts = innocent[innocent.archetype == "B14"].drop_duplicates("account_id")
    assert accounts.language.nunique() >= 6
    assert (accounts.language != "en").mean() > 0.5
    said = innocent[innocent.archetype == "B14"].messages
    assert not said.str.contains("your (?:reasoning|thoughts)", case=False).any()


def test_b15_goes_on_after_errors_and_not_after_blocks(innocent: pd.DataFrame) -> None:
    rows = innocent[innocent.archetype == "B15"]
    pairs = rows.merge(rows, on="messages", suffixes=("", "_next"))
    follows = (pairs.time_next > pairs.time) & (pairs.time_next <= pairs.time + HOUR / 120)
    pairs = pairs[follows & (pairs.account_id != pairs.account_id_next)]
    again = set(pairs.exchange_id)
    failed = rows[rows.status >= 500].exchange_id
    blocked = rows[rows.status == 403].exchange_id
    assert failed.isin(again).mean() > 0.8
    assert blocked.isin(again).mean() < 0.1
    assert rows.end_user_id.nunique() > 100


def test_b16_shares_public_probes_from_vpn_addresses_for_a_few_days(
    week: Composition, innocent: pd.DataFrame
) -> None:
    rows = innocent[innocent.archetype == "B16"]
    said = rows.messages.map(lambda text: json.loads(text)[-1]["content"])
    public = said.isin(set(probes().to_pylist()))
    assert rows[public].groupby(said[public]).account_id.nunique().max() >= 4
    active = rows.groupby("account_id").time.agg(["min", "max"])
    assert (active["max"] - active["min"]).max() < 97 * HOUR
    table = week.exchanges.select(["account_id", "ip"]).join(week.labels, "account_id").to_pandas()
    campaigns = set(table[table.campaign_id.notna()].ip)
    assert rows.ip.isin(campaigns).mean() > 0.2
    assert 0.04 < (rows.status == 403).mean() < 0.2


def test_b17_sends_a_published_set_to_every_model(innocent: pd.DataFrame) -> None:
    rows = innocent[innocent.archetype == "B17"]
    identity = rows[rows.messages.str.contains("Which model are you", regex=False)]
    assert identity.account_id.nunique() > 10
    assert identity.model.nunique() >= 4
    sizes = rows.groupby("messages").agg(accounts=("account_id", "nunique"), n=("time", "size"))
    assert (sizes.accounts > 2).sum() <= 40
    assert sizes.n.nlargest(40).sum() > 0.6 * len(rows)


def test_every_look_alike_has_enough_accounts_in_five_weeks(innocent: pd.DataFrame) -> None:
    accounts = innocent.groupby("archetype").account_id.nunique()
    assert {f"B{n}" for n in range(1, 19)} <= set(accounts.index)
    # no flag among 60 accounts bounds the rate below 5 % (rule of three)
    assert (5 * accounts).min() >= 60


def test_the_language_of_an_account_is_what_it_mostly_writes(week: Composition) -> None:
    labels = week.labels.to_pandas()
    innocent_rows = labels[labels.campaign_id.isna()]
    assert innocent_rows.language.notna().all()
    assert set(innocent_rows.language) == {"en", "es", "zh", "ar", "hi", "fr", "ru"}
    chinese = labels[labels.language == "zh"].account_id
    said = week.exchanges.select(["account_id", "messages"]).to_pandas()
    han = said.messages.str.contains("[\u4e00-\u9fff]").groupby(said.account_id).mean()
    assert han[chinese].mean() > 0.8
