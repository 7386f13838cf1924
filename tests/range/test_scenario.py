"""Scenarios: what is read, what is refused and how, and what is composed."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.catalogue import units
from stillwatch.core.errors import ConfigError
from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.range.compose import write
from stillwatch.range.contracts import LABEL_SCHEMA, START_US, Composition, Span, Tactic
from stillwatch.range.harvest import Harvest
from stillwatch.range.scenario import ACCOUNT_COLUMNS, Scenario, compose, find, read, scenarios

KNOWN = scenarios()
SUMMARY = 'summary = "s"\n'
CAMPAIGN = SUMMARY + '[[campaign]]\nname = "c"\naccounts = 5\n'
STEP = CAMPAIGN + "[[campaign.step]]\n"


def test_a_scenario_is_read_as_written() -> None:
    text = STEP + 'use = "cover"\nshare = 1\n[[campaign.step]]\nuse = "fixed_prompt"\nways = 3\n'
    scenario = read("mine", "days = 3\nscale = 2\n" + text)
    assert (scenario.name, scenario.days, scenario.scale) == ("mine", 3, 2.0)
    (harvest,) = scenario.campaigns
    assert [step.name for step in harvest.steps] == ["cover", "fixed_prompt"]
    assert harvest.steps[0].share == 1.0  # type: ignore[attr-defined]
    assert harvest.tactics == ("A2", "A4", "A5")
    assert harvest.summary == "study over 5 accounts at 6 a day: cover, fixed_prompt"


FAULTS = {
    "": "is empty",
    "# nothing\n": "is empty",
    "summary": "Expected '='",
    "x = " + "[" * 3000: "recursion",
    "days = 1" + "0" * 5000: "digits",
    "days = 3": "summary is missing",
    "summary = 3": "summary must be a text",
    SUMMARY + "dyas = 3": "unknown field 'dyas'; known: summary, target, days",
    SUMMARY + 'name = "x"': "unknown field 'name'",
    SUMMARY + "campaigns = []": "unknown field 'campaigns'",
    SUMMARY + 'days = "3"': "days must be a whole number",
    SUMMARY + "days = true": "days must be a whole number",
    SUMMARY + "days = 3.5": "days must be a whole number",
    SUMMARY + "days = 1": "days must be 2 to 90",
    SUMMARY + "days = 91": "days must be 2 to 90",
    SUMMARY + "scale = 0": "scale must be a number from 0.001",
    SUMMARY + "scale = nan": "scale must be a number from 0.001",
    SUMMARY + "scale = inf": "scale must be a number from 0.001",
    SUMMARY + "scale = 1" + "0" * 400: "scale must be a number from 0.001",
    SUMMARY + "permuted = 1": "permuted must be true or false",
    SUMMARY + 'without = "x"': "without must be a list of texts",
    SUMMARY + 'without = ["nothing"]': "no corpus 'nothing'",
    SUMMARY + "campaign = 3": "campaign must be tables",
    SUMMARY + "campaign = [3]": "campaign must be tables",
    SUMMARY + "[[campaign]]": "campaign '', name is missing; campaign '', accounts is missing",
    SUMMARY + '[[campaign]]\nname = ""\naccounts = 2': "name must not be empty",
    CAMPAIGN + "acounts = 3": "unknown field 'acounts'",
    CAMPAIGN + "daily = 0": "daily must be a number from 0.001",
    CAMPAIGN + "samples = 0": "samples must be a whole number from 1",
    CAMPAIGN + 'corpus = "nothing"': "no corpus 'nothing'; known: mixed",
    CAMPAIGN + 'spread = "wide"': "spread must be one of shards, overlap",
    CAMPAIGN + "spread = []": "spread must be one of shards, overlap",
    CAMPAIGN.replace("5", "0"): "accounts must be a whole number from 1",
    CAMPAIGN.replace("5", "-1"): "accounts must be a whole number from 1",
    CAMPAIGN + '[[campaign]]\nname = "c"\naccounts = 5': "two campaigns have one name",
    CAMPAIGN + "step = 3": "campaign.step must be tables",
    STEP: "no tactic None; known: arbitrage",
    STEP + 'use = "fixd"': "no tactic 'fixd'; known: arbitrage",
    STEP + "use = []": "no tactic []",
    STEP + 'use = "cover"\nshares = 1': "cover, unknown field 'shares'; known: share",
    STEP + 'use = "cover"\nshare = 1.01': "cover, share must be a number from 0 to 1",
    STEP + 'use = "cover"\nshare = -0.1': "cover, share must be a number from 0 to 1",
    STEP + 'use = "cover"\nshare = nan': "cover, share must be a number from 0 to 1",
    STEP + 'use = "cover"\nshare = "1"': "cover, share must be a number from 0 to 1",
    STEP + 'use = "fixed_prompt"\nways = 0': "fixed_prompt, ways must be a whole number from 1",
    STEP + 'use = "rotation"\nevery_days = 0': "every_days must be a number from 0.001",
    STEP + 'use = "leak"\nleast = 9': "leak, least 9 exceeds most 8",
    STEP + 'use = "failover"\nleast_minutes = 11': "failover, least_minutes 11 exceeds",
    STEP + 'use = "multi_cloud"\nshare = 1': "unknown field 'share'; known: none",
}


@pytest.mark.parametrize(("text", "fault"), FAULTS.items(), ids=range(len(FAULTS)))
def test_a_fault_is_said_and_hinted_at(text: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read("mine", text)
    assert fault in caught.value.message
    assert caught.value.message.startswith("scenario mine")
    assert caught.value.hint


def test_all_faults_are_said_together() -> None:
    text = STEP + 'use = "cover"\nshare = 2\n[[campaign.step]]\nuse = "x"\n'
    with pytest.raises(ConfigError) as caught:
        read("mine", "days = 1\ndyas = 3\n" + text)
    for fault in ("share must", "no tactic 'x'", "unknown field 'dyas'"):
        assert fault in caught.value.message


WORDS = st.sampled_from(
    (
        *("summary", "days", "scale", "permuted", "without", "campaign", "name", "accounts"),
        *("daily", "corpus", "samples", "spread", "step", "use", "share", "ways", "least", "x"),
    )
)
VALUES = st.recursive(
    st.one_of(
        st.integers(),
        st.floats(),
        st.booleans(),
        st.text(max_size=5),
        st.sampled_from(["cover", "leak", "rotation", "failover", "study", "mixed", "shards"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def toml(value: object) -> str:
    """Write a value as TOML, tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)


