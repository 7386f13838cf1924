"""A member's own evidence: committed to before it is counted, and stated rounded down.

The exchanges that helped to find a cluster may not count as evidence about it (selection), and
what linked it to a campaign may not be what the evidence is based on (disjoint use). Both are
refused here, so that nobody has to remember them.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.contracts import LeafKind, LeafLog
from stillwatch.sharing.node.days import day_of, iso_week
from stillwatch.sharing.node.state import NodeState
from stillwatch.stats.forum import e_log2


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one cluster, fixed before any of its evidence is counted.

    Attributes:
        cluster: Name of the cluster at this node; never leaves it.
        accounts: Its accounts; only a salted digest of them is kept.
        null_id: Null hypothesis, from the forum's register.
        detector_version: What computes the evidence.
        calibration_id: What it was calibrated on.
        basis_families: Link families the evidence may rest on (X1 `link_families`).
    """

    cluster: str
    accounts: tuple[str, ...]
    null_id: str
    detector_version: str
    calibration_id: str
    basis_families: tuple[str, ...]


def cluster_digest(salt: bytes, accounts: Iterable[str]) -> bytes:
    """Return SHA-256 over a salt and the accounts in order, each with its length: 32 bytes."""
    digest = hashlib.sha256(salt)
    for account in sorted(set(accounts)):
        value = account.encode("utf-8", "surrogatepass")
        digest.update(len(value).to_bytes(8, "big") + value)
    return digest.digest()


def commit(
    state: NodeState,
    log: LeafLog,
    pseudonym: bytes,
    question: Question,
    at_us: int,
    new_salt: Callable[[int], bytes] = secrets.token_bytes,
) -> int:
    """Log a commitment to a question, then keep it; return its number at this node.

    The leaf comes first: a crash between the two leaves a commitment that nothing counts under,
    and committing again is safe.

    Args:
        state: Of the node.
        log: The transparency log.
        pseudonym: Of the member for the campaign, 16 bytes.
        question: Fixed from now on.
        at_us: When; only exchanges after it will count.
        new_salt: Gives so many random bytes.

    Raises:
        ExternalError: The log or the disk failed.
        InputError: A cluster without accounts, or evidence based on nothing.
    """
    if not (question.accounts and question.basis_families):
        raise InputError(
            "a commitment needs accounts and at least one family to base evidence on",
            "commit to a cluster once it is found, before its evidence is counted",
        )
    salt = new_salt(32)
    event = {
        "cluster": cluster_digest(salt, question.accounts).hex(),
        "null_id": question.null_id,
        "detector_version": question.detector_version,
        "calibration_id": question.calibration_id,
        "basis_families": sorted(question.basis_families),
        "start_us": at_us,
    }
    leaf = log.append(LeafKind.EVIDENCE_COMMITTED, pseudonym, event)
    with state.transaction() as rows:
        found = rows.execute(
            "INSERT INTO commitment VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                question.cluster,
                question.null_id,
                question.detector_version,
                question.calibration_id,
                " ".join(sorted(question.basis_families)),
                at_us,
                leaf,
                salt,
            ),
        )
        assert found.lastrowid is not None  # noqa: S101 (an INSERT of one row has one)
        return found.lastrowid


def opening(state: NodeState, commitment: int) -> bytes:
    """Return the salt, with which an auditor who is shown the accounts can check the commitment.

    Raises:
        InputError: No such commitment, or its time has run out and the salt is erased.
    """
    with state.transaction() as rows:
        return bytes(_commitment(rows, commitment)["salt"])


def may_count(committed_us: int, first_us: int) -> bool:
    """Say whether a window of exchanges that starts at `first_us` may count: only after."""
    return first_us > committed_us


