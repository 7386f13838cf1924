"""Tags on which nothing is to rest: public templates and the like, and tags that match too much.

A warning list holds what is known to be innocent and widespread (public benchmarks, prompt
libraries, framework defaults). Flood quarantine catches what no list knew: a tag that matches many
active accounts, or often in one hour, is popular or planted, and either way no sign of a campaign.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from stillwatch.sharing.node.days import HOUR_US
from stillwatch.sharing.node.policy import Reason
from stillwatch.sharing.node.state import NodeState


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """How much a tag may match before it is set aside.

    Attributes:
        share_of_active: Of the node's active accounts.
        hits_per_hour: In any hour.
    """

    share_of_active: float = 0.001
    hits_per_hour: int = 50


def warn(state: NodeState, tags: Iterable[bytes], at_us: int) -> None:
    """Add tags to the warning list."""
    with state.transaction() as rows:
        for tag in tags:
            _bar(rows, tag, Reason.WARNING_LISTED, at_us)


def why_barred(state: NodeState, tags: Iterable[bytes]) -> Reason | None:
    """Say why nothing is to rest on an object that carries these tags, if any of them is barred."""
    with state.transaction() as rows:
        found = {
            row["why"]
            for tag in tags
            for row in rows.execute("SELECT why FROM barred WHERE tag=?", (tag,))
        }
    return next((why for why in Reason if why in found), None)


def hit(
    state: NodeState,
    tag: bytes,
    account: str,
    active_accounts: int,
    at_us: int,
    limits: FloodLimits = FloodLimits(),
) -> bool:
    """Note that a tag matched an account; say whether it may be relied on.

    What is kept of a tag is bounded by the limits, whatever is thrown at it, and dropped once it
    is barred.

    Args:
        state: Of the node.
        tag: The tag, of any length.
        account: Who matched; stays at this node.
        active_accounts: Number of accounts the node has seen of late.
        at_us: When; times of one tag do not run backwards.
        limits: Of the node.
    """
    with state.transaction() as rows:
        if rows.execute("SELECT 1 FROM barred WHERE tag=?", (tag,)).fetchone():
            return False
        rows.execute("INSERT OR IGNORE INTO matched VALUES (?, ?)", (tag, account))
        rows.execute("DELETE FROM hit WHERE tag=? AND at_us <= ?", (tag, at_us - HOUR_US))
        rows.execute("INSERT INTO hit VALUES (?, ?)", (tag, at_us))
        accounts = _count(rows, "SELECT COUNT(*) FROM matched WHERE tag=?", tag)
        hits = _count(rows, "SELECT COUNT(*) FROM hit WHERE tag=?", tag)
        flooded = accounts > limits.share_of_active * active_accounts or hits > limits.hits_per_hour
        if flooded:
            _bar(rows, tag, Reason.FLOOD_QUARANTINE, at_us)
        return not flooded


def release(state: NodeState, tag: bytes) -> None:
    """Take a tag off the list or out of quarantine, after somebody looked at it."""
    with state.transaction() as rows:
        rows.execute("DELETE FROM barred WHERE tag=?", (tag,))


def _bar(rows: sqlite3.Connection, tag: bytes, why: Reason, at_us: int) -> None:
    rows.execute("INSERT OR IGNORE INTO barred VALUES (?, ?, ?)", (tag, why, at_us))
    rows.execute("DELETE FROM hit WHERE tag=?", (tag,))
    rows.execute("DELETE FROM matched WHERE tag=?", (tag,))


def _count(rows: sqlite3.Connection, query: str, tag: bytes) -> int:
    return int(rows.execute(query, (tag,)).fetchone()[0])
