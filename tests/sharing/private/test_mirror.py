"""Matching at home: a mirror is whole, resumes, forgets; a light one hides what it looks for."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from stillwatch.core.errors import ExternalError
from stillwatch.sharing.private.id_types import Epoch, IdType, week_of
from stillwatch.sharing.private.mirror import Found, Mirror, light_search, pull_index
from stillwatch.sharing.private.records import Confidence, Record, TagKey, seal
from stillwatch.sharing.private.rows import ROW_BYTES, Row, RowFlag

from .stand_ins import NOW, ListSource

EPOCH = Epoch.at(IdType.EMAIL, NOW)
RECORD = Record(b"c" * 16, frozenset({5}), Confidence.HIGH, 2900, 2900, 20_600, "desk")
WEEK = week_of(NOW)


def key(number: int) -> TagKey:
    return TagKey.of(EPOCH, number.to_bytes(64, "big"))


def row(number: int, seq: int, contributor: bytes = b"a" * 16) -> Row:
    made = key(number)
    return Row(seq, EPOCH, WEEK, RowFlag(0), made.tag, seal(made, contributor, RECORD))


def joined(rows: list[Row]) -> bytes:
    return b"".join(one.encode() for one in rows)


def pulled(tmp_path: Path, rows: list[Row]) -> Mirror:
    mirror = Mirror(tmp_path / "mirror")
    assert asyncio.run(mirror.pull(ListSource(joined(rows)), EPOCH)) == len(rows)
    return mirror


def queries(found: Found) -> list[int]:
    return [hit.query for hit in found.hits]


def test_hits_open_and_misses_say_nothing(tmp_path: Path) -> None:
    rows = [row(i, seq=3 * i + 5) for i in range(40)] + [row(7, 500, b"b" * 16)]
    mirror = pulled(tmp_path, rows)
    found = mirror.search(EPOCH, [key(n) for n in (100, 7, 39, 101)], NOW)
    assert queries(found) == [1, 1, 2]
    assert [hit.row.record.pseudonym for hit in found.hits] == [b"a" * 16, b"b" * 16, b"a" * 16]
    assert all(hit.record == RECORD for hit in found.hits)
    assert found.unopened == ()


def test_a_pull_takes_up_where_the_last_one_stopped(tmp_path: Path) -> None:
    rows = [row(i, i + 1) for i in range(30)]
    mirror = pulled(tmp_path, rows[:20])
    path = next((tmp_path / "mirror").iterdir())
    with path.open("ab") as file:
        file.write(rows[20].encode()[:100])  # a crash cut this row short
    assert asyncio.run(mirror.pull(ListSource(joined(rows)), EPOCH)) == 10
    assert path.read_bytes() == joined(rows)
    assert asyncio.run(mirror.pull(ListSource(joined(rows)), EPOCH)) == 0


@dataclass
class Misbehaving(ListSource):
    async def rows(self, epoch: Epoch, after_seq: int) -> bytes:
        return self.data


@pytest.mark.parametrize("fault", ["order", "twice", "again", "epoch", "type", "short", "padding"])
def test_a_board_that_sends_other_rows_is_noticed(tmp_path: Path, fault: str) -> None:
    good = [row(i, i + 1) for i in range(3)]
    mirror = pulled(tmp_path, good)
    fresh = [row(i, i + 1) for i in range(3, 6)]
    data = {
        "order": joined(fresh[::-1]),
        "twice": joined([fresh[0], fresh[0]]),
        "again": joined(good),
        "epoch": joined([replace(fresh[0], epoch=Epoch(IdType.EMAIL, EPOCH.number + 1))]),
        "type": joined([replace(fresh[0], epoch=Epoch(IdType.PHONE, EPOCH.number))]),
        "short": joined(fresh)[:-1],
        "padding": joined(fresh)[:-1] + b"\x01",
    }[fault]
    with pytest.raises(ExternalError):
        asyncio.run(mirror.pull(Misbehaving(data), EPOCH))
    assert mirror.rows(EPOCH).tobytes() == joined(good)


def test_withdrawn_and_expired_rows_do_not_count(tmp_path: Path) -> None:
    taken_back = row(1, 1)
    withdrawal = replace(taken_back, seq=4, flags=RowFlag.WITHDRAWN)
    another = row(1, 2, b"b" * 16)
    expired = replace(row(2, 3), expiry_week=WEEK - 1)
    mirror = pulled(tmp_path, [taken_back, another, expired, withdrawal])
    found = mirror.search(EPOCH, [key(1), key(2)], NOW)
    assert [hit.row.seq for hit in found.hits] == [2]
    assert mirror.search(EPOCH, [key(1)], NOW + 8 * 86_400).hits == ()


def test_nobody_withdraws_the_row_of_another(tmp_path: Path) -> None:
    mine = row(1, 1)
    record = replace(mine.record, pseudonym=b"b" * 16)
    hostile = replace(mine, seq=2, flags=RowFlag.WITHDRAWN, record=record)
    mirror = pulled(tmp_path, [mine, hostile])
    assert [hit.row.seq for hit in mirror.search(EPOCH, [key(1)], NOW).hits] == [1]


def test_forged_records_are_counted_and_stop_nothing(tmp_path: Path) -> None:
    forged = row(1, 1)
    forged = replace(forged, record=replace(forged.record, ciphertext=bytes(208)))
    mirror = pulled(tmp_path, [forged, row(1, 2)])
    found = mirror.search(EPOCH, [key(1)], NOW)
    assert (found.unopened, [hit.row.seq for hit in found.hits]) == ((1,), [2])


def test_a_tag_never_matches_in_the_next_epoch(tmp_path: Path) -> None:
    mirror = pulled(tmp_path, [row(i, i + 1) for i in range(20)])
    following = Epoch(IdType.EMAIL, EPOCH.number + 1)
    keys = [TagKey.of(following, i.to_bytes(64, "big")) for i in range(20)]
    assert mirror.search(EPOCH, keys, NOW) == Found((), ())


def test_rows_of_a_destroyed_epoch_are_purged(tmp_path: Path) -> None:
    mirror = pulled(tmp_path, [row(1, 1)])
    assert mirror.purge(EPOCH.destroyed_from - 1) == []
    assert mirror.purge(EPOCH.destroyed_from) == [EPOCH]
    assert list((tmp_path / "mirror").iterdir()) == []
    assert mirror.search(EPOCH, [key(1)], NOW) == Found((), ())


def test_an_empty_board(tmp_path: Path) -> None:
    mirror = pulled(tmp_path, [])
    assert mirror.search(EPOCH, [key(1)], NOW) == Found((), ())
    assert mirror.search(EPOCH, [], NOW) == Found((), ())


def test_a_disk_that_fails_is_said(tmp_path: Path) -> None:
    (tmp_path / "mirror").write_text("a file")
    with pytest.raises(ExternalError):
        asyncio.run(Mirror(tmp_path / "mirror").pull(ListSource(b""), EPOCH))


def light(source: ListSource, numbers: list[int]) -> Found:
    async def work() -> Found:
        index = await pull_index(source, EPOCH)
        return await light_search(source, index, [key(n) for n in numbers], EPOCH, NOW)

    return asyncio.run(work())


@pytest.fixture(scope="module")
def large() -> bytes:
    return joined([row(i, i + 1) for i in range(20 * 256 + 10)])


def test_light_mode_finds_the_same(large: bytes) -> None:
    source = ListSource(large)
    found = light(source, [3, 99_999, 256, 20 * 256 + 9])
    assert queries(found) == [0, 2, 3]


@pytest.mark.parametrize(
    ("numbers", "pages"),
    [([], 8), ([99_999], 8), ([3], 8), ([1, 2, 700], 8), (list(range(0, 256 * 9, 256)), 16)],
)
def test_light_mode_asks_for_eight_pages_whatever_it_finds(
    large: bytes, numbers: list[int], pages: int
) -> None:
    source = ListSource(large)
    light(source, numbers)
    assert len(source.pages) == len(set(source.pages)) == pages


def test_decoys_and_order_hide_the_page(large: bytes) -> None:
    places: Counter[int] = Counter()
    others: Counter[int] = Counter()
    for _ in range(120):
        source = ListSource(large)
        light(source, [300])  # on page 1
        assert 1 in source.pages
        places[source.pages.index(1)] += 1
        others.update(set(source.pages) - {1})
    assert set(places) == set(range(8))
    assert set(others) == set(range(21)) - {1}


def test_a_small_epoch_is_fetched_whole() -> None:
    source = ListSource(joined([row(i, i + 1) for i in range(300)]))
    assert queries(light(source, [299])) == [0]
    assert sorted(source.pages) == [0, 1]


def test_a_board_that_sends_no_tags_is_noticed(large: bytes) -> None:
    class Torn(ListSource):
        async def tags(self, epoch: Epoch, first_place: int) -> bytes:
            return b"x" * 17

    with pytest.raises(ExternalError):
        light(Torn(large), [1])


def test_a_board_that_lies_in_its_index_costs_only_its_hits(large: bytes) -> None:
    """A tag at another row's place fetches a page in vain; no other record opens in its stead."""

    class Shifted(ListSource):
        async def tags(self, epoch: Epoch, first_place: int) -> bytes:
            return await super().tags(epoch, first_place + 1)

    assert light(Shifted(large), [300]) == Found((), ())


def test_a_page_cut_short_loses_its_hits_only(large: bytes) -> None:
    class Short(ListSource):
        async def page(self, epoch: Epoch, number: int) -> bytes:
            data = await super().page(epoch, number)
            return data[: 10 * ROW_BYTES] if number == 0 else data

    assert queries(light(Short(large), [3, 200, 300])) == [0, 2]
