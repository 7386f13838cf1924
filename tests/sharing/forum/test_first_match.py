"""From nothing to a first match, a decision, a withdrawal and its review; real servers."""

from __future__ import annotations

import csv
from pathlib import Path

from forum.local_forum import PLANTED, at, held_by_servers, identifiers
from stillwatch.sharing.forum import audit_export, log_copy, outbox, publishing, speaking
from stillwatch.sharing.forum.matching import Cluster, Match, match
from stillwatch.sharing.forum.node import Node
from stillwatch.sharing.forum.processes import LocalForum
from stillwatch.sharing.forum.publishing import Published
from stillwatch.sharing.forum.pulling import Pulled, pull
from stillwatch.sharing.node import evidence
from stillwatch.sharing.node.days import DAY_US
from stillwatch.sharing.node.evidence import Question
from stillwatch.sharing.node.policy import Reason, Step

QUESTION = Question(
    "x", (f"{PLANTED}-1", "y"), "coordination", "1", "cal-0000000000000000", ("timing",)
)


def test_a_campaign_travels(forum: LocalForum, fields: dict[str, object], tmp_path: Path) -> None:
    given = identifiers(tmp_path / "a", range(12))

    async def share(node: Node) -> Published:
        return await publishing.publish(node, publishing.draft(node, "C-1", fields), given)

    shared = at(forum, "a", share)
    assert (shared.objects, shared.rows) == (3, 12)
    assert at(forum, "a", share) == shared

    async def state(node: Node) -> str:
        number = speaking.commit(node, shared.campaign_id, QUESTION)
        first = node.now_us + DAY_US
        evidence.count(node.state, number, first, first + DAY_US, 5.2)
        return await speaking.sight(node, shared.campaign_id, number, ())

    at(forum, "a", state)

    def look(controls: int) -> list[Match]:
        suspects = identifiers(tmp_path / "b", range(6, 16))
        benign = identifiers(tmp_path / "c", range(controls), "CUSTOMER") if controls else {}
        return at(forum, "b", lambda node: match(node, Cluster("k", suspects, benign)))

    pulled: Pulled = at(forum, "b", pull)
    assert pulled.objects >= 4
    assert pulled.rows >= 12
    assert pulled.refused == 0
    assert at(forum, "b", pull) == Pulled()
    (alone,) = look(0)
    assert (alone.hits, alone.of, alone.link) == (6, 10, 0.0)
    assert alone.verdict.step is Step.INVESTIGATE
    (found,) = look(40)
    assert found.link == 200.0
    # One other of two members stated 2^7; halved against V, it is enough for what can be undone.
    assert (found.verdict.step, found.verdict.total_e) == (Step.REVERSIBLE, 64.0)
    assert found.verdict.reason is Reason.WITH_OTHERS

    at(forum, "a", lambda node: speaking.withdraw(node, shared.campaign_id, "error"))
    after: Pulled = at(forum, "b", pull)
    assert after.reviews == 2
    assert look(40) == []

    async def export(node: Node) -> dict[str, int]:
        return audit_export.export(node, tmp_path / "audit")

    counts = at(forum, "b", export)
    assert (counts["decisions"], counts["reviews"], counts["withdrawals"]) == (2, 2, 2)
    with (tmp_path / "audit" / "reviews.csv").open() as file:
        assert [row["cause"] for row in csv.DictReader(file)] == [shared.campaign_id] * 2
    page = (tmp_path / "audit" / "audit.html").read_text()
    assert "with-others-evidence" in page
    assert PLANTED not in page
    _nothing_leaked(forum)


def _nothing_leaked(forum: LocalForum) -> None:
    held = held_by_servers(forum)
    assert len(held) > 10_000
    assert b"distillation" in held  # what was shared is there
    assert PLANTED.encode() not in held
    for parcel in outbox.every(forum.folder / "node-a"):
        assert PLANTED not in parcel.path.read_text()


def test_the_logs_verify_and_a_rewritten_one_does_not(forum: LocalForum) -> None:
    async def verify(node: Node) -> list[int]:
        copies = (log_copy.board_log(node), log_copy.keyholder_copy(node))
        audits = [await copy.refresh() for copy in copies]
        assert not any(audit.faults for audit in audits)
        return [audit.checkpoint.size for audit in audits]

    board, keyholder = at(forum, "b", verify)
    assert keyholder >= 11  # a key for each type
    assert board >= 0
