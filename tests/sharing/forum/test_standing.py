"""`corroborated` needs two members' own evidence, and goes with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from stillwatch.sharing.forum.founding import BOARD, found, member_id
from stillwatch.sharing.forum.standing import Standings
from stillwatch.sharing.governance.gate import fields_of
from stillwatch.sharing.node.days import iso_week
from stillwatch.sharing.stix import build
from stillwatch.sharing.stix.build import Handling, Stix
from stillwatch.sharing.stix.extensions import Extension
from stillwatch.sharing.stix.tlp import Level
from stillwatch.sharing.taxii import folder as boards
from stillwatch.sharing.taxii.app import Service
from stillwatch.sharing.taxii.collections import CAMPAIGNS, SIGHTINGS
from stillwatch.sharing.taxii.filters import parse
from stillwatch.sharing.taxii.members import MAIN_ROOT

NOW = datetime.now(UTC)  # a trial's register begins on the day it is made
WEEK = iso_week(NOW.date())


class Forum:
    """A board of three members without HTTP."""

    def __init__(self, folder: Path) -> None:
        urls = ("https://127.0.0.1:1", "https://127.0.0.1:2")
        facts = found(folder, ["a", "b", "c"], *urls, int(NOW.timestamp()))
        self.service: Service = boards.service_of(folder / BOARD, clock=lambda: NOW)
        until = NOW.date() + timedelta(30)
        self.how = Handling(
            Level.AMBER_STRICT, "lb-trial", "detect", until, audience=facts.audience
        )
        fields = {"tactic_ids": ["A1"], "account_band": "10s", "first_week": WEEK,
                  "last_week": WEEK, "rate_band": "1s", "link_families": ["payment"],
                  "member_state": "confirmed", "atlas_ids": ["AML.T0021"]}  # fmt: skip
        self.campaign = build.campaign(self.how, NOW, fields)
        self.post("a", CAMPAIGNS.id, self.campaign)
        self.standings = Standings(self.service.board, 3)

    def post(self, name: str, collection: str, stix: Stix) -> None:
        viewer = self.service.members.viewer(member_id(name), MAIN_ROOT)
        status = orjson.loads(self.service.board.post(viewer, collection, [stix]).status)
        assert status["success_count"] == 1, status

    def state(self, name: str, e_log2: int, null: str = "coordination") -> Stix:
        evidence = {"null_id": null, "e_log2": e_log2, "basis_families": ["timing"],
                    "selection": "pre-committed", "window_first": WEEK,
                    "window_last": WEEK}  # fmt: skip
        stix = build.sighting(self.how, NOW, str(self.campaign["id"]), evidence)
        self.post(name, SIGHTINGS.id, stix)
        return stix

    def settled(self) -> object:
        self.standings.settle()
        viewer = self.service.members.viewer(member_id("c"), MAIN_ROOT)
        page = self.service.board.page(viewer, CAMPAIGNS.id, parse("objects", []), 10, None, True)
        (row,) = page.items
        return fields_of(orjson.loads(row.body or b""), Extension.CAMPAIGN)["board_state"]


@pytest.fixture
def three(tmp_path: Path) -> Forum:
    return Forum(tmp_path / "forum")


def test_one_member_corroborates_nothing_however_often_it_speaks(three: Forum) -> None:
    assert three.settled() == "single-source"
    three.state("a", 10)
    three.state("a", 10)
    assert three.settled() == "single-source"


def test_two_members_do_and_a_withdrawal_takes_it_back(three: Forum) -> None:
    three.state("a", 10)
    said = three.state("b", 6)  # of three, the mean of the two smallest: (0 + 64) / 2
    assert three.settled() == "corroborated"
    assert three.standings.settle() == 0
    gone = build.withdrawn(
        said, NOW + timedelta(seconds=1), {"reason": "error", "review_derived": True}
    )
    three.post("b", SIGHTINGS.id, gone)
    assert three.settled() == "single-source"


def test_evidence_against_another_null_does_not_count(three: Forum) -> None:
    three.state("a", 10)
    three.state("b", 10, "automation")
    assert three.settled() == "single-source"