def count(
    state: NodeState, commitment: int, first_us: int, last_us: int, log_e_increment: float
) -> float:
    """Add what one window of fresh exchanges says; return ln E so far.

    The same window twice is refused, so that a run that is repeated after a crash counts once.

    Args:
        state: Of the node.
        commitment: Number that `commit` returned.
        first_us: Start of the window; after the commitment and after every earlier window.
        last_us: End of the window, not before its start.
        log_e_increment: Natural logarithm of a factor that is valid given the past: this member's
            and all that the board has shown it. -inf says that the null is certain.

    Raises:
        SharingRefused: The window holds exchanges that chose the cluster or were counted.
        InputError: No such commitment, a window that ends before it starts, or no number.
    """
    if math.isnan(log_e_increment) or log_e_increment == math.inf or last_us < first_us:
        raise InputError("an increment is a number below infinity, over a window with an end")
    with state.transaction() as rows:
        found = _commitment(rows, commitment)
        latest = rows.execute(
            "SELECT MAX(last_us) FROM evidence WHERE commitment_id=?", (commitment,)
        ).fetchone()[0]
        if not may_count(found["committed_us"], first_us):
            raise SharingRefused(
                "these exchanges were seen before the commitment, so they cannot be evidence",
                "count exchanges after it, or divide by the number of clusters that were scored",
                "sw.evidence.selection",
            )
        if latest is not None and first_us <= latest:
            raise SharingRefused(
                "these exchanges were counted already",
                "start the window after the one before",
                "sw.evidence.counted",
            )
        rows.execute(
            "INSERT INTO evidence VALUES (?, ?, ?, ?)",
            (commitment, first_us, last_us, log_e_increment),
        )
        return _log_e(rows, commitment)


def statement(
    state: NodeState, commitment: int, link_families: Iterable[str]
) -> Mapping[str, object]:
    """Return the X5 fields that state the evidence so far, as plain values.

    Args:
        state: Of the node.
        commitment: Number that `commit` returned.
        link_families: Families that linked the cluster to the campaign.

    Raises:
        SharingRefused: A family is both link and basis: accounts that were matched on a template
            share one, innocent or not. Or E is below 1, which counts 0 and is not stated: what was
            stated before is withdrawn instead.
        InputError: No such commitment, or nothing was counted under it.
    """
    with state.transaction() as rows:
        found = _commitment(rows, commitment)
        window = rows.execute(
            "SELECT MIN(first_us), MAX(last_us) FROM evidence WHERE commitment_id=?", (commitment,)
        ).fetchone()
        log_e = _log_e(rows, commitment)
    basis, linked = found["basis"].split(), sorted(set(link_families))
    if both := set(basis) & set(linked):
        raise SharingRefused(
            f"{', '.join(sorted(both))}: what linked the cluster cannot be evidence about it",
            "commit to a question that rests on other families",
            "sw.evidence.disjoint",
        )
    if window[0] is None:
        raise InputError("nothing was counted under this commitment", "count fresh exchanges first")
    stated = e_log2(math.exp(min(log_e, 700.0)))
    if stated is None:
        raise SharingRefused(
            "the evidence is below 1: there is nothing to state",
            "withdraw what was stated before, if anything was",
            "sw.evidence.none",
        )
    return {
        "null_id": found["null_id"],
        "e_log2": stated,
        "basis_families": basis,
        **({"link_families_used": linked} if linked else {}),
        "selection": "pre-committed",
        "commit_leaf": found["leaf"],
        "window_first": iso_week(day_of(window[0])),
        "window_last": iso_week(day_of(window[1])),
        "calibration_id": found["calibration_id"],
    }


def own_e(state: NodeState, commitment: int) -> float:
    """Return E as it is, for the member's own question.

    Raises:
        InputError: No such commitment.
    """
    with state.transaction() as rows:
        _commitment(rows, commitment)
        return math.exp(min(_log_e(rows, commitment), 700.0))


def _commitment(rows: sqlite3.Connection, number: int) -> sqlite3.Row:
    found: sqlite3.Row | None = rows.execute(
        "SELECT * FROM commitment WHERE commitment_id=?", (number,)
    ).fetchone()
    if found is None:
        raise InputError("no such commitment at this node", "commit before counting")
    return found


def _log_e(rows: sqlite3.Connection, number: int) -> float:
    found = rows.execute("SELECT log_e FROM evidence WHERE commitment_id=?", (number,)).fetchall()
    return math.fsum(row["log_e"] for row in found)
