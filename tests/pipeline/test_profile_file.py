"""The profile: written and read without loss, refused when it does not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from stillwatch.campaigns.calibration import POOLED, Calibration
from stillwatch.core.catalogue import units
from stillwatch.core.contracts import Detector
from stillwatch.core.errors import InputError
from stillwatch.pipeline.profile import Profile, dump, load

DETECTORS = units("detectors", Detector)


def calibration(seed: int) -> Calibration:
    rng = np.random.default_rng(seed)
    scores = {name: rng.random(40) for name in DETECTORS}
    for values in scores.values():
        values[rng.random(40) < 0.3] = np.nan
    segments = np.array(["free", "pro", "", "ünï"] * 10)
    return Calibration.learn(scores, segments, {n: d.scale_floor for n, d in DETECTORS.items()})


@pytest.fixture
def profile() -> Profile:
    return Profile(calibration(1), calibration(2), "a profile of 40 exchanges")


def test_what_is_written_is_read(tmp_path: Path, profile: Profile) -> None:
    path = tmp_path / "profile.json"
    path.write_bytes(dump(profile, DETECTORS))
    found = load(path, DETECTORS)
    assert found.summary == profile.summary
    for name in ("parties", "accounts"):
        was, now = getattr(profile, name), getattr(found, name)
        assert now.scales == was.scales
        assert set(now.scores) == set(was.scores) == {POOLED, "free", "pro", "", "ünï"}
        for segment, sample in was.scores.items():
            for detector, values in sample.items():
                read = now.scores[segment][detector]
                np.testing.assert_array_equal(np.isnan(read), np.isnan(values))
                np.testing.assert_allclose(read, values, atol=1e-9)
    assert dump(found, DETECTORS) == dump(profile, DETECTORS), "a second trip loses nothing more"


def test_the_same_profile_has_the_same_bytes(profile: Profile) -> None:
    backwards = dict(reversed(DETECTORS.items()))
    assert dump(profile, DETECTORS) == dump(profile, backwards)


def test_ranks_under_a_profile_that_was_read_are_those_under_the_one_written(
    tmp_path: Path, profile: Profile
) -> None:
    path = tmp_path / "profile.json"
    path.write_bytes(dump(profile, DETECTORS))
    found = load(path, DETECTORS)
    rng = np.random.default_rng(5)
    name = sorted(DETECTORS)[0]
    scores, ties = rng.random(30), rng.random(30)
    segments = np.array(["free", "unknown"] * 15)
    one, two = (
        c.detector_p(name, scores, segments, ties) for c in (profile.accounts, found.accounts)
    )
    np.testing.assert_array_equal(one, two)


def test_a_detector_that_the_history_lacked_the_columns_for_abstains(
    tmp_path: Path, profile: Profile
) -> None:
    path = tmp_path / "profile.json"
    content = orjson.loads(dump(profile, DETECTORS))
    for part in (content["parties"], content["accounts"]):
        part["scales"].pop("rubric_grading")
        for sample in part["scores"].values():
            sample.pop("rubric_grading")
    path.write_bytes(orjson.dumps(content))
    found = load(path, DETECTORS)
    assert found.summary.endswith("no data for: rubric_grading")
    scores, ties, segments = np.array([0.9, 0.0]), np.full(2, 0.5), np.array(["free", "new"])
    p = found.accounts.detector_p("rubric_grading", scores, segments, ties)
    assert np.isnan(p).all(), "no rank among nobody"
    everything = dict.fromkeys(DETECTORS, scores) | {"rubric_grading": np.full(2, 1e9)}
    assert (found.accounts.harvest(everything) < 1e6).all(), "it adds nothing to the index"


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda p: p | {"schema": "stillwatch/profile/2"}, "schema stillwatch/profile/1"),
        (lambda p: {k: v for k, v in p.items() if k != "schema"}, "schema"),
        (lambda p: p | {"sketch_version": "0"}, "another version of the sketches"),
        (lambda p: p | {"detectors": {**p["detectors"], "of_theirs": {}}}, "of_theirs"),
        (lambda p: p | {"detectors": None}, "steady_load"),
        (lambda p: {k: v for k, v in p.items() if k != "accounts"}, "misses 'accounts'"),
        (lambda p: {k: v for k, v in p.items() if k != "summary"}, "misses 'summary'"),
        (lambda p: p | {"parties": []}, "damaged"),
        (lambda p: p | {"parties": {"scores": {}, "scales": {}}}, "damaged"),
        (lambda p: p | {"parties": p["parties"] | {"scales": {"steady_load": "x"}}}, "damaged"),
        (
            lambda p: p | {"parties": p["parties"] | {"scores": {"*": {"steady_load": 3}}}},
            "damaged",
        ),
        (lambda p: [p], "no profile"),
        (lambda p: "text", "no profile"),
    ],
)
def test_a_profile_that_does_not_fit_is_refused(
    tmp_path: Path, profile: Profile, change: Change, word: str
) -> None:
    path = tmp_path / "profile.json"
    path.write_bytes(orjson.dumps(change(orjson.loads(dump(profile, DETECTORS)))))
    with pytest.raises(InputError, match=word) as caught:
        load(path, DETECTORS)
    assert "calibrate" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 5000, b"\x00" * 10])
def test_a_file_that_is_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p.json").write_bytes(content)
    with pytest.raises(InputError, match="is no profile"):
        load(tmp_path / "p.json", DETECTORS)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "absent.json", DETECTORS)
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path, DETECTORS)


def test_other_settings_of_a_detector_are_another_profile(tmp_path: Path, profile: Profile) -> None:
    path = tmp_path / "profile.json"
    path.write_bytes(dump(profile, DETECTORS))
    steady = DETECTORS["steady_load"]
    other = DETECTORS | {"steady_load": replace(steady, min_exchanges=7)}  # type: ignore[type-var]
    with pytest.raises(InputError, match=r"other settings of them: steady_load\n"):
        load(path, other)