@given(st.dictionaries(WORDS, VALUES, max_size=6))
def test_any_toml_is_a_scenario_or_a_fault(content: dict[str, object]) -> None:
    _scenario_or_fault("\n".join(f"{name} = {toml(value)}" for name, value in content.items()))


STEPS = st.lists(
    st.fixed_dictionaries(
        {"use": st.sampled_from(sorted(units("range.tactics", Tactic)))},
        optional={"share": VALUES, "ways": VALUES, "rate": VALUES, "most": VALUES},
    ),
    max_size=3,
)


@given(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["a", "b", ""]), "accounts": st.integers(-1, 3)},
        optional={"daily": VALUES, "corpus": VALUES, "step": STEPS, "spread": VALUES},
    )
)
def test_any_campaign_is_one_or_a_fault(row: dict[str, object]) -> None:
    _scenario_or_fault(f"{SUMMARY}campaign = [{toml(row)}]")


@given(st.text())
def test_any_text_is_a_scenario_or_a_fault(text: str) -> None:
    _scenario_or_fault(text)


def _scenario_or_fault(text: str) -> None:
    scenario = None
    with suppress(ConfigError):
        scenario = read("any", text)
    assert scenario is None or isinstance(scenario, Scenario)


def test_a_file_is_found_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(CAMPAIGN, "utf-8")
    assert find(str(tmp_path / "mine.toml")).name == "mine"
    assert find("template_400") == KNOWN["template_400"]


