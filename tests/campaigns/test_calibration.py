"""Ranks of harvest behaviour: valid whatever part of a large history a profile keeps."""

from __future__ import annotations

import json

import numpy as np
import pytest

from stillwatch.campaigns import calibration
from stillwatch.campaigns.calibration import Calibration
from stillwatch.core.json_bytes import json_bytes

UNITS = 3_000
KEPT = 200


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "SAMPLE", KEPT)


def learnt(rng: np.random.Generator, units: int = UNITS) -> Calibration:
    segments = np.array(["api", "free", "plus"])[rng.integers(3, size=units)]
    scores = {"one": rng.gamma(2.0, size=units), "two": np.round(rng.gamma(0.5, size=units), 1)}
    return Calibration.learn(scores, segments, {"one": 1.0, "two": 1.0})


def p_of(history: Calibration, rng: np.random.Generator, units: int) -> np.ndarray:
    scores = {"one": rng.gamma(2.0, size=units), "two": np.round(rng.gamma(0.5, size=units), 1)}
    index = history.harvest(scores)
    return history.harvest_p(index, np.full(units, "api"), rng.random(units))


@pytest.mark.usefixtures("small")
def test_ranks_are_valid_in_the_tail_and_below_it() -> None:
    rng = np.random.default_rng(5)
    p = np.concatenate([p_of(learnt(rng), rng, 100) for _ in range(150)])
    for t in (0.001, 0.01, KEPT / UNITS, 0.1, 0.3, 0.8):
        error = np.sqrt(t * (1 - t) / 150)  # one history a hundred ranks: count the histories
        assert np.mean(p <= t) <= t + 4 * error


@pytest.mark.usefixtures("small")
def test_the_tail_resolves_as_finely_as_the_whole_history() -> None:
    rng = np.random.default_rng(6)
    history = learnt(rng)
    top = history.harvest_p(np.array([1e9]), np.array(["api"]), np.array([0.5]))
    np.testing.assert_allclose(top, 1 / (UNITS + 1))
    assert history.units() == UNITS
    again = Calibration.from_json(json.loads(json_bytes(history.to_json(), 0)))
    np.testing.assert_array_equal(
        again.harvest_p(np.array([3.0, 1e9]), np.array(["api"] * 2), np.array([0.5] * 2)),
        history.harvest_p(np.array([3.0, 1e9]), np.array(["api"] * 2), np.array([0.5] * 2)),
    )


def test_wrong_form_two_ranks_side_by_side_fails() -> None:
    """Exact ranks above the cut and ranks in a sample below it: what is added is needed."""
    rng = np.random.default_rng(7)
    units, kept, hits = 1_000, 300, []
    for _ in range(400):
        history, new = rng.random(units), rng.random(50)
        cut = np.sort(history)[-kept]
        sample = history[:20]
        above = (history[:, None] >= new).sum(axis=0)
        by_sample = (1 + (sample[:, None] >= new).sum(axis=0)) / 21
        wrong = np.where(new > cut, (1 + above) / (1 + units), by_sample)
        hits.append(np.mean(wrong <= kept / units))
    assert np.mean(hits) > kept / units + 4 * np.std(hits) / np.sqrt(len(hits))


def test_a_small_history_has_no_tail() -> None:
    assert not learnt(np.random.default_rng(8)).tails
