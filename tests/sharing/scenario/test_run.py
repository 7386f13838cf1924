"""Single runs: the worked table without chance, and the rules at work one at a time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from stillwatch.sharing.scenario.model import WORLDS, Assumptions, Draw, Provider, World, draw
from stillwatch.sharing.scenario.run import alone, together

ASSUMED = Assumptions()


def steady(world: World, link: float = 100.0) -> Draw:
    """Growth exactly as stated, every day."""
    growth = np.tile([provider.growth for provider in world.providers], (ASSUMED.days + 1, 1))
    return Draw(growth, (link,) * len(world.providers))


def rows(run):  # type: ignore[no-untyped-def]
    return [(fate.detected, fate.effective, round(fate.leaked)) for fate in run.fates]


def test_the_worked_table_alone() -> None:
    world = WORLDS["campaign"]
    assert rows(alone(world, ASSUMED, steady(world))) == [
        (10, 13, 194_400),
        (28, 31, 388_800),
        (None, None, 540_000),
    ]


def test_the_worked_table_together() -> None:
    """A waits for E = 40: half of its weight is kept for what others may state."""
    world = WORLDS["campaign"]
    run = together(world, ASSUMED, steady(world))
    assert rows(run) == [(11, 14, 205_200), (15, 18, 248_400), (15, 18, 248_400)]
    assert [fate.through_others for fate in run.fates] == [False, True, True]
    assert not any(fate.irreversible for fate in run.fates[1:])


def test_without_a_link_nothing_passes() -> None:
    world = WORLDS["campaign"]
    run = together(world, ASSUMED, steady(world, link=0.0))
    assert [fate.detected for fate in run.fates] == [11, 33, None]


def test_exchanges_before_the_commitment_do_not_count() -> None:
    world = World((Provider("A", 3.0, 5), Provider("B", 0.0, None)))
    early = np.zeros((ASSUMED.days + 1, 2))
    early[:6, 0] = 50.0
    assert rows(alone(world, ASSUMED, Draw(early, (0.0, 0.0))))[0][0] is None
    early[6, 0] = 3.0
    assert rows(alone(world, ASSUMED, Draw(early, (0.0, 0.0))))[0][0] == 6


def test_others_see_a_statement_on_the_next_day() -> None:
    """B decides on the day after A's first statement could carry it, not on the same day."""
    world = World((Provider("A", 5.0, 5), Provider("B", 0.0, 5)))
    run = together(world, ASSUMED, steady(world))
    assert [fate.detected for fate in run.fates] == [6, 7]


def test_a_liar_moves_what_can_be_undone_and_nothing_else() -> None:
    world = WORLDS["liar"]
    quiet = Draw(np.zeros((ASSUMED.days + 1, 3)), (100.0, 100.0, 100.0))
    run = together(world, ASSUMED, quiet)
    assert all(fate.through_others and not fate.irreversible for fate in run.fates[1:])
    assert not run.corroborated


def test_two_members_who_see_it_corroborate() -> None:
    world = World((Provider("A", 2.0, 5), Provider("B", 2.0, 5), Provider("C", 0.0, None)))
    run = together(world, ASSUMED, steady(world))
    assert run.corroborated
    third = run.fates[2]
    assert third.through_others
    assert not third.irreversible  # T = 50 for one that has nothing of its own


@pytest.mark.parametrize("seed", range(5))
def test_over_a_shared_proxy_others_change_nothing(seed: int) -> None:
    world = WORLDS["shared proxy"]
    drawn = draw(world, ASSUMED, seed)
    apart = dataclasses.replace(drawn, links=(0.0, 0.0, 0.0))
    assert together(world, ASSUMED, drawn).fates == together(world, ASSUMED, apart).fates
