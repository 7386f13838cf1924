"""Rollups merge: whatever the cuts, the order and the readings between, the tables are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import cycle, pairwise, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relation_rows import (
    PARTY_OF,
    START_US,
    Row,
    expected_busy,
    expected_daily,
    expected_echoes,
    expected_models,
    expected_profiles,
    expected_replays,
    expected_shared,
    expected_wordings,
    one_party_an_account,
    sketch_row,
    write_sketches,
)

from stillwatch.core.records import SKETCH_SCHEMA
from stillwatch.engines.duckdb import DuckDB
from stillwatch.relations import rollups
from stillwatch.relations.rollups import (
    DAY_US,
    HOUR_US,
    KEY_KINDS,
    LIST_KEYS,
    SCALAR_KEYS,
    SLOT_US,
)
from stillwatch.relations.store import RollupStore

Tables = dict[str, pa.Table]

LINKED = [kind for kind in KEY_KINDS if kind != "wording"]

keys = st.none() | st.sampled_from([-(2**63), -7, 7, 8, 2**63 - 1])
key_lists = st.none() | st.lists(st.sampled_from([-9, 5, 6, 2**62]), max_size=3)
edges = st.sampled_from([0, SLOT_US, HOUR_US, DAY_US, DAY_US + HOUR_US, 2 * DAY_US])
parties = st.integers(0, 9).map(lambda n: {} if n else {"party_key": 200})
sketch_rows = st.builds(
    sketch_row,
    account=st.sampled_from(sorted(PARTY_OF)),
    time_us=st.builds(lambda edge, off: START_US + edge + off, edges, st.integers(-2, 2)),
    payload_key=keys,
    **dict.fromkeys(SCALAR_KEYS.values(), keys),
    **dict.fromkeys(LIST_KEYS.values(), key_lists),
    end_user_key=keys,
    status=st.sampled_from([None, 200, 403, 429, 499, 500, 599]),
    finish_reason=st.sampled_from([None, "stop", "refusal", "content_filter"]),
    input_tokens=st.sampled_from([None, 0, 11, 2**63 - 1]),
    output_tokens=st.sampled_from([None, 3, 2**62]),
    reasoning_elicitation=st.sampled_from([None, 0.25, 0.5, 1.0]),
    foreign_harness=st.sampled_from([None, 0.4375, 0.75]),
    n=st.sampled_from([None, -1, 1, 4, 2**31 - 1]),
    surface=st.sampled_from([None, "cloud_a", "first_party"]),
    plan=st.sampled_from([None, "", "free", "pro"]),
    verified=st.sampled_from([None, False, True]),
    organization_id=st.sampled_from([None, "org"]),
    account_created_us=st.sampled_from([None, START_US - 5, START_US - 9]),
    model=st.sampled_from([None, "large", "small"]),
)
mixed_rows = st.builds(lambda row, party: row | party, sketch_rows, parties)


@contextmanager
def fresh_store() -> Iterator[tuple[RollupStore, Path]]:
    with (
        TemporaryDirectory() as folder,
        DuckDB(Path(folder), "1GB", 1) as engine,
        patch.object(rollups, "BUSY", 3),
    ):
        yield RollupStore(engine), Path(folder)


def everything(store: RollupStore) -> Tables:
    return {
        "accounts": store.profiles("account_key"),
        "parties": store.profiles("party_key"),
        "models": store.models().sort_by(
            [(name, "ascending") for name in ("party_key", "account_key", "day", "model")]
        ),
        "daily": store.daily(),
        "busy": store.busy_days("party_key"),
        "replays": store.replays(),
        "echoes": store.echoes(),
        "wordings": store.wordings(),
        **{kind: store.shared(kind) for kind in LINKED},
    }


def rolled_up(pieces: list[list[Row]], read_after: set[int]) -> Tables:
    with fresh_store() as (store, folder):
        for number, piece in enumerate(pieces):
            store.add([write_sketches(folder / f"{number}.parquet", piece)])
            if number in read_after:
                everything(store)
        return everything(store)


def tuples(table: pa.Table) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


@settings(max_examples=4)
@given(st.lists(mixed_rows, min_size=1, max_size=14), st.data())
def test_any_cut_in_any_order_gives_what_plain_python_says(
    rows: list[Row], data: st.DataObject
) -> None:
    _check_cut(rows, data.draw)


@pytest.mark.slow
@given(st.lists(mixed_rows, min_size=1, max_size=40), st.data())
@settings(max_examples=60)
def test_many_cuts(rows: list[Row], data: st.DataObject) -> None:
    _check_cut(rows, data.draw)


def _check_cut(rows: list[Row], draw: Callable[..., object]) -> None:
    shuffled: list[Row] = draw(st.permutations(rows))  # type: ignore[assignment]
    inner: set[int] = draw(st.sets(st.integers(1, len(rows)), max_size=3))  # type: ignore[assignment]
    places = sorted({0, *inner, len(rows)})
    pieces = [shuffled[a:b] for a, b in pairwise(places)]
    read: set[int] = draw(st.sets(st.integers(0, 3)))  # type: ignore[assignment]
    found = rolled_up(pieces, read)
    rows = one_party_an_account(rows)
    for by, name in (("account_key", "accounts"), ("party_key", "parties")):
        assert found[name].to_pylist() == expected_profiles(rows, by)
    assert set(tuples(found["models"])) == expected_models(rows)
    assert tuples(found["daily"]) == expected_daily(rows)
    assert tuples(found["busy"]) == expected_busy(rows, least=3)
    assert tuples(found["replays"]) == expected_replays(rows)
    assert tuples(found["echoes"]) == expected_echoes(rows)
    assert tuples(found["wordings"]) == expected_wordings(rows)
    for kind in LINKED:
        assert tuples(found[kind]) == expected_shared(rows, kind), kind


def rows_of_many() -> list[Row]:
    """Return a fixed set of rows that fills every table."""
    return [
        sketch_row(
            account=1 + n % 4,
            time_us=START_US + n * 11 * HOUR_US // 10,
            payload_key=n * 37 % 11,
            system_key=n % 3,
            ip_key=n % 5,
            fingerprints=[n % 4, 40 + n % 2],
            reasoning_elicitation=0.9,
            echo_response=[n] if n < 20 else None,
            echo_prompt=[n - 19] if n >= 20 else None,
            model=("large", "small", None)[n % 3],
            status=(200, 403, 429, 503, None)[n % 5],
            plan="free",
        )
        for n in range(40)
    ]


def test_tables_read_between_the_cuts_are_equal_column_for_column() -> None:
    rows = rows_of_many()
    whole = rolled_up([rows], set())
    assert all(
        table.num_rows for name, table in whole.items() if name in ("echoes", "system", "wordings")
    )
    by_one = rolled_up([rows[n : n + 7] for n in range(0, 40, 7)], {0, 2, 5})
    for name, table in whole.items():
        assert by_one[name].schema == table.schema, name
        assert by_one[name].equals(table), name


def spread(number: int) -> int:
    """Return a key in the range of 64 bits, far from that of the next number."""
    return number * 0x9E3779B97F4A7C15 % (1 << 64) - (1 << 63)


def rows_of_spread_keys(party: int | None) -> list[Row]:
    """Return rows whose keys fall in every range; one account is in another party if given."""
    rows = []
    for n in range(60):
        row = sketch_row(
            account=1 + n % 4,
            time_us=START_US + n * HOUR_US,
            payload_key=n,
            system_key=spread(n % 7),
            bands=[spread(100 + n // 2), spread(200 + n)],
        )
        rows.append(row | ({"party_key": party} if party and n % 10 == 0 else {}))
    return rows


def shared_by_thirds(rows: list[Row], passes: Iterable[int]) -> Tables:
    """Return the keys shared, read after each third of the rows."""
    with fresh_store() as (store, folder), patch.object(DuckDB, "passes", side_effect=passes):
        for n in range(3):
            store.add([write_sketches(folder / f"{n}.parquet", rows[n::3])])
            found = {kind: store.shared(kind) for kind in ("system", "band")}
        return found


@pytest.mark.parametrize("passes", [[4], [1, 2, 4, 1, 8]])
@pytest.mark.parametrize("party", [None, 200])
def test_parts_of_the_keys_gone_through_one_by_one_give_the_same(
    party: int | None, passes: list[int]
) -> None:
    rows = rows_of_spread_keys(party)
    whole = shared_by_thirds(rows, repeat(1))
    assert all(table.num_rows > 8 for table in whole.values())
    assert shared_by_thirds(rows, cycle(passes)) == whole
    for kind, table in whole.items():
        assert tuples(table) == expected_shared(one_party_an_account(rows), kind)


@given(st.integers(0, 10).map(lambda power: 1 << power))
def test_ranges_hold_every_key_once(parts: int) -> None:
    ranges = rollups.key_ranges(parts)
    assert len(ranges) == parts
    assert (ranges[0][0], ranges[-1][-1]) == (-(2**63), 2**63 - 1)
    assert all(after[0] == before[-1] + 1 for before, after in pairwise(ranges))


@pytest.mark.slow
def test_keys_that_outgrow_the_memory_limit_are_gone_through_in_parts(tmp_path: Path) -> None:
    rows, each = 50_000, 100
    drawn = np.random.default_rng(0).integers(-(2**63), 2**63, (rows, each), dtype=np.int64)
    common = drawn[:5, 0].tolist()
    drawn[:, 0] = drawn[np.arange(rows) % 5, 0]
    number = np.arange(rows)
    columns = {
        "exchange_key": number,
        "time_us": START_US + number,
        "account_id": pa.array((number % 7).astype(str)),
        "account_key": number % 7,
        "party_key": number % 7,
        "bands": pa.ListArray.from_arrays(np.arange(0, rows * each + 1, each), drawn.ravel()),
    }
    table = pa.table(
        {
            field.name: pa.array(columns[field.name]).cast(field.type)
            if field.name in columns
            else pa.nulls(rows, field.type)
            for field in SKETCH_SCHEMA
        },
        schema=SKETCH_SCHEMA,
    )
    pq.write_table(table, tmp_path / "sketches.parquet", row_group_size=10_000)
    with DuckDB(tmp_path, "120MB", 2) as engine:  # in one part it needs twice as much, and fails
        store = RollupStore(engine)
        store.add([tmp_path / "sketches.parquet"], ["band"])
        assert engine.passes("keys_band") > 1
        found = store.shared("band")
    assert found.column("key").to_pylist() == sorted(common * 7)


def test_reading_changes_nothing() -> None:
    with fresh_store() as (store, folder):
        store.add([write_sketches(folder / "a.parquet", rows_of_many())])
        first = everything(store)
        assert everything(store) == first


def test_several_files_at_once_are_one_table() -> None:
    rows = rows_of_many()
    with fresh_store() as (store, folder):
        store.add([write_sketches(folder / f"{n}.parquet", rows[n::3]) for n in range(3)])
        assert everything(store) == rolled_up([rows], set())


def test_the_times_that_begin_and_end_a_day_fall_on_the_right_side() -> None:
    days = range(16_436, 20_800, 97)  # from 2015 on; the engine divides in floating point
    rows = [
        sketch_row(account=number, time_us=day * DAY_US + off)
        for number, day in enumerate(days)
        for off in (-1, 0, HOUR_US - 1, DAY_US - 1)
    ]
    found = rolled_up([rows], set())
    assert tuples(found["daily"]) == expected_daily(rows)
    assert found["accounts"].to_pylist() == expected_profiles(rows, "account_key")
    assert tuples(found["slot"]) == expected_shared(rows, "slot")


@pytest.fixture(scope="module")
def few_keys() -> Tables:
    """Return the tables of three keys a kind: of one organisation, of two, of one account."""
    uses = [(1, 5), (2, 5), (1, 6), (3, 6), (1, 6), (3, 6), (4, 9), (4, 9)]
    rows = [
        sketch_row(
            account,
            START_US + n,
            payload_key=n,
            **dict.fromkeys(SCALAR_KEYS.values(), key),
            **{column: [key] for column in LIST_KEYS.values()},
        )
        for n, (account, key) in enumerate(uses)
    ]
    return rolled_up([rows], set())


@pytest.mark.parametrize("kind", [kind for kind in LINKED if kind != "slot"])
def test_a_key_of_one_party_is_left_out(few_keys: Tables, kind: str) -> None:
    assert few_keys[kind].column("key").to_pylist() == [6, 6], "1 and 2 are one organisation"
    assert few_keys[kind].column("party_key").to_pylist() == [3, 100]
    assert few_keys[kind].column("uses").to_pylist() == [2, 2]


PAYLOADS = {21: [1, 2], 22: [1, 1], 23: [None, None], 24: [None, 2]}


@pytest.fixture(scope="module")
def few_templates() -> Tables:
    """Return the tables of four keys, each with two payloads from each of two parties."""
    rows = [
        sketch_row(
            account,
            START_US + n,
            payload_key=payload,
            fingerprints=[key],
            **dict.fromkeys(("system_key", "head_key", "tail_key", "ip_key"), key),
        )
        for key, payloads in PAYLOADS.items()
        for n, payload in enumerate(payloads)
        for account in (1, 3)
    ]
    return rolled_up([rows], set())


@pytest.mark.parametrize("kind", ["system", "head", "tail", "fingerprint"])
def test_a_template_is_what_stays_when_the_payload_differs(
    few_templates: Tables, kind: str
) -> None:
    assert few_templates[kind].column("key").to_pylist() == [21, 21, 24, 24]
    assert sorted(set(few_templates["ip"].column("key").to_pylist())) == [21, 22, 23, 24]


def test_a_template_counts_for_the_parties_alone_that_varied_the_payload() -> None:
    rows = [
        sketch_row(account, START_US + n, system_key=6, payload_key=payload)
        for n, (account, payload) in enumerate([(1, 1), (1, 2), (3, 1), (3, 2), (4, 1), (4, 1)])
    ]
    assert rolled_up([rows], set())["system"].column("party_key").to_pylist() == [3, 100]


def test_the_parties_of_one_account_are_one() -> None:
    """Some rows lack the organisation, another account moved: neither shares with itself."""
    seen = [(1, 1), (1, 100), (2, 100), (5, 300), (5, 301), (6, 301), (7, 7)]
    rows = [
        sketch_row(account, START_US + n * DAY_US, ip_key=9, payload_key=n) | {"party_key": party}
        for n, (account, party) in enumerate(seen)
    ]
    by_step = rolled_up([[row] for row in rows], {0, 2, 4, 5})
    assert by_step == rolled_up([rows], set()), "whenever the rollups were read"
    accounts = by_step["accounts"].to_pylist()
    assert [row["account_key"] for row in accounts] == [1, 2, 5, 6, 7], "one row an account"
    assert [row["party_key"] for row in accounts] == [1, 1, 300, 300, 7]
    assert by_step["parties"].column("accounts").to_pylist() == [2, 1, 2]
    assert by_step["ip"].column("party_key").to_pylist() == [1, 7, 300]
    alone = rolled_up([rows[:3]], set())
    assert not alone["ip"].num_rows


HEARD = {
    "heard": [(1, "echo_response", 0), (3, "echo_prompt", 1)],
    "heard again": [(1, "echo_response", 0), (1, "echo_response", 9), (3, "echo_prompt", 1)],
    "heard by two": [(1, "echo_response", 0), (3, "echo_prompt", 1), (4, "echo_prompt", 2)],
    "the same organisation": [(1, "echo_response", 0), (2, "echo_prompt", 1)],
    "at the same moment": [(1, "echo_response", 1), (3, "echo_prompt", 1)],
    "before it was served": [(1, "echo_response", 2), (3, "echo_prompt", 1)],
    "known before": [(1, "echo_response", 1), (3, "echo_prompt", 0), (3, "echo_prompt", 2)],
    "served to two": [(1, "echo_response", 0), (4, "echo_response", 5), (3, "echo_prompt", 1)],
}


@pytest.mark.parametrize("name", HEARD)
def test_an_echo_is_of_one_other_party_and_later(name: str) -> None:
    with fresh_store() as (store, folder):
        rows = [sketch_row(who, START_US + at, **{column: [77]}) for who, column, at in HEARD[name]]
        store.add([write_sketches(folder / "a.parquet", rows)])
        found = [row[:3] for row in tuples(store.echoes())]
    two = [(-4, 100, 1), (3, 100, 1)]
    assert found == (two if name == "heard by two" else [(3, 100, 1)] * name.startswith("heard"))
