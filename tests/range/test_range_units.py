"""Every persona and every campaign of the demo, as a unit."""

from __future__ import annotations

import re

import numpy as np
import pytest

from stillwatch.core.catalogue import units
from stillwatch.range.compose import stream, world_of
from stillwatch.range.contracts import HOUR_US, START_US, Campaign, Persona, Traffic

PERSONAS = units("range.personas", Persona)
CAMPAIGNS = units("range.campaigns", Campaign)
WORLD = world_of(seed=0, days=7, scale=0.1)


def _compose(unit: Persona | Campaign) -> Traffic:
    return unit.compose(stream(0, unit.name), WORLD)


def test_the_units_the_issue_names_are_there() -> None:
    looks = {persona.look_alike for persona in PERSONAS.values()}
    assert {f"B{n}" for n in range(1, 19)} | {""} == looks
    assert set(CAMPAIGNS) == {"fixed_template", "judge_with_echo", "release_failover"}


@pytest.mark.parametrize("unit", [*PERSONAS.values(), *CAMPAIGNS.values()], ids=lambda u: u.name)
def test_columns_fit_together(unit: Persona | Campaign) -> None:
    traffic = _compose(unit)
    rows = len(traffic.account)
    assert rows > 0
    assert unit.summary
    for column in (traffic.time_us, traffic.address, traffic.user, traffic.response):
        assert len(column) == rows
    assert traffic.user.null_count == 0
    assert traffic.system is None or len(traffic.system) == rows
    assert all(len(column) == rows for column in traffic.chosen.values())
    assert traffic.account.min() == 0
    assert set(np.unique(traffic.account)) == set(range(len(traffic.accounts)))
    assert traffic.time_us.min() >= START_US
    assert traffic.time_us.max() < WORLD.span.end_us + HOUR_US
    assert ((traffic.address >> 24) == 10).all()


@pytest.mark.parametrize("unit", [*PERSONAS.values(), *CAMPAIGNS.values()], ids=lambda u: u.name)
def test_the_same_stream_gives_the_same_traffic(unit: Persona | Campaign) -> None:
    one, two = _compose(unit), _compose(unit)
    assert one.user.equals(two.user)
    assert np.array_equal(one.time_us, two.time_us)


@pytest.mark.parametrize("campaign", CAMPAIGNS.values(), ids=lambda u: u.name)
def test_campaigns_name_the_taxonomy(campaign: Campaign) -> None:
    assert campaign.tactics
    assert all(re.fullmatch(r"A([1-9]|1\d|2[0-6])", name) for name in campaign.tactics)
    assert _compose(campaign).accounts.archetype == f"campaign:{campaign.name}"