def test_what_is_no_file_of_a_scenario_is_said(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(bytes(range(256)))
    (tmp_path / "zeros.toml").write_bytes(bytes(50))
    for name, fault in (
        (binary, "is not UTF-8"),
        (tmp_path / "zeros.toml", "scenario zeros"),
        (tmp_path / "nowhere.toml", "no scenario"),
        (tmp_path, "no scenario"),
        ("templat_400", "no scenario 'templat_400'"),
        ("x" * 5000, "x"),
        ("nul\0", "no scenario"),
        ("", "no scenario"),
    ):
        with pytest.raises(ConfigError, match=fault) as caught:
            find(str(name))
        assert caught.value.hint


@pytest.mark.parametrize("scenario", KNOWN.values(), ids=KNOWN)
def test_every_built_in_scenario_says_what_it_is(scenario: Scenario) -> None:
    assert scenario.summary
    assert scenario.target
    for campaign in scenario.campaigns:
        order = [step.name for step in campaign.steps]
        # what is judged must not be covered afterwards: nobody would ever have been given it
        assert "cover" not in order[order.index("judge") :] if "judge" in order else True


def test_every_tactic_is_in_a_built_in_scenario() -> None:
    used = {s.name for scenario in KNOWN.values() for c in scenario.campaigns for s in c.steps}
    assert used == set(units("range.tactics", Tactic))


def tiny(scenario: Scenario) -> Scenario:
    campaigns = tuple(
        replace(campaign, accounts=min(campaign.accounts, 6), daily=4.0)
        for campaign in scenario.campaigns
    )
    return replace(scenario, days=2, scale=0.01, campaigns=campaigns)


def checked(week: Composition, scenario: Scenario) -> None:
    assert week.exchanges.schema.equals(EXCHANGE_SCHEMA)
    assert week.labels.schema.equals(LABEL_SCHEMA)
    seen = pc.unique(week.exchanges["account_id"]).sort()
    assert seen.equals(week.labels["account_id"].combine_chunks())
    hidden = set(week.labels["campaign_id"].drop_null().to_pylist())
    assert hidden == {campaign.name for campaign in scenario.campaigns}
    when = week.exchanges["time"].cast(pa.int64()).to_numpy()
    assert when[0] >= START_US
    assert when[-1] < Span(scenario.days).end_us + 15 * 60_000_000


@pytest.mark.parametrize("scenario", KNOWN.values(), ids=KNOWN)
def test_every_built_in_scenario_is_composed(scenario: Scenario) -> None:
    little = tiny(scenario)
    checked(compose(little, 0, None), little)


@pytest.mark.parametrize("name", ["real_input", "hard_pair_tools", "judge_loop", "permuted_week"])
def test_built_in_scenarios_are_composed_of_real_prompts(name: str, data: Path) -> None:
    little = tiny(KNOWN[name])
    checked(compose(little, 0, data), little)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", KNOWN.values(), ids=KNOWN)
def test_every_built_in_scenario_is_composed_of_real_prompts(
    scenario: Scenario, data: Path
) -> None:
    little = tiny(scenario)
    checked(compose(little, 0, data), little)


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    little = tiny(KNOWN["every_tactic"])
    one, two = (write(compose(little, 4, None), tmp_path / name) for name in "ab")
    for first, second in zip(one, two, strict=True):
        assert first.read_bytes() == second.read_bytes()
    assert not compose(little, 5, None).exchanges.equals(compose(little, 4, None).exchanges)


def test_a_permuted_scenario_holds_the_same_values() -> None:
    straight = replace(tiny(KNOWN["template_400"]), scale=0.03)
    plain, dealt = (compose(replace(straight, permuted=p), 0, None) for p in (False, True))
    assert plain.labels.equals(dealt.labels)
    moved = 0
    for name in EXCHANGE_SCHEMA.names:
        one, two = (week.exchanges[name].to_pylist() for week in (plain, dealt))
        assert Counter(map(str, one)) == Counter(map(str, two)), name
        moved += one != two
        assert one == two or name in ACCOUNT_COLUMNS, name
    assert moved >= 5
    rows = dealt.exchanges.group_by("account_id").aggregate(
        [("plan", "count_distinct"), ("payment_id", "count_distinct")]
    )
    assert pc.max(rows["plan_count_distinct"]).as_py() == 1
    assert pc.max(rows["payment_id_count_distinct"]).as_py() <= 1


def test_real_arrivals_last_fourteen_days(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="real arrivals cover 14 days, not 15"):
        compose(Scenario("s", "", days=15), 0, tmp_path)


def test_impossible_plans_are_refused_in_python_as_well() -> None:
    for days in (1, 0, -3, 91):
        with pytest.raises(ConfigError, match="days must be 2 to 90"):
            Scenario("s", "", days=days)
    with pytest.raises(ConfigError, match="accounts must be at least 1"):
        Harvest("h", 0)
    with pytest.raises(ConfigError, match="no corpus"):
        Harvest("h", 1, corpus="x")


def test_one_campaign_of_a_scenario_can_be_named() -> None:
    one = find("evasions.cover_99")
    assert [campaign.name for campaign in one.campaigns] == ["cover_99"]
    assert one.days == KNOWN["evasions"].days
    with pytest.raises(ConfigError):
        find("evasions.nothing")
