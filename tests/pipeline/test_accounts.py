"""The table of accounts: its columns, its order, who is queued and what is found of whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.campaigns.calibration import Calibration
from stillwatch.core.records import Finding
from stillwatch.core.results import Results
from stillwatch.pipeline.accounts import FINDING_ALPHA, account_table
from stillwatch.pipeline.units import Unit
from stillwatch.stats.multiple_testing import benjamini_hochberg

BENIGN = 2000
ACCOUNTS = 12
COLUMNS = {
    "account_id": pa.string(),
    "segment": pa.string(),
    **dict.fromkeys(("exchanges", "input_tokens", "output_tokens"), pa.int64()),
    **dict.fromkeys(("first_seen", "last_seen"), pa.timestamp("us", tz="UTC")),
    **dict.fromkeys(("p_value", "q_value"), pa.float64()),
    "level": pa.string(),
}


@pytest.fixture
def calibration() -> Calibration:
    rng = np.random.default_rng(0)
    scores = {"one": rng.random(BENIGN), "two": rng.random(BENIGN)}
    return Calibration.learn(scores, np.full(BENIGN, "free"), {"one": 0.1, "two": 0.1})


def unit(one: list[float], two: list[float]) -> Unit:
    size = len(one)
    ids = [f"acct-{size - n:02d}" for n in range(size)]  # keys and ids in opposite order
    base = np.arange(size, dtype=np.float64)
    profiles = {
        "exchanges": base + 1,
        "input_tokens": base * 10,
        "output_tokens": base * 100,
        "first_us": base + 1_772_409_600_000_000,
        "last_us": base + 1_772_409_700_000_000,
    }
    return Unit(
        keys=np.arange(size),
        rows=pa.table({"account_id": ids}),
        profiles=profiles,
        scores={"one": np.array(one), "two": np.array(two)},
        segments=np.full(size, "free"),
        ties=(base + 0.5) / size,
    )


def find(index: int, name: str, p: float) -> Finding:
    return Finding(name, p, float(index), f"{name} of {index}")


def made(
    calibration: Calibration, one: list[float], two: list[float], places: int = 50, **kept: object
) -> pa.Table:
    campaigns = kept.get("campaigns", ())
    rows = unit(one, two)
    p = calibration.harvest_p(calibration.harvest(rows.scores), rows.segments, rows.ties)
    return account_table(rows, calibration, False, p, campaigns, places, find)  # type: ignore[arg-type]


LOUD = [9.0, 8.0, 7.0, *([0.5] * (ACCOUNTS - 3))]
QUIET = [0.5] * ACCOUNTS


def test_the_columns_are_those_of_the_contract(calibration: Calibration) -> None:
    table = made(calibration, LOUD, QUIET)
    assert table.column_names == [*COLUMNS, "findings", "campaign_id"]
    for name, kind in COLUMNS.items():
        assert table.schema.field(name).type == kind, name
    assert table.column("account_id").to_pylist() == sorted(table.column("account_id").to_pylist())
    rows = {row["account_id"]: row for row in table.to_pylist()}
    assert rows["acct-01"]["exchanges"] == ACCOUNTS, "values stay with their account"
    assert rows["acct-12"]["output_tokens"] == 0


def test_the_most_remarkable_take_the_places_and_nobody_acts_alone(
    calibration: Calibration,
) -> None:
    for places in range(5):
        table = made(calibration, LOUD, QUIET, places)
        queued = [r["account_id"] for r in table.to_pylist() if r["level"] == "review"]
        assert sorted(queued) == sorted(["acct-12", "acct-11", "acct-10"][: min(places, 3)])
    assert set(table.column("level").to_pylist()) == {"none", "review"}


def test_p_and_q_are_what_the_statistics_say(calibration: Calibration) -> None:
    rows = made(calibration, LOUD, QUIET).to_pylist()
    p = np.array([row["p_value"] for row in rows])
    assert p.min() == pytest.approx(1 / (BENIGN + 1))
    np.testing.assert_allclose([row["q_value"] for row in rows], benjamini_hochberg(p))


def test_findings_are_of_the_detectors_that_found_something(calibration: Calibration) -> None:
    rows = made(calibration, LOUD, [0.5] * (ACCOUNTS - 1) + [50.0]).to_pylist()
    found = {row["account_id"]: row["findings"] for row in rows}
    assert [f["detector"] for f in found["acct-12"]] == ["one"]
    assert [f["detector"] for f in found["acct-01"]] == ["two"]
    assert found["acct-05"] == []
    first = found["acct-12"][0]
    assert 0 < first["p_value"] <= FINDING_ALPHA
    assert (first["effect"], first["why"]) == (0.0, "one of 0")


def test_a_detector_that_abstains_or_sees_nothing_finds_nothing(calibration: Calibration) -> None:
    nothing = Calibration.learn(
        {"one": np.full(BENIGN, -1.0), "two": np.full(BENIGN, -1.0)},
        np.full(BENIGN, "free"),
        {"one": 0.1, "two": 0.1},
    )
    rows = made(nothing, [0.0] * ACCOUNTS, [np.nan] * ACCOUNTS).to_pylist()
    assert all(row["findings"] == [] for row in rows), "a score of 0 is remarkable to nobody"
    silent = made(calibration, [np.nan] * ACCOUNTS, [np.nan] * ACCOUNTS).to_pylist()
    assert all(row["p_value"] is None for row in silent), "an abstention is null, never 0"
    assert {row["level"] for row in silent} == {"none"}


def test_members_of_a_campaign_carry_it_and_take_no_place(
    calibration: Calibration, make_results: Callable[..., Results]
) -> None:
    (campaign,) = make_results().campaigns
    members = tuple(
        replace(member, account_id=name, level=level)  # type: ignore[arg-type]
        for member, name, level in zip(
            campaign.members, ("acct-12", "acct-05"), ("act", "review"), strict=True
        )
    )
    found = replace(campaign, members=members)
    rows = made(calibration, LOUD, QUIET, 1, campaigns=(found,)).to_pylist()
    levels = {row["account_id"]: (row["level"], row["campaign_id"]) for row in rows}
    assert levels["acct-12"] == ("act", campaign.campaign_id)
    assert levels["acct-05"] == ("review", campaign.campaign_id)
    assert levels["acct-11"] == ("review", None), "the place goes to the next in line"
    assert levels["acct-10"] == ("none", None)


def test_no_account_at_all(calibration: Calibration) -> None:
    assert made(calibration, [], []).num_rows == 0
