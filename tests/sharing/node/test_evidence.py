"""Evidence: committed to first, counted once, stated rounded down, never on what linked it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from stillwatch.core.errors import ExternalError, InputError, SharingRefused, StillwatchError
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.node import evidence
from stillwatch.sharing.node.days import DAY_US
from stillwatch.sharing.node.evidence import Question, cluster_digest, commit, count, own_e
from stillwatch.sharing.node.state import NodeState

START = 1_772_409_600_000_000  # 2 March 2026
PSEUDONYM = bytes(16)
QUESTION = Question(
    "k-1",
    ("planted-b", "planted-a"),
    "coordination",
    "0.1.0",
    "cal-00c0ffee00c0ffee",
    ("timing", "payment"),
)


def test_a_commitment_is_a_leaf_before_anything_counts(state: NodeState, log) -> None:  # type: ignore[no-untyped-def]
    number = commit(state, log, PSEUDONYM, QUESTION, START, lambda n: b"s" * n)
    [(kind, pseudonym, event)] = log.leaves
    assert (kind, pseudonym) == (LeafKind.EVIDENCE_COMMITTED, PSEUDONYM)
    opened = cluster_digest(evidence.opening(state, number), ["planted-a", "planted-b"])
    assert event["cluster"] == opened.hex()
    assert "planted" not in str(log.leaves)
    with pytest.raises(SharingRefused) as refused:
        count(state, number, START, START + DAY_US, 1.0)
    assert refused.value.code == "sw.evidence.selection"
    assert count(state, number, START + 1, START + DAY_US, 1.0) == 1.0


def test_without_the_log_there_is_no_commitment(state: NodeState, log) -> None:  # type: ignore[no-untyped-def]
    log.down = True
    with pytest.raises(ExternalError):
        commit(state, log, PSEUDONYM, QUESTION, START)
    with pytest.raises(InputError, match="no such commitment"):
        count(state, 1, START + 1, START + 2, 1.0)
    log.down = False
    assert commit(state, log, PSEUDONYM, QUESTION, START) == 1


def test_a_window_counts_once_and_windows_do_not_overlap(state: NodeState, log) -> None:  # type: ignore[no-untyped-def]
    number = commit(state, log, PSEUDONYM, QUESTION, START)
    count(state, number, START + 1, START + DAY_US, 1.0)
    for first in (START + 1, START + DAY_US):
        with pytest.raises(SharingRefused) as refused:
            count(state, number, first, START + 3 * DAY_US, 1.0)
        assert refused.value.code == "sw.evidence.counted"
    assert count(state, number, START + DAY_US + 1, START + 2 * DAY_US, 0.5) == 1.5
    assert own_e(state, number) == pytest.approx(math.exp(1.5))


def test_a_statement_is_plain_banded_and_rounded_down(state: NodeState, log) -> None:  # type: ignore[no-untyped-def]
    number = commit(state, log, PSEUDONYM, QUESTION, START)
    count(state, number, START + 1, START + 8 * DAY_US, math.log(181))
    stated = evidence.statement(state, number, ["template"])
    assert stated == {
        "null_id": "coordination",
        "e_log2": 7,
        "basis_families": ["payment", "timing"],
        "link_families_used": ["template"],
        "selection": "pre-committed",
        "commit_leaf": 0,
        "window_first": "2026-W10",
        "window_last": "2026-W11",
        "calibration_id": "cal-00c0ffee00c0ffee",
    }
    count(state, number, START + 9 * DAY_US, START + 9 * DAY_US, -math.inf)
    with pytest.raises(SharingRefused, match="below 1") as refused:
        evidence.statement(state, number, ["template"])
    assert refused.value.code == "sw.evidence.none"
    assert own_e(state, number) == 0.0


def test_what_linked_the_cluster_is_no_evidence_about_it(state: NodeState, log) -> None:  # type: ignore[no-untyped-def]
    number = commit(state, log, PSEUDONYM, QUESTION, START)
    with pytest.raises(InputError, match="nothing was counted"):
        evidence.statement(state, number, [])
    count(state, number, START + 1, START + 2, 1.0)
    with pytest.raises(SharingRefused, match="payment") as refused:
        evidence.statement(state, number, ["payment", "template"])
    assert refused.value.code == "sw.evidence.disjoint"


@pytest.mark.parametrize(
    "call",
    [
        lambda s, log: commit(s, log, PSEUDONYM, dataclasses.replace(QUESTION, accounts=()), START),
        lambda s, log: commit(
            s, log, PSEUDONYM, dataclasses.replace(QUESTION, basis_families=()), START
        ),
        lambda s, _: count(s, 1, START + 1, START, 1.0),
        lambda s, _: count(s, 1, START + 1, START + 2, math.nan),
        lambda s, _: count(s, 1, START + 1, START + 2, math.inf),
        lambda s, _: evidence.statement(s, 9, []),
        lambda s, _: own_e(s, 9),
    ],
)
def test_what_makes_no_sense_is_refused_without_saying_whom_it_is_about(  # type: ignore[no-untyped-def]
    call, state: NodeState, log
) -> None:
    commit(state, log, PSEUDONYM, QUESTION, START)
    with pytest.raises(InputError) as refused:
        call(state, log)
    assert isinstance(refused.value, StillwatchError)
    assert "planted" not in str(refused.value)


def test_a_digest_depends_on_salt_and_accounts_and_on_nothing_else() -> None:
    one = cluster_digest(b"x" * 32, ["ab", "c"])
    assert one == cluster_digest(b"x" * 32, ["c", "ab", "c"])
    assert one != cluster_digest(b"x" * 32, ["a", "bc"])
    assert one != cluster_digest(b"y" * 32, ["ab", "c"])


def test_counting_what_chose_the_cluster_would_be_no_evidence(state: NodeState, log) -> None:  # type: ignore[no-untyped-def]
    """The rule that is enforced, shown to matter: the best of 20 clusters by its first week."""
    rng = np.random.default_rng(4)
    weeks = 0.5 * rng.standard_normal((4000, 20, 2)) - 0.125  # log increments under the null
    best = weeks[:, :, 0].argmax(axis=1)
    both = np.exp(weeks[np.arange(4000), best].sum(axis=1))
    fresh = np.exp(weeks[np.arange(4000), best, 1])
    assert both.mean() > 1.5
    assert fresh.mean() < 1 + 3 * fresh.std() / math.sqrt(4000)
    number = commit(state, log, PSEUDONYM, QUESTION, START)
    with pytest.raises(SharingRefused):
        count(state, number, START - 7 * DAY_US, START, float(weeks[0, best[0], 0]))
