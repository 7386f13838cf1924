"""Planted tactics and their look-alikes, from sketches by way of rollups to the detectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from relation_rows import START_US, Row, sketch_row, write_sketches

from stillwatch.core.catalogue import units
from stillwatch.core.contracts import Detector
from stillwatch.engines.duckdb import DuckDB
from stillwatch.relations.profiles import Profiles, profile_columns
from stillwatch.relations.rollups import DAY_US, HOUR_US
from stillwatch.relations.store import RollupStore

DETECTORS = units("detectors", Detector)
Draw = np.random.Generator
Account = Callable[[Draw, int], list[Row]]


def some_key(rng: Draw) -> int:
    return int(rng.integers(-(2**63), 2**63))


def chat(rng: Draw, account: int, per_day: int = 12, days: int = 7) -> list[Row]:
    """An ordinary user: new prompts by day, two networks, two clients, refused now and then."""
    home = [some_key(rng) for _ in range(2)]
    usual = "large" if rng.random() < 0.5 else "small"
    return [
        sketch_row(
            account,
            START_US + day * DAY_US + int(rng.integers(8, 22)) * HOUR_US + n,
            payload_key=some_key(rng),
            head_key=some_key(rng),
            prefix_key=home[int(rng.integers(2))],
            user_agent_key=int(rng.integers(2)),
            tls_key=1,
            account_created_us=START_US - 200 * DAY_US,
            finish_reason="refusal" if rng.random() < 0.02 else "stop",
            model=usual if rng.random() < 0.9 else "tiny",
        )
        for day in range(days)
        for n in range(int(rng.poisson(per_day)))
    ]


def evaluation(rng: Draw, account: int, k: int = 1) -> list[Row]:
    """B1: forty items every night, k answers each."""
    items = [some_key(rng) for _ in range(40)]
    rows = chat(rng, account, per_day=40 * k)
    places: dict[int, int] = {}
    for row in rows:
        day = int(row["time_us"]) // DAY_US  # type: ignore[call-overload]
        places[day] = places.get(day, -1) + 1
        row["payload_key"] = items[places[day] // k % 40]
    return rows


def sampling(rng: Draw, account: int) -> list[Row]:
    rows = chat(rng, account, per_day=160)
    for n, row in enumerate(rows):
        row["payload_key"] = rows[n - n % 8]["payload_key"]
    return rows


def search(rng: Draw, account: int) -> list[Row]:
    rows = chat(rng, account, per_day=40)
    for row in rows:
        early = int(row["time_us"]) < START_US + DAY_US  # type: ignore[call-overload]
        row["finish_reason"] = "refusal" if early and rng.random() < 0.8 else "stop"
        row["head_key"] = row["head_key"] if early else 7
    return rows


def red_team(rng: Draw, account: int) -> list[Row]:
    """B16: refused all week."""
    return [
        row | {"finish_reason": "refusal" if rng.random() < 0.4 else "stop"}
        for row in chat(rng, account, per_day=40)
    ]


def probing(rng: Draw, account: int) -> list[Row]:
    fixed = [some_key(rng) for _ in range(25)]
    rows = chat(rng, account, per_day=120)
    for n, row in enumerate(rows):
        row["payload_key"] = fixed[n % 25] if n % 120 < 25 else row["payload_key"]
    return rows


def shifted(rows: Sequence[Row], days: float) -> list[Row]:
    moved = [row | {"time_us": int(row["time_us"]) + int(days * DAY_US)} for row in rows]  # type: ignore[call-overload]
    return [row for row in moved if int(row["time_us"]) < START_US + 7 * DAY_US]  # type: ignore[call-overload]


def at_once(rng: Draw, account: int) -> list[Row]:
    return shifted(chat(rng, account, per_day=200, days=5), 1.5)


def grown(rng: Draw, account: int) -> list[Row]:
    """A new customer who grows into it."""
    return [
        row
        for day in range(5)
        for row in shifted(chat(rng, account, per_day=5 * 3**day, days=1), 1.5 + day)
    ]


def fan_out(rng: Draw, account: int) -> list[Row]:
    return [
        row | {"prefix_key": some_key(rng), "user_agent_key": int(rng.integers(20))}
        for row in chat(rng, account)
    ]


def vpn(rng: Draw, account: int) -> list[Row]:
    """B9: many networks, one client."""
    return [row | {"prefix_key": some_key(rng), "user_agent_key": 1} for row in chat(rng, account)]


def taken_over(rng: Draw, account: int) -> list[Row]:
    later = shifted(chat(rng, account, per_day=400, days=2), 5)
    return chat(rng, account, 3, 5) + [row | {"model": "frontier"} for row in later]


def viral(rng: Draw, account: int) -> list[Row]:
    """B13: twenty times the volume, in the same way."""
    before = chat(rng, account, per_day=12, days=4)
    after = shifted(chat(rng, account, per_day=240, days=3), 4)
    return [row | {"model": "large"} for row in before + after]


def stripped(rng: Draw, account: int) -> list[Row]:
    return [row | {"user_agent_key": None, "tls_key": None} for row in chat(rng, account)]


def by_contract(rng: Draw, account: int) -> list[Row]:
    """B8: everybody on this cloud comes without headers."""
    return [
        row | {"user_agent_key": None, "tls_key": None, "surface": "cloud_b"}
        for row in chat(rng, account)
    ]


def replay(rng: Draw, account: int) -> list[Row]:
    return [
        row | {"blob_keys": [n], "time_us": int(row["time_us"]) + HOUR_US}  # type: ignore[call-overload]
        for n, row in enumerate(chat(rng, account))
    ]


def own_blobs(rng: Draw, account: int) -> list[Row]:
    """Continues its own conversations, before anybody replays them."""
    return [
        row | {"blob_keys": [n], "time_us": START_US + n}
        for n, row in enumerate(chat(rng, account, per_day=30))
    ]


def rerouting(rng: Draw, account: int) -> list[Row]:
    return [
        row
        | {
            "foreign_harness": 0.9,
            "time_us": START_US + int(rng.integers(7 * 24)) * HOUR_US + n,
        }
        for n, row in enumerate(chat(rng, account, per_day=200))
    ]


def named_users(rng: Draw, account: int) -> list[Row]:
    """B8: a gateway that names its end users."""
    return [row | {"end_user_key": some_key(rng)} for row in rerouting(rng, account)]


def profiled(folder: Path, accounts: Sequence[Account]) -> Profiles:
    rows = [
        row | {"party_key": number}
        for number, make in enumerate(accounts, start=1)
        for row in make(np.random.default_rng(number), number)
    ]
    with DuckDB(folder, "1GB", 1) as engine:
        store = RollupStore(engine)
        store.add([write_sketches(folder / "rows.parquet", rows)])
        replays = store.replays()
        replayed = tuple(replays.column(n).to_numpy() for n in ("party_key", "uses"))
        none = np.empty(0, np.int64)
        return profile_columns(
            store.profiles("account_key"),
            store.models(),
            none,
            none,
            "account_key",
            store.busy_days("account_key"),
            replayed,  # type: ignore[arg-type]
        )


@pytest.mark.parametrize(
    ("name", "planted", "look_alike"),
    [
        ("repeat_sampling", sampling, lambda rng, n: evaluation(rng, n, k=4)),
        ("technique_search", search, red_team),
        ("countermeasure_probing", probing, evaluation),
        ("sudden_ramp", at_once, grown),
        ("identity_fan_out", fan_out, vpn),
        ("account_takeover", taken_over, viral),
        ("metadata_sanitisation", stripped, by_contract),
        ("blob_replay", replay, own_blobs),
        ("silent_rerouting", rerouting, named_users),
    ],
)
def test_the_planted_tactic_stands_out_and_its_look_alike_does_not(
    tmp_path: Path, name: str, planted: Account, look_alike: Account
) -> None:
    detector = DETECTORS[name]
    scores = detector.score(profiled(tmp_path, [*[chat] * 25, look_alike, planted]))
    ordinary, hard, fires = scores[:25], scores[25], scores[26]
    others = np.nanmax(np.append(ordinary, [hard, -1.0]))
    assert fires > others
    assert fires >= detector.scale_floor
    assert not others >= detector.scale_floor
