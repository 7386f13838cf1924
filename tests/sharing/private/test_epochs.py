"""Keys of epochs: fresh, published before use, gone after; interrupted at every step."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest

from stillwatch.core.errors import ExternalError, SharingRefused
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.private import epochs
from stillwatch.sharing.private.epochs import EpochKeys
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.refused import EpochOver

from .stand_ins import NOW, Clock, ListLog

IP4 = Epoch.at(IdType.IP4, NOW)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log() -> ListLog:
    return ListLog()


@pytest.fixture
def keys(tmp_path: Path, log: ListLog, clock: Clock) -> EpochKeys:
    made = EpochKeys(tmp_path / "keys", log, clock)
    made.rotate()
    return made


def seed(tmp_path: Path, epoch: Epoch = IP4) -> Path:
    return tmp_path / "keys" / f"{epoch.id_type.label}.{epoch.number}.seed"


def test_every_type_has_a_key_of_its_own(keys: EpochKeys, log: ListLog) -> None:
    listing = keys.listing()
    assert {key.type for key in listing} == {known.label for known in IdType}
    assert len({key.public_key for key in listing}) == len(listing)
    published = log.of(LeafKind.EPOCH_KEY_PUBLISHED)
    for key in listing:
        assert published[key.leaf]["public_key"] == key.public_key
        assert published[key.leaf]["suite"] == "ristretto255-SHA512"
    assert keys.evaluator(IP4).public_key.hex() in {key.public_key for key in listing}


def test_seeds_are_fresh_and_private(keys: EpochKeys, tmp_path: Path) -> None:
    seeds = [path.read_bytes() for path in (tmp_path / "keys").glob("*.seed")]
    assert len(set(seeds)) == len(seeds) >= len(IdType)
    assert all(len(one) == 32 for one in seeds)
    assert stat.S_IMODE(seed(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    for path in (tmp_path / "keys").glob("*.json"):
        assert not any(one.hex() in path.read_text() for one in seeds)


def test_the_next_key_is_published_a_day_ahead(keys: EpochKeys, clock: Clock, log: ListLog) -> None:
    following = Epoch(IdType.IP4, IP4.number + 1)
    clock.now = following.start - 86_401
    keys.rotate()
    before = len(log.leaves)
    clock.now += 2
    keys.rotate()
    events = [event for _, _, event in log.leaves[before:] if event["type"] == "ip4"]
    assert [event["epoch"] for event in events] == [following.number]
    with pytest.raises(SharingRefused) as caught:
        keys.evaluator(following)
    assert caught.value.code == "sw.epoch.not_begun"
    clock.now = following.start
    keys.evaluator(following)


def test_rotating_again_changes_nothing(keys: EpochKeys, log: ListLog, tmp_path: Path) -> None:
    before = list(log.leaves), seed(tmp_path).read_bytes()
    keys.rotate()
    assert (list(log.leaves), seed(tmp_path).read_bytes()) == before


def test_a_key_answers_a_day_longer_and_then_never(keys: EpochKeys, clock: Clock) -> None:
    clock.now = IP4.end + 86_399
    keys.evaluator(IP4)
    clock.now += 1
    with pytest.raises(EpochOver):
        keys.evaluator(IP4)  # though nothing has rotated yet


def test_destruction_overwrites_removes_and_logs(
    keys: EpochKeys, clock: Clock, log: ListLog, tmp_path: Path
) -> None:
    path = seed(tmp_path)
    old, twin = path.read_bytes(), tmp_path / "twin"
    os.link(path, twin)  # the same bytes on the medium, under a name that stays
    keys.evaluator(IP4)
    clock.now = IP4.destroyed_from
    keys.rotate()
    assert not path.exists()
    assert twin.read_bytes() != old
    assert len(twin.read_bytes()) == 32
    ended = [(event["type"], event["epoch"]) for event in log.of(LeafKind.EPOCH_KEY_DESTROYED)]
    assert ended == [("ip4", IP4.number), ("ip6-64", IP4.number)]
    (key,) = [key for key in keys.listing() if (key.type, key.epoch) == ("ip4", IP4.number)]
    assert log.leaves[key.destroyed_leaf or 0][0] is LeafKind.EPOCH_KEY_DESTROYED
    keys.rotate()
    assert len(log.of(LeafKind.EPOCH_KEY_DESTROYED)) == 2


def test_a_restart_keeps_the_key(keys: EpochKeys, tmp_path: Path, clock: Clock) -> None:
    again = EpochKeys(tmp_path / "keys", ListLog(), clock)
    again.rotate()
    assert again.evaluator(IP4).public_key == keys.evaluator(IP4).public_key


def test_a_key_that_the_log_does_not_hold_never_answers(
    tmp_path: Path, log: ListLog, clock: Clock
) -> None:
    log.broken = True
    keys = EpochKeys(tmp_path / "keys", log, clock)
    with pytest.raises(ExternalError):
        keys.rotate()
    with pytest.raises(SharingRefused):
        keys.evaluator(IP4)
    log.broken = False
    keys.rotate()
    keys.evaluator(IP4)


def test_an_end_that_the_log_missed_is_logged_later(
    keys: EpochKeys, clock: Clock, log: ListLog, tmp_path: Path
) -> None:
    clock.now = IP4.destroyed_from
    log.broken = True
    with pytest.raises(ExternalError):
        keys.rotate()
    log.broken = False
    keys.rotate()
    assert not seed(tmp_path).exists()
    ends = [event for event in log.of(LeafKind.EPOCH_KEY_DESTROYED) if event["type"] == "ip4"]
    assert [event["epoch"] for event in ends] == [IP4.number]


class Killed(BaseException):
    """Stands for kill -9: nothing catches it."""


def test_killed_at_every_step_nothing_is_made_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every disk step and every append in turn ends the process; the next start makes it good."""
    for stop_at in range(0, 150, 7):
        folder, log, clock, step = tmp_path / str(stop_at), ListLog(), Clock(), [0]

        def fragile(real: object, step: list[int] = step, stop_at: int = stop_at) -> object:
            def call(*arguments: object, **named: object) -> object:
                step[0] += 1
                if step[0] == stop_at:
                    raise Killed
                return real(*arguments, **named)  # type: ignore[operator]

            return call

        with monkeypatch.context() as patch:
            patch.setattr(epochs.os, "fsync", fragile(os.fsync))
            patch.setattr(log, "append", fragile(log.append))
            try:
                EpochKeys(folder, log, clock).rotate()
                clock.now = IP4.destroyed_from
                EpochKeys(folder, log, clock).rotate()
            except Killed:
                pass
        keys = EpochKeys(folder, log, clock)
        keys.rotate()
        seen: dict[tuple[object, object], set[object]] = {}
        for event in log.of(LeafKind.EPOCH_KEY_PUBLISHED):
            seen.setdefault((event["type"], event["epoch"]), set()).add(event["public_key"])
        assert all(len(found) == 1 for found in seen.values())
        current = Epoch.at(IdType.IP4, clock.now)
        public_key = keys.evaluator(current).public_key.hex()
        assert seen["ip4", current.number] == {public_key}


