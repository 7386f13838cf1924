"""A purge is complete: nothing of what ran out is left in any file of the node."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from stillwatch.core.errors import ExternalError
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.node.barred import hit
from stillwatch.sharing.node.corrections import answer, appeal, withdraw
from stillwatch.sharing.node.days import DAY_US
from stillwatch.sharing.node.decisions import record, resting_on
from stillwatch.sharing.node.evidence import Question, commit, count, own_e
from stillwatch.sharing.node.policy import Reason, Step, Verdict
from stillwatch.sharing.node.received import Received, in_view, receive
from stillwatch.sharing.node.retention import log_purges, purge
from stillwatch.sharing.node.state import NodeState

Maker = Callable[..., Received]
NOW = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()) * 1_000_000
LATER = NOW + 100 * DAY_US
SOON, FAR = date(2026, 4, 1), date(2030, 1, 1)
PLANTED = b"planted-7f3a91"
VERDICT = Verdict(Step.REVERSIBLE, Reason.WITH_OTHERS, 2.0, 33.0)


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_nothing_is_left_on_the_disk(tmp_path: Path, state: NodeState, item: Maker) -> None:
    receive(state, [item(f"c{n}", retain_until=SOON, body=PLANTED * 50) for n in range(40)], NOW)
    receive(state, [item("kept", retain_until=FAR)], NOW)
    assert PLANTED in everything_in(tmp_path)
    assert purge(state, NOW) == 0
    assert purge(state, LATER) == 40
    assert PLANTED not in everything_in(tmp_path)
    assert in_view(state, "campaign", LATER) == (b"body of kept",)


def test_salts_and_evidence_go_after_24_months(tmp_path: Path, state: NodeState, log) -> None:  # type: ignore[no-untyped-def]
    question = Question("k", ("a",), "n", "1", "c", ("timing",))
    salt = b"planted-salt-of-32-bytes-exactly"
    number = commit(state, log, bytes(16), question, NOW, lambda _: salt)
    count(state, number, NOW + 1, NOW + 2, 1.0)
    assert purge(state, NOW + 700 * DAY_US) == 0
    assert own_e(state, number) > 1
    assert purge(state, NOW + 732 * DAY_US) == 1
    assert salt not in everything_in(tmp_path)


def test_opinions_and_notes_go_with_their_object_and_only_then(
    state: NodeState, item: Maker
) -> None:
    receive(
        state,
        [
            item("early", "not-here-yet", kind="note", retain_until=FAR),
            item("c", retain_until=SOON),
            item("d", retain_until=FAR),
            item("opinion", "c", kind="opinion", retain_until=FAR),
            item("about-it", "opinion", kind="note", retain_until=FAR),
            item("on-both", "c", "d", kind="relationship", retain_until=FAR),
            item("seen", "c", kind="sighting", retain_until=FAR),
        ],
        NOW,
    )
    assert purge(state, LATER) == 3
    assert in_view(state, "opinion", LATER) == ()
    assert in_view(state, "note", LATER) == (b"body of early",)
    assert in_view(state, "relationship", LATER) == (b"body of on-both",)
    assert in_view(state, "sighting", LATER) == (b"body of seen",)


def test_a_correction_still_reaches_decisions_over_what_is_gone(
    state: NodeState, item: Maker
) -> None:
    receive(
        state,
        [item("c", retain_until=FAR), item("s", "c", kind="sighting", retain_until=SOON)],
        NOW,
    )
    record(state, "d", "k", VERDICT, ["s"], NOW)
    assert purge(state, LATER) == 1
    assert [decided.decision_id for decided in resting_on(state, "c")] == ["d"]
    assert [review.decision_id for review in withdraw(state, "c", "error", LATER)] == ["d"]


def test_matches_and_answered_appeals_go_too(tmp_path: Path, state: NodeState, item: Maker) -> None:
    receive(state, [item("c", retain_until=SOON)], NOW)
    appeal(state, "note--planted-appeal", "c", date(2026, 3, 2))
    answer(state, "note--planted-appeal", granted=False, at_us=NOW)
    hit(state, b"tag", "planted-account", 10_000, NOW)
    purge(state, NOW + 200 * DAY_US)
    left = everything_in(tmp_path)
    assert b"planted-account" not in left
    assert b"planted-appeal" not in left


def test_a_purge_is_a_leaf_and_a_log_that_is_down_delays_only_that(  # type: ignore[no-untyped-def]
    state: NodeState, item: Maker, log
) -> None:
    receive(state, [item(f"c{n}", retain_until=SOON) for n in range(12)], NOW)
    purge(state, LATER)
    log.down = True
    with pytest.raises(ExternalError):
        log_purges(state, log, bytes(16))
    log.down = False
    assert log_purges(state, log, bytes(16)) == 1
    assert log_purges(state, log, bytes(16)) == 0
    assert log.leaves == [(LeafKind.PURGE, bytes(16), {"week": "2026-W24", "count_band": "10s"})]


def test_a_reader_that_holds_copies_is_told_of(
    tmp_path: Path, state: NodeState, item: Maker
) -> None:
    with state.transaction() as rows:
        rows.execute("PRAGMA busy_timeout=0")
    receive(state, [item("c", retain_until=SOON)], NOW)
    reader = sqlite3.connect(tmp_path / "node.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM object").fetchall()
    with pytest.raises(ExternalError):
        purge(state, LATER)
    reader.close()
    purge(state, LATER)
    assert b"body of c" not in everything_in(tmp_path)
