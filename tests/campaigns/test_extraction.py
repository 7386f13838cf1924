"""Second null: valid whatever the dependence between members, and no minority decides."""

from __future__ import annotations

import numpy as np
import pytest
from tests.campaigns.conftest import SceneMaker

from stillwatch.campaigns.extraction import merged_p
from stillwatch.campaigns.search import Ranks

ROUNDS = 20_000


@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
def test_level_under_any_dependence(shared: float) -> None:
    """Members that all copy one value with some chance: from independent to one application."""
    rng = np.random.default_rng(3)
    own, one = rng.random((ROUNDS, 9)), rng.random((ROUNDS, 1))
    p = np.where(rng.random((ROUNDS, 9)) < shared, one, own)
    merged = np.array([merged_p(row) for row in p])
    for alpha in (0.001, 0.01, 0.05, 0.1):
        assert np.mean(merged <= alpha) <= alpha + 3.0 * np.sqrt(alpha / ROUNDS)


def test_the_wrong_form_taking_the_best_member_fails() -> None:
    p = np.random.default_rng(3).random((ROUNDS, 9))
    assert np.mean(p.min(axis=1) <= 0.05) > 0.3


def test_no_minority_makes_a_group_remarkable() -> None:
    assert merged_p(np.array([1e-6] * 4 + [0.7] * 6)) == 1.0
    assert merged_p(np.array([1e-6] * 5 + [0.7] * 5)) == pytest.approx(2e-6)


def test_members_of_whom_nothing_is_known_do_not_count_as_remarkable() -> None:
    assert np.isnan(merged_p(np.array([1e-6, np.nan, np.nan, np.nan])))
    assert np.isnan(merged_p(np.empty(0)))


def test_ranks_leave_the_group_itself_out_of_the_reference(make_scene: SceneMaker) -> None:
    scores = [5.0] * 6 + [i / 1000 for i in range(400)]
    group = np.arange(6)
    here = Ranks(make_scene({}, scores))
    assert here.merged(group) == pytest.approx(2 / 401)
    beside = Ranks(make_scene({}, scores, benign=[i / 1000 for i in range(400)]))
    assert beside.merged(group) == pytest.approx(2 / 401)
    assert here.merged(np.arange(100, 110)) > 0.5