def test_a_lost_or_changed_seed_is_said(keys: EpochKeys, tmp_path: Path, clock: Clock) -> None:
    for change in (lambda path: path.write_bytes(bytes(32)), lambda path: path.write_bytes(b"x")):
        change(seed(tmp_path))
        with pytest.raises(ExternalError, match="published"):
            EpochKeys(tmp_path / "keys", ListLog(), clock).evaluator(IP4)
    seed(tmp_path).unlink()
    with pytest.raises(ExternalError):
        EpochKeys(tmp_path / "keys", ListLog(), clock).evaluator(IP4)
    keys.rotate()
    assert not seed(tmp_path).exists()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"type": 1}'])
def test_a_damaged_record_is_said(keys: EpochKeys, tmp_path: Path, content: str) -> None:
    seed(tmp_path).with_suffix(".json").write_text(content)
    with pytest.raises(ExternalError, match="damaged"):
        keys.listing()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExternalError):
        EpochKeys(tmp_path / "file" / "keys", ListLog(), clock)


def test_no_seed_reaches_the_log(keys: EpochKeys, log: ListLog, tmp_path: Path) -> None:
    text = json.dumps([event for _, _, event in log.leaves])
    for path in (tmp_path / "keys").glob("*.seed"):
        assert not re.search(path.read_bytes().hex(), text)
