"""Tags that match too much are set aside, and a flood costs no memory."""

from __future__ import annotations

from stillwatch.sharing.node.barred import FloodLimits, hit, release, warn, why_barred
from stillwatch.sharing.node.days import HOUR_US
from stillwatch.sharing.node.policy import Reason
from stillwatch.sharing.node.state import NodeState

TAG, OTHER = b"t" * 16, b"u" * 16
ACTIVE = 10_000  # 0.1 % of them is 10


def kept(state: NodeState) -> int:
    with state.transaction() as rows:
        hits = rows.execute("SELECT COUNT(*) FROM hit").fetchone()[0]
        return int(hits + rows.execute("SELECT COUNT(*) FROM matched").fetchone()[0])


def test_over_a_thousandth_of_the_active_accounts(state: NodeState) -> None:
    for n in range(10):
        assert hit(state, TAG, f"a{n}", ACTIVE, n * HOUR_US)
        assert hit(state, TAG, f"a{n}", ACTIVE, n * HOUR_US)  # the same account once more
    assert not hit(state, TAG, "a10", ACTIVE, 10 * HOUR_US)
    assert why_barred(state, [OTHER, TAG]) is Reason.FLOOD_QUARANTINE
    assert not hit(state, TAG, "a0", ACTIVE, 900 * HOUR_US)
    assert hit(state, OTHER, "a0", ACTIVE, 900 * HOUR_US)


def test_over_fifty_hits_in_any_hour(state: NodeState) -> None:
    """Half before and half after the full hour is as much as all in one."""
    half = HOUR_US // 2
    assert all(hit(state, TAG, "a", ACTIVE, half + n) for n in range(50))
    assert not hit(state, TAG, "a", ACTIVE, HOUR_US + 1)
    assert all(hit(state, OTHER, "a", ACTIVE, n * HOUR_US // 50) for n in range(500))


def test_a_flood_is_bounded_and_leaves_nothing(state: NodeState) -> None:
    most = 0
    for n in range(500):
        hit(state, TAG, f"a{n}", ACTIVE, n)
        most = max(most, kept(state))
    assert most <= 20
    assert kept(state) == 0


def test_a_warning_list_bars_until_somebody_looks(state: NodeState) -> None:
    hit(state, TAG, "a", ACTIVE, 1)
    warn(state, [TAG], 2)
    assert why_barred(state, [TAG]) is Reason.WARNING_LISTED
    assert not hit(state, TAG, "a", ACTIVE, 3)
    assert kept(state) == 0
    release(state, TAG)
    assert why_barred(state, [TAG]) is None
    assert hit(state, TAG, "a", ACTIVE, 4)


def test_limits_can_be_set(state: NodeState) -> None:
    limits = FloodLimits(share_of_active=1.0, hits_per_hour=2)
    assert [hit(state, TAG, "a", 5, n, limits) for n in range(3)] == [True, True, False]
