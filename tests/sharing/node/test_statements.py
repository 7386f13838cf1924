"""One value a member, its newest, against one null."""

from __future__ import annotations

import itertools
import math

import pytest

from stillwatch.core.errors import InputError
from stillwatch.sharing.node.statements import Statement, stated_values
from stillwatch.stats.forum import board_mean, support

A = [Statement("a", "coordination", f"2026-03-{day:02d}", e) for day, e in ((1, 4), (4, 7))]
B = Statement("b", "coordination", "2026-03-02", None)


def test_the_newest_of_each_counts_whatever_the_order() -> None:
    for order in itertools.permutations([*A, A[1], B]):
        values = stated_values(order, "coordination", 3)
        assert sorted(values[:2]) == [0.0, 128.0]
        assert math.isnan(values[2])


def test_a_newer_statement_counts_even_if_it_is_lower() -> None:
    fallen = Statement("a", "coordination", "2026-03-09", 1)
    assert stated_values([*A, fallen], "coordination", 1) == [2.0]


def test_another_null_is_not_mixed_in() -> None:
    other = Statement("a", "automation", "2026-03-09", 10)
    assert stated_values([*A, other], "coordination", 1) == [128.0]


def test_my_own_statement_is_not_among_the_others() -> None:
    """Day 14 of the scenario, for b and for a."""
    others = stated_values([*A, B], "coordination", 3, without="b")
    assert support(100.0, others).value == 64.0
    assert len(stated_values([*A, B], "coordination", 3, without="a")) == 2
    assert support(100.0, stated_values([*A, B], "coordination", 3, "a")).value == 0.0
    assert float(board_mean(stated_values([*A, B], "coordination", 3))) == pytest.approx(128 / 3)


def test_two_voices_of_one_member_are_noticed() -> None:
    with pytest.raises(InputError, match="more contributors"):
        stated_values([*A, B], "coordination", 1)
    with pytest.raises(InputError, match="more contributors"):
        stated_values([*A, B], "coordination", 2, without="c")
