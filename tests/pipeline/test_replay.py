"""Replay: the end is the scan, and every detection lies where it could have been made."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_rows import (
    MINUTE_US,
    START_US,
    Row,
    Silent,
    campaigns_in,
    exchange,
    write_exchanges,
)

from stillwatch import pipeline
from stillwatch.core.config import Settings
from stillwatch.core.errors import InputError
from stillwatch.core.results import Results
from stillwatch.range.compose import compose_demo, write

module = importlib.import_module(
    "stillwatch.pipeline.replay"
)  # the package has a function so named

Maker = Callable[..., Results]
SETTINGS = Settings()
HOUR = 3600
DETECTION = ("detected_at", "exchanges_before_detection")


def without_detection(campaigns: list[Row]) -> list[Row]:
    kept = []
    for campaign in campaigns:
        members = [
            {name: value for name, value in member.items() if name not in DETECTION}
            for member in campaign["members"]  # type: ignore[attr-defined]
        ]
        kept.append(
            {n: v for n, v in campaign.items() if n not in (*DETECTION, "members")}
            | {"members": members}
        )
    return kept


def replayed(traffic: Path, out: Path, every_seconds: int) -> list[Row]:
    pipeline.replay([str(traffic)], out, SETTINGS, every_seconds=every_seconds, progress=Silent())
    return campaigns_in(out)


@pytest.mark.parametrize("every_seconds", [12 * HOUR + 7 * 61, 30 * 24 * HOUR])
def test_the_end_of_a_replay_is_the_scan(traffic: Path, tmp_path: Path, every_seconds: int) -> None:
    pipeline.scan([str(traffic)], tmp_path / "scan", SETTINGS, progress=Silent())
    found = replayed(traffic, tmp_path / "replay", every_seconds)
    assert without_detection(found) == campaigns_in(tmp_path / "scan")
    one, two = (pq.read_table(tmp_path / n / "accounts.parquet") for n in ("scan", "replay"))
    assert one.equals(two)
    inputs = [
        json.loads((tmp_path / n / "campaigns.json").read_text())["inputs"]
        for n in ("scan", "replay")
    ]
    assert inputs[0] == inputs[1]


@pytest.mark.slow
def test_detections_lie_within_the_data_and_agree_with_each_other(tmp_path: Path) -> None:
    path = write(compose_demo(seed=0, days=3, scale=0.2), tmp_path / "traffic")[0]
    found = replayed(path, tmp_path / "out", 13 * HOUR + 1)
    pipeline.scan([str(path)], tmp_path / "scan", SETTINGS, progress=Silent())
    assert without_detection(found) == campaigns_in(tmp_path / "scan")
    for campaign in found:
        members = campaign["members"]
        assert isinstance(members, list)
        detected = [member for member in members if "detected_at" in member]
        for member in detected:
            assert member["detected_at"] > member["first_seen"]
            assert 0 < member["exchanges_before_detection"] <= member["exchanges"]
        acting = {m["account_id"] for m in members if m["level"] == "act"}
        assert acting <= {m["account_id"] for m in detected}
        if detected:
            assert campaign["detected_at"] == min(m["detected_at"] for m in detected)
            before = sum(m["exchanges_before_detection"] for m in detected)
            assert campaign["exchanges_before_detection"] == before
        else:
            assert "detected_at" not in campaign


def test_an_account_is_detected_once_and_for_all(make_results: Maker) -> None:
    results = make_results()
    (campaign,) = results.campaigns

    def at_time(exchanges: int, level: str) -> Results:
        members = tuple(
            replace(member, exchanges=exchanges, level=level)  # type: ignore[arg-type]
            for member in campaign.members
        )
        return replace(results, campaigns=(replace(campaign, members=members),))

    seen = module._Seen()
    seen.note(at_time(3, "review"), 10)
    assert seen.campaign(campaign).detected_us is None, "a queue is no detection"
    seen.note(at_time(5, "act"), 20)
    seen.note(replace(results, campaigns=()), 30)
    seen.note(at_time(9, "act"), 40)
    found = seen.campaign(campaign)
    assert found.detected_us == 20
    assert found.exchanges_before_detection == 10
    assert [(m.detected_us, m.exchanges_before_detection) for m in found.members] == [(20, 5)] * 2
    assert seen.looks == 4


def test_a_campaign_is_detected_with_its_first_member(make_results: Maker) -> None:
    results = make_results()
    (campaign,) = results.campaigns
    first, second = campaign.members
    seen = module._Seen()
    seen.note(replace(results, campaigns=(replace(campaign, members=(second,)),)), 10)
    seen.note(replace(results, campaigns=(replace(campaign, members=(first, second)),)), 20)
    assert seen.campaign(campaign).detected_us == 10
    assert [m.detected_us for m in seen.campaign(campaign).members] == [20, 10]


times = st.dictionaries(st.integers(1, 60).map(lambda n: n * 10), st.integers(1, 400), max_size=25)


@given(times, st.integers(0, 30))
def test_looks_are_at_steps_with_new_traffic_and_at_the_end(new: dict[int, int], more: int) -> None:
    steps = range(10, 610 + 10 * more, 10)
    heard: list[int] = []

    class Hearing(Silent):
        def advance(self, amount: int) -> None:
            heard.append(amount)

    looks = list(module._looks(new, steps, Hearing()))
    ends = [until for until, _ in looks]
    assert ends == sorted(set(ends))
    assert set(ends) <= {*new, steps[-1]}
    assert looks[-1] == (steps[-1], sum(new.values()))
    assert sum(heard) == len(steps)
    for until, exchanges in looks:
        assert exchanges == sum(count for end, count in new.items() if end <= until)
    for (_, before), (_, after) in pairwise(looks[:-1]):
        assert after >= module.GROWTH * before
        assert after >= before + module.LEAST


@pytest.mark.parametrize("every_seconds", [1, 59, 61, 7 * 60, HOUR, 10 * 365 * 24 * HOUR])
def test_steps_of_any_length_see_every_exchange_once(
    tmp_path: Path, every_seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [exchange(n * n, f"a{n % 3}") for n in range(12)]  # two hours, thinning out
    path = write_exchanges(tmp_path / "log.parquet", rows)
    seen: list[tuple[int, int]] = []
    looks = module._looks

    def noted(*arguments: object) -> object:
        for until, exchanges in looks(*arguments):  # type: ignore[arg-type]
            seen.append((until, exchanges))
            if exchanges in (1, 12):  # the first look and the last will do
                yield until, exchanges

    monkeypatch.setattr(module, "_looks", noted)
    outcome = pipeline.replay(
        [str(path)], tmp_path / "out", SETTINGS, every_seconds=every_seconds, progress=Silent()
    )
    assert outcome.exchanges == outcome.results.inputs.exchanges == 12
    assert (
        sum(pq.read_table(tmp_path / "out" / "accounts.parquet").column("exchanges").to_pylist())
        == 12
    )
    step = every_seconds * 1_000_000
    last = START_US + 121 * MINUTE_US
    assert all(until % step == 0 for until, _ in seen)
    assert last < seen[-1][0] <= last + step
    for until, exchanges in seen:
        assert exchanges == sum(START_US + n * n * MINUTE_US < until for n in range(12))


def test_a_replay_of_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"account_id": "a"}\n' * 3)
    with pytest.raises(InputError, match="no exchange"):
        replayed(tmp_path / "log.jsonl", tmp_path / "out", HOUR)
    assert not (tmp_path / "out" / "campaigns.json").exists()
