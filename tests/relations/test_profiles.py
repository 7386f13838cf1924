"""Profiles: what is worked out of merged rollups and of the whole traffic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from relation_rows import START_US, Row, sketch_row, write_sketches

from stillwatch.engines.duckdb import DuckDB
from stillwatch.relations.profiles import RELEASE_PARTIES, Profiles, profile_columns
from stillwatch.relations.rollups import DAY_US, HOUR_US
from stillwatch.relations.store import RollupStore, incidence


def profiles_of(folder: Path, rows: list[Row], by: str = "account_key") -> Profiles:
    """Return the profiles of accounts 1, 2, …, in that order."""
    with DuckDB(folder, "1GB", 1) as engine:
        store = RollupStore(engine)
        store.add([write_sketches(folder / "rows.parquet", rows)])
        echoes = store.echoes()
        keys, uses = (np.asarray(echoes.column(n), dtype=np.int64) for n in ("party_key", "uses"))
        return profile_columns(store.profiles(by), store.models(), keys, uses, by)


@pytest.mark.parametrize("payloads", [1, 30, 120, 400, 1000])
def test_distinct_payloads_are_counted_to_within_a_twelfth(tmp_path: Path, payloads: int) -> None:
    rng = np.random.default_rng(payloads)
    accounts = 12
    rows = [
        sketch_row(account, START_US + n, payload_key=int(key))
        for account in range(1, accounts + 1)
        for n, key in enumerate(rng.integers(-(2**63), 2**63, payloads))
        for _ in range(2)
    ]
    found = profiles_of(tmp_path, rows)["distinct_payloads"] / payloads
    # Whang et al. 1990, equation 12: standard error of linear counting at m = 512.
    load = payloads / 512
    error = np.sqrt(512 * (np.exp(load) - load - 1)) / payloads
    assert abs(found.mean() - 1) < max(0.01, 4 * error / np.sqrt(accounts))
    assert found.std() < 2 * error + 1e-9
    if payloads <= 400:
        assert abs(found.mean() - 1) < 1 / 12


def test_distinct_payloads_never_exceed_the_exchanges_and_repeats_add_nothing(
    tmp_path: Path,
) -> None:
    rows = [sketch_row(1, START_US + n, payload_key=5) for n in range(40)]
    rows += [sketch_row(2, START_US + n, payload_key=n * 2_654_435_761) for n in range(2)]
    rows += [sketch_row(3, START_US)]
    found = profiles_of(tmp_path, rows)["distinct_payloads"]
    assert found[0] == pytest.approx(1, abs=0.01)
    assert found[1] <= 2
    assert found[2] == 0, "no payload at all"


def test_a_full_bitmap_is_a_finite_number(tmp_path: Path) -> None:
    rows = [sketch_row(1, START_US + n, payload_key=n) for n in range(6000)]
    found = profiles_of(tmp_path, rows)["distinct_payloads"][0]
    assert 3000 < found < 3300


def model_rows(parties: int, day: int, model: str = "next", old: int = 0) -> list[Row]:
    used = [
        sketch_row(account, START_US + day * DAY_US + account, model=model)
        for account in range(1, parties + 1)
    ]
    before = [
        sketch_row(account, START_US + n * HOUR_US, model="large")
        for account in range(1, parties + 1)
        for n in range(old)
    ]
    return [row | {"party_key": row["account_key"]} for row in used + before]


def test_a_release_is_the_first_day_on_which_five_parties_use_a_model(tmp_path: Path) -> None:
    rows = model_rows(RELEASE_PARTIES, 3, old=1)
    rows += [rows[0] | {"time_us": START_US + DAY_US}]  # one tester, two days before
    rows += [rows[1] | {"time_us": START_US + 3 * DAY_US + HOUR_US, "model": "large"}] * 3
    found = profiles_of(tmp_path, rows, "party_key")
    assert found["after_release"].sum() == RELEASE_PARTIES
    assert found["before_release"].sum() == 3, "the old model, on the day of the release"


def test_four_parties_make_no_release_and_neither_does_the_first_day(tmp_path: Path) -> None:
    rows = model_rows(RELEASE_PARTIES - 1, 3, old=1)
    (tmp_path / "one").mkdir()
    found = profiles_of(tmp_path / "one", rows, "party_key")
    assert not found["after_release"].any()
    (tmp_path / "two").mkdir()
    found = profiles_of(tmp_path / "two", model_rows(9, 0), "party_key")
    assert not found["after_release"].any(), "it may have been there for years"


def test_accounts_of_one_organisation_are_one_party_to_a_release(tmp_path: Path) -> None:
    rows = [row | {"party_key": 100} for row in model_rows(9, 3, old=1)]
    assert not profiles_of(tmp_path, rows)["after_release"].any()


def test_no_model_at_all(tmp_path: Path) -> None:
    found = profiles_of(tmp_path, [sketch_row(1, START_US), sketch_row(3, START_US)])
    assert not found["after_release"].any()
    assert not found["before_release"].any()


def test_the_gap_after_a_block_is_to_the_last_block_of_anybody_else(tmp_path: Path) -> None:
    blocked = START_US + 2 * DAY_US
    rows = [
        sketch_row(1, START_US),
        sketch_row(1, blocked, status=403),
        sketch_row(2, START_US + HOUR_US),
        sketch_row(2, blocked + HOUR_US, status=403),
        sketch_row(3, blocked + 3 * HOUR_US),  # after both
        sketch_row(4, blocked + HOUR_US // 2),  # between them
        sketch_row(5, START_US + DAY_US + 1),  # before any
        sketch_row(6, blocked, status=403),  # blocked at its first exchange, as another was
        sketch_row(7, START_US + DAY_US - 1),  # there on the first day
    ]
    rows = [row | {"party_key": row["account_key"]} for row in rows]
    gaps = profiles_of(tmp_path, rows)["gap_after_block_us"]
    assert gaps[2] == 2 * HOUR_US
    assert gaps[3] == HOUR_US // 2
    assert np.isnan(gaps[[0, 1, 4, 5, 6]]).all()


def test_without_blocks_there_is_no_gap(tmp_path: Path) -> None:
    rows = [sketch_row(n, START_US + n * DAY_US, status=429) for n in (1, 2, 3)]
    assert np.isnan(profiles_of(tmp_path, rows)["gap_after_block_us"]).all()


def test_statuses_and_refusals_are_told_apart(tmp_path: Path) -> None:
    results = [(200, "stop"), (403, None), (403, None), (429, None), (500, None), (503, None)]
    results += [(200, "refusal"), (200, "content_filter"), (None, "length"), (404, None)]
    rows = [
        sketch_row(1, START_US + n, status=status, finish_reason=reason)
        for n, (status, reason) in enumerate(results)
    ]
    found = {name: values[0] for name, values in profiles_of(tmp_path, rows).items()}
    counts = {name: found[name] for name in ("refused", "blocked", "limited", "failed")}
    assert counts == {"refused": 2, "blocked": 2, "limited": 1, "failed": 2}
    assert found["span_days"] == (len(results) - 1) / DAY_US


def test_echoes_are_added_to_the_party_that_fed_them_back(tmp_path: Path) -> None:
    rows = [
        *(sketch_row(1, START_US + n, echo_response=[n]) for n in range(4)),
        *(sketch_row(3, START_US + 10 + n, echo_prompt=[n]) for n in range(3)),
        sketch_row(4, START_US),
    ]
    rows = [row | {"party_key": row["account_key"]} for row in rows]
    assert profiles_of(tmp_path, rows, "party_key")["echo_foreign"].tolist() == [0, 3, 0]


def test_an_incidence_holds_places_of_parties(tmp_path: Path) -> None:
    rows = [
        sketch_row(account, START_US + n, ip_key=8) for n, account in enumerate((4, 3, 1, 4, 9))
    ]
    with DuckDB(tmp_path, "1GB", 1) as engine:
        store = RollupStore(engine)
        store.add([write_sketches(tmp_path / "rows.parquet", rows)])
        keys = np.asarray(store.profiles("party_key").column("party_key"), dtype=np.int64)
        found = incidence(store.shared("ip"), keys)
    assert keys.tolist() == [-4, 3, 9, 100]
    assert found.party.tolist() == [0, 1, 2, 3]
    assert found.uses.tolist() == [2, 1, 1, 1]
    assert (found.last_us - found.first_us).tolist() == [3, 0, 0, 0]
