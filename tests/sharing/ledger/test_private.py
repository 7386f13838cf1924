"""The private store: all or nothing, and erased is erased."""

from __future__ import annotations

import sqlite3

import pytest

from stillwatch.core.errors import ExternalError
from stillwatch.sharing.ledger.leaves import Opening
from stillwatch.sharing.ledger.private import PrivateStore


@pytest.fixture
def store(tmp_path):
    opened = PrivateStore(tmp_path / "log.sqlite")
    yield opened
    opened.close()


def openings(count):
    return [Opening(bytes([n]) * 32, b'{"n":%d}' % n) for n in range(count)]


def test_what_was_added_is_found_again(store):
    store.add(5, [b"a", b"b", b"c"], openings(3))
    assert store.journal(5) == [b"a", b"b", b"c"]
    assert store.journal(6) == [b"b", b"c"]
    assert store.opening(6) == openings(3)[1]
    assert store.opening(4) is None
    store.trim(7)
    assert store.journal(7) == [b"c"]
    assert store.opening(5) == openings(3)[0]


def test_a_batch_is_stored_whole_or_not(store):
    store.add(2, [b"taken"], openings(1))
    with pytest.raises(ExternalError):
        store.add(0, [b"a", b"b", b"c"], openings(3))
    assert store.journal(2) == [b"taken"]
    assert store.opening(0) is None
    store.add(0, [b"a", b"b"], openings(2))
    assert store.journal(0) == [b"a", b"b", b"taken"]


def test_a_gap_is_reported(store):
    store.add(3, [b"a"], openings(1))
    with pytest.raises(ExternalError, match="leaf 2"):
        store.journal(2)


def test_erased_bytes_are_in_no_file(store, tmp_path):
    planted = b"planted-content-0123456789"
    store.add(0, [b"a"] * 50, [Opening(bytes(32), planted) for _ in range(50)])
    store.trim(50)

    def found():
        return [p.name for p in tmp_path.iterdir() if planted in p.read_bytes()]

    assert found()
    store.erase(range(50))
    assert store.opening(7) is None
    assert found() == []


def test_erasing_says_so_when_a_reader_keeps_old_pages(store, tmp_path):
    store.add(0, [b"a"], openings(1))
    reader = sqlite3.connect(tmp_path / "log.sqlite")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM openings").fetchall()
    store._database.execute("PRAGMA busy_timeout=0")
    with pytest.raises(ExternalError, match="in use"):
        store.erase([0])
    reader.close()
    store.erase([0])


def test_only_the_owner_may_read_it(store, tmp_path):
    store.add(0, [b"a"], openings(1))
    assert {p.stat().st_mode & 0o077 for p in tmp_path.iterdir()} == {0}


def test_a_full_disk_is_reported_and_nothing_stored(store):
    pages = store._database.execute("PRAGMA page_count").fetchone()[0]
    store._database.execute(f"PRAGMA max_page_count={pages + 1}")
    with pytest.raises(ExternalError, match="full"):
        store.add(0, [bytes(9000)], openings(1))
    store._database.execute("PRAGMA max_page_count=100000")
    assert store.journal(0) == []
    store.add(0, [bytes(9000)], openings(1))
    assert len(store.journal(0)) == 1


def test_no_database(tmp_path):
    (tmp_path / "file").write_bytes(b"no database, no database, no database" * 100)
    with pytest.raises(ExternalError):
        PrivateStore(tmp_path / "file")
    with pytest.raises(ExternalError):
        PrivateStore(tmp_path / "none" / "file")
