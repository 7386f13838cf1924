"""Quotas: whole or not at all, for each member, type and day; a restart resets nothing."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from stillwatch.core.errors import ExternalError, SharingRefused
from stillwatch.sharing.private.id_types import IdType
from stillwatch.sharing.private.quotas import DAILY, Quotas
from stillwatch.sharing.private.refused import QuotaSpent

from .stand_ins import NOW, Clock

SMALL = dict.fromkeys(IdType, 200)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quotas(tmp_path: Path, clock: Clock) -> Quotas:
    return Quotas(tmp_path / "quotas.sqlite", clock, SMALL)


def test_the_defaults_are_the_published_ones() -> None:
    assert DAILY[IdType.EMAIL] == DAILY[IdType.IP4] == 200_000
    assert DAILY[IdType.TEMPLATE_BAND] == 400_000
    assert set(DAILY) == set(IdType)


def test_a_quota_is_used_whole_or_not_at_all(quotas: Quotas, clock: Clock) -> None:
    clock.now = NOW + 3600
    quotas.take("a", IdType.EMAIL, 128)
    with pytest.raises(QuotaSpent) as caught:
        quotas.take("a", IdType.EMAIL, 128)
    assert caught.value.retry_after_seconds == 86_400 - 3600 + 1
    quotas.take("a", IdType.EMAIL, 64)
    for member, id_type in (("b", IdType.EMAIL), ("a", IdType.PHONE)):
        quotas.take(member, id_type, 200)
    with pytest.raises(QuotaSpent):
        quotas.take("c", IdType.EMAIL, 256)


def test_a_new_day_begins_at_midnight(quotas: Quotas, clock: Clock) -> None:
    quotas.take("a", IdType.EMAIL, 200)
    clock.now = NOW + 86_399
    with pytest.raises(QuotaSpent):
        quotas.take("a", IdType.EMAIL, 64)
    clock.now += 1
    quotas.take("a", IdType.EMAIL, 200)


def test_a_clock_put_back_grants_nothing(quotas: Quotas, clock: Clock) -> None:
    quotas.take("a", IdType.EMAIL, 200)
    clock.now = NOW + 86_400
    quotas.take("a", IdType.EMAIL, 200)
    clock.now = NOW
    with pytest.raises(QuotaSpent):
        quotas.take("a", IdType.EMAIL, 64)


def test_a_restart_resets_nothing(quotas: Quotas, tmp_path: Path, clock: Clock) -> None:
    quotas.take("a", IdType.EMAIL, 192)
    quotas.suspend("b")
    quotas.close()
    again = Quotas(tmp_path / "quotas.sqlite", clock, SMALL)
    with pytest.raises(QuotaSpent):
        again.take("a", IdType.EMAIL, 64)
    with pytest.raises(SharingRefused):
        again.take("b", IdType.EMAIL, 64)


def test_what_was_not_evaluated_is_given_back(quotas: Quotas) -> None:
    day = quotas.take("a", IdType.EMAIL, 192)
    quotas.give_back("a", IdType.EMAIL, 192, day)
    quotas.take("a", IdType.EMAIL, 192)


def test_who_does_not_open_is_suspended(quotas: Quotas) -> None:
    quotas.suspend("a")
    quotas.suspend("a")
    with pytest.raises(SharingRefused) as caught:
        quotas.take("a", IdType.EMAIL, 64)
    assert caught.value.code == "sw.quota.suspended"
    quotas.resume("a")
    quotas.take("a", IdType.EMAIL, 200)


def test_threads_together_take_no_more_than_the_quota(tmp_path: Path, clock: Clock) -> None:
    quotas = Quotas(tmp_path / "q.sqlite", clock, dict.fromkeys(IdType, 10))
    taken: list[int] = []

    def work() -> None:
        for _ in range(10):
            try:
                taken.append(quotas.take("a", IdType.EMAIL, 1))
            except QuotaSpent:
                continue

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 10


def test_a_broken_file_is_said(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "broken.sqlite"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(ExternalError):
        Quotas(path, clock)


def test_a_full_disk_is_said_and_uses_nothing(quotas: Quotas) -> None:
    pages = quotas._db.execute("PRAGMA page_count").fetchone()[0]
    quotas._db.execute(f"PRAGMA max_page_count = {pages}")
    quotas._db.execute("CREATE TEMP TRIGGER full BEFORE INSERT ON used BEGIN "
                       "SELECT RAISE(FAIL, 'disk full'); END")  # fmt: skip
    with pytest.raises(ExternalError):
        quotas.take("a", IdType.EMAIL, 64)
    quotas._db.execute("DROP TRIGGER full")
    quotas.take("a", IdType.EMAIL, 200)
    assert isinstance(quotas._db, sqlite3.Connection)
