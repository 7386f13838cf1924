"""Objects are kept once, as long as allowed, whatever the order in which they come."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from stillwatch.core.errors import InputError
from stillwatch.sharing.node.corrections import appeal, expire_appeals, withdraw
from stillwatch.sharing.node.days import DAY_US
from stillwatch.sharing.node.policy import Reason
from stillwatch.sharing.node.received import Received, in_view, kept_until, receive, why_gone
from stillwatch.sharing.node.state import NodeState

Maker = Callable[..., Received]
NOW = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()) * 1_000_000


def test_an_object_is_kept_once_and_never_replaced_by_an_older_one(
    tmp_path: Path, item: Maker
) -> None:
    old, new = (item("c", version=v, body=v.encode()) for v in ("2026-01", "2026-02"))
    for number, order in enumerate(itertools.permutations([old, new, new, old])):
        state = NodeState(tmp_path / f"{number}")
        receive(state, order, NOW)
        assert in_view(state, "campaign", NOW) == (b"2026-02",)
        assert receive(state, order, NOW) == 0
        state.close()


def test_a_withdrawal_holds_whenever_it_comes(tmp_path: Path, item: Maker) -> None:
    for first in (True, False):
        state = NodeState(tmp_path / f"{first}")
        if first:
            withdraw(state, "c", "error", NOW)
        receive(state, [item("c")], NOW)
        if not first:
            withdraw(state, "c", "error", NOW)
        receive(state, [item("c", version="2027")], NOW)
        assert in_view(state, "campaign", NOW) == ()
        assert why_gone(state, "c", NOW) is Reason.WITHDRAWN
        state.close()


def test_what_is_contested_and_unanswered_leaves_the_view(state: NodeState, item: Maker) -> None:
    receive(state, [item("c"), item("d")], NOW)
    appeal(state, "note--1", "c", date(2026, 3, 2))
    assert len(in_view(state, "campaign", NOW)) == 2
    expire_appeals(state, NOW + 30 * DAY_US)
    assert in_view(state, "campaign", NOW + 30 * DAY_US) == (b"body of d",)
    assert why_gone(state, "c", NOW) is Reason.EXPIRED
    assert why_gone(state, "d", NOW) is None


def test_an_object_is_kept_no_longer_than_sender_and_kind_allow(item: Maker) -> None:
    far = date(2040, 1, 1)
    week = {"last_week": "2026-W09", "retain_until": far}
    assert kept_until(item("c", **week), NOW) == date(2027, 3, 1)
    assert kept_until(item("s", kind="sighting", retain_until=far), NOW) == date(2028, 3, 2)
    assert kept_until(item("c", last_week="2026-W09", retain_until=date(2026, 4, 1)), NOW) == date(
        2026, 4, 1
    )


def test_an_object_out_of_date_is_out_of_view(state: NodeState, item: Maker) -> None:
    receive(state, [item("c", retain_until=date(2026, 3, 2))], NOW)
    assert in_view(state, "campaign", NOW)
    assert not in_view(state, "campaign", NOW + DAY_US)
    assert why_gone(state, "c", NOW + DAY_US) is Reason.EXPIRED
    assert why_gone(state, "never received", NOW) is Reason.EXPIRED


def test_one_bad_week_keeps_nothing_of_the_batch(state: NodeState, item: Maker) -> None:
    with pytest.raises(InputError):
        receive(state, [item("c"), item("d", last_week="soon")], NOW)
    assert in_view(state, "campaign", NOW) == ()
