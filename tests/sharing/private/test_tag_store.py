"""The board's rows: whole sets or nothing, numbered once, mirrored without loss, purged in time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from stillwatch.core.errors import ExternalError, InputError, SharingRefused
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.private import tag_store
from stillwatch.sharing.private.id_types import Epoch, IdType, week_of
from stillwatch.sharing.private.mirror import Mirror, light_search, pull_index
from stillwatch.sharing.private.records import Confidence, Record, TagKey, seal
from stillwatch.sharing.private.refused import EpochOver
from stillwatch.sharing.private.rows import Row, RowFlag, tag_set
from stillwatch.sharing.private.tag_store import TagStore

from .stand_ins import NOW, Clock, ListLog

EPOCH = Epoch.at(IdType.EMAIL, NOW)
A = b"a" * 16
RECORD = Record(b"c" * 16, frozenset({5}), Confidence.HIGH, 2900, 2900, 20_600, "desk")


def key(number: int, epoch: Epoch = EPOCH) -> TagKey:
    return TagKey.of(epoch, number.to_bytes(64, "big"))


def row(number: int, pseudonym: bytes = A, epoch: Epoch = EPOCH) -> Row:
    made = key(number, epoch)
    sealed = seal(made, pseudonym, RECORD)
    return Row(0, epoch, week_of(NOW), RowFlag(0), made.tag, sealed)


def joined(rows: list[Row]) -> bytes:
    return b"".join(one.encode() for one in rows)


def batch(start: int = 0, count: int = 5) -> bytes:
    return joined([row(number) for number in range(start, start + count)])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log() -> ListLog:
    return ListLog()


@pytest.fixture
def store(tmp_path: Path, log: ListLog, clock: Clock) -> TagStore:
    return TagStore(tmp_path / "tags", log, clock)


def sequence(store: TagStore, epoch: Epoch = EPOCH) -> list[int]:
    data = asyncio.run(store.rows(epoch, 0))
    return [Row.decode(data[at : at + 280]).seq for at in range(0, len(data), 280)]


def test_a_set_is_numbered_and_logged(store: TagStore, log: ListLog) -> None:
    rows = [row(number) for number in range(6)]
    accepted = store.add(A, joined(rows))
    assert (accepted.first, accepted.count, accepted.root) == (1, 6, tag_set(rows)[1])
    assert sequence(store) == list(range(1, 7))
    ((kind, pseudonym, event),) = log.leaves
    assert (kind, pseudonym) == (LeafKind.SHARE, A)
    assert event == {
        "type": "email",
        "epoch": EPOCH.number,
        "set_root": accepted.root.hex(),
        "row_first": 1,
        "row_last": 6,
    }


def test_the_same_set_is_stored_once(store: TagStore, tmp_path: Path, log: ListLog) -> None:
    data = batch()
    first = store.add(A, data)
    assert store.add(A, data) == first
    again = TagStore(tmp_path / "tags", log, Clock())
    assert again.add(A, data) == first
    assert sequence(again) == [1, 2, 3, 4, 5]
    assert len(log.leaves) == 1


def test_a_node_mirrors_and_finds_what_was_posted(store: TagStore, tmp_path: Path) -> None:
    store.add(A, batch(0, 300))
    mirror = Mirror(tmp_path / "mirror")
    assert asyncio.run(mirror.pull(store, EPOCH)) == 300
    store.add(b"b" * 16, joined([row(n, b"b" * 16) for n in range(7, 12)]))
    assert asyncio.run(mirror.pull(store, EPOCH)) == 5
    found = mirror.search(EPOCH, [key(7), key(999)], NOW)
    assert [hit.row.record.pseudonym for hit in found.hits] == [A, b"b" * 16]

    async def light() -> int:
        index = await pull_index(store, EPOCH)
        return len((await light_search(store, index, [key(7)], EPOCH, NOW)).hits)

    assert asyncio.run(light()) == 2
    back = [replace(hit.row, seq=0, flags=RowFlag.WITHDRAWN) for hit in found.hits[:1]]
    store.add(A, joined(back))
    asyncio.run(mirror.pull(store, EPOCH))
    assert len(mirror.search(EPOCH, [key(7)], NOW).hits) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"seq": 1}, "sw.row.seq"),
        ({"expiry_week": week_of(NOW) - 1}, "sw.row.expiry"),
        ({"expiry_week": week_of(EPOCH.destroyed_from) + 1}, "sw.row.expiry"),
        ({"epoch": Epoch(IdType.EMAIL, EPOCH.number - 1)}, "sw.id.epoch"),
        ({"record": replace(row(0).record, pseudonym=b"b" * 16)}, "sw.row.pseudonym"),
    ],
    ids=["numbered", "past", "too_late", "other_epoch", "another"],
)
def test_rows_against_the_rules_are_refused_with_their_set(
    store: TagStore, log: ListLog, change: dict[str, object], code: str
) -> None:
    rows = [row(number) for number in range(5)]
    data = joined([*rows, replace(row(9), **change)])  # type: ignore[arg-type]
    with pytest.raises(SharingRefused) as caught:
        store.add(A, data)
    assert caught.value.code == code
    assert sequence(store) == []
    assert log.leaves == []


def test_small_large_and_torn_sets_are_refused(store: TagStore) -> None:
    with pytest.raises(SharingRefused) as caught:
        store.add(A, batch(0, 4))
    assert caught.value.code == "sw.threshold.tags"
    for data in (batch()[:-1], bytes(280), batch()[:280] * 10_001):
        with pytest.raises((InputError, SharingRefused)):
            store.add(A, data)
    assert sequence(store) == []


def test_an_epoch_takes_rows_in_its_time_only(store: TagStore, clock: Clock) -> None:
    ip4 = Epoch.at(IdType.IP4, NOW)
    rows = [replace(row(n, epoch=ip4), expiry_week=week_of(ip4.end)) for n in range(5)]
    clock.now = ip4.destroyed_from - 1
    store.add(A, joined(rows))
    clock.now += 1
    with pytest.raises(EpochOver):
        store.add(A, joined(rows))
    clock.now = ip4.start - 1
    with pytest.raises(SharingRefused):
        store.add(A, joined(rows))


def test_a_purge_is_whole_logged_and_gives_no_number_twice(
    store: TagStore, tmp_path: Path, clock: Clock, log: ListLog
) -> None:
    store.add(A, batch())
    clock.now = EPOCH.destroyed_from - 1
    assert store.purge() == []
    clock.now += 1
    assert store.purge() == [EPOCH]
    assert log.of(LeafKind.PURGE) == [{"type": "email", "epoch": EPOCH.number}]
    assert [path.name for path in (tmp_path / "tags").iterdir()] == ["seq"]
    assert sequence(store) == []
    following = Epoch.at(IdType.EMAIL, clock.now)
    again = TagStore(tmp_path / "tags", log, clock)
    week = week_of(clock.now)
    rows = [replace(row(n, epoch=following), expiry_week=week) for n in range(5)]
    assert again.add(A, joined(rows)).first == 6
    assert again.purge() == []


class Killed(BaseException):
    """Stands for kill -9."""


@pytest.fixture(params=["rows", "log", "sets"])
def failing(
    request: pytest.FixtureRequest, store: TagStore, monkeypatch: pytest.MonkeyPatch
) -> BaseException:
    """Fail at one of the three steps of a set, once; half of what it writes is written."""
    error = request.getfixturevalue("error")
    real = tag_store.append_durably

    def half(path: Path, data: bytes) -> None:
        wanted = ".rows" if request.param == "rows" else ".sets"
        if path.suffix != wanted or request.param == "log":
            real(path, data)
            return
        monkeypatch.undo()
        with path.open("ab") as file:
            file.write(data[: len(data) // 2])
        raise error

    monkeypatch.setattr(tag_store, "append_durably", half)
    monkeypatch.setattr("stillwatch.sharing.private.row_files.append_durably", half)
    if request.param == "log":

        def append(*_: object) -> int:
            monkeypatch.undo()
            raise error

        monkeypatch.setattr(store._log, "append", append)
    return error


@pytest.mark.parametrize("error", [OSError(28, "No space left"), Killed()], ids=["full", "killed"])
def test_a_set_cut_short_is_stored_once_all_the_same(
    store: TagStore,
    tmp_path: Path,
    log: ListLog,
    failing: BaseException,
    error: BaseException,
) -> None:
    data = batch()
    with pytest.raises((ExternalError, Killed)):
        store.add(A, data)
    assert sequence(store) == []
    after = store if isinstance(error, OSError) else TagStore(tmp_path / "tags", log, Clock())
    assert sequence(after) == []
    assert after.add(A, data).first == 1
    after.add(A, batch(10))
    assert sequence(after) == list(range(1, 11))
    restarted = TagStore(tmp_path / "tags", log, Clock())
    assert sequence(restarted) == list(range(1, 11))
    assert restarted.add(A, data).first == 1
