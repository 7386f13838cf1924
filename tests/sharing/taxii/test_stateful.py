"""No object, count or error body tells a member of what it may not see: members × TLP × filters ×
paging × revocation × clock, against a model that knows who sees what."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from stix.samples import NOW, STANCE, campaign, handling

from stillwatch.sharing.stix import build
from stillwatch.sharing.stix.tlp import Level
from stillwatch.sharing.taxii.collections import CAMPAIGNS, OPINIONS
from taxii.forum import MEMBERS, Forum

AUDIENCES = ("aud-00000000000000aa", "aud-00000000000000bb")
LATEST = NOW + timedelta(days=260)  # later, campaigns may not be kept any longer
PLACE = f"collections/{CAMPAIGNS.id}"

members = st.sampled_from(MEMBERS)


@dataclass
class Known:
    id: str
    kind: str
    author: str
    level: Level
    audience: str | None
    retain: date


class Board(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.forum = Forum(f"sqlite:///{Path(self.folder.name) / 'board.db'}")
        self.forum.__enter__()
        self.audiences = {AUDIENCES[0]: {"alpha", "beta"}, AUDIENCES[1]: set[str]()}
        self.readers = set(MEMBERS)
        self.active = set(MEMBERS)
        self.held: list[Known] = []

    def teardown(self) -> None:
        self.forum.__exit__(None, None, None)
        self.folder.cleanup()

    def sees(self, member: str, one: Known) -> bool:
        return one.retain >= self.forum.clock.now.date() and (
            one.level <= Level.GREEN or member in self.audiences[str(one.audience)]
        )

    def view(self, member: str, kinds: tuple[str, ...] = ("campaign", "identity")) -> list[str]:
        return [one.id for one in self.held if one.kind in kinds and self.sees(member, one)]

    @rule(member=members, level=st.sampled_from(list(Level)[1:]),
          audience=st.sampled_from(AUDIENCES), days=st.integers(0, 40), identity=st.booleans(),
          )  # fmt: skip
    def post(self, member: str, level: Level, audience: str, days: int, identity: bool) -> None:
        clock = self.forum.clock.now
        retain = clock.date() + timedelta(days=days)
        addressed = audience if level >= Level.AMBER else None
        how = handling(level, addressed, retain_until=retain)
        stix = campaign(level, audience=addressed, retain_until=retain)
        if identity:
            stix = build.contributor(how, clock)
        answer = self.forum.post([stix], member=member)
        if member not in self.active:
            assert answer.status == 401
            return
        taken = addressed is None or member in self.audiences[audience]
        assert answer.json["success_count"] == taken
        if taken:
            kind = str(stix["type"])
            self.held.append(Known(str(stix["id"]), kind, member, level, addressed, retain))

    @rule(member=members, limit=st.integers(1, 5),
          kinds=st.sampled_from([None, ("campaign",), ("identity",), ("campaign", "identity")]),
          endpoint=st.sampled_from(["objects", "manifest"]))  # fmt: skip
    def pull(self, member: str, limit: int, kinds: tuple[str, ...] | None, endpoint: str) -> None:
        params = {} if kinds is None else {"match_type": ",".join(kinds)}
        answer = self.forum.get(f"{PLACE}/{endpoint}/", member, limit=limit, **params)
        if member not in self.active or member not in self.readers:
            assert answer.status == (401 if member not in self.active else 403)
            return
        expected = self.view(member, kinds or ("campaign", "identity"))
        found: list[str] = []
        while True:
            objects = answer.json.get("objects", [])
            found += [one["id"] for one in objects]
            assert answer.json.get("more", False) is (len(found) < len(expected))
            if not answer.json.get("more"):
                break
            params["next"] = answer.json["next"]
            answer = self.forum.get(f"{PLACE}/{endpoint}/", member, limit=limit, **params)
        assert found == expected

    @precondition(lambda self: self.held)
    @rule(member=members, data=st.data(), versions=st.booleans())
    def probe(self, member: str, data: st.DataObject, versions: bool) -> None:
        one = data.draw(st.sampled_from(self.held))
        tail = "versions/" if versions else ""
        answer = self.forum.get(f"{PLACE}/objects/{one.id}/{tail}", member)
        absent = self.forum.get(f"{PLACE}/objects/{campaign()['id']}/{tail}", member)
        if answer.status == 200:
            assert self.sees(member, one)
            assert member in self.active & self.readers
        else:
            assert (answer.status, answer.body) == (absent.status, absent.body)
            seen = self.sees(member, one) and member in self.active & self.readers
            assert not seen

    @precondition(lambda self: self.held)
    @rule(member=members, data=st.data())
    def refer(self, member: str, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.held))
        if one.kind != "campaign" or member not in self.active:
            return
        how = handling(Level.GREEN, retain_until=self.forum.clock.now.date())

        def about(id_: str) -> str:
            stix = build.opinion(how, self.forum.clock.now, [id_], STANCE)
            failures = self.forum.post([stix], OPINIONS.id, member).json.get("failures", [{}])
            return str(failures[0].get("message"))

        absent = about(str(campaign()["id"]))
        assert (about(one.id) == absent) is not (self.sees(member, one) and member in self.readers)

    @precondition(lambda self: self.held)
    @rule(member=members, data=st.data())
    def delete(self, member: str, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.held))
        path = f"/forum/{PLACE}/objects/"
        answer = self.forum.request("DELETE", f"{path}{one.id}/", member)
        absent = self.forum.request("DELETE", f"{path}{campaign()['id']}/", member)
        if answer.status == 200:
            assert one.author == member
            self.held.remove(one)
        elif not self.sees(member, one):
            assert (answer.status, answer.body) == (absent.status, absent.body)

    @rule(audience=st.sampled_from(AUDIENCES), belonging=st.sets(members))
    def set_audience(self, audience: str, belonging: set[str]) -> None:
        self.forum.members.set_audience(audience, belonging)
        self.audiences[audience] = set(belonging)

    @rule(member=members, read=st.booleans())
    def grant(self, member: str, read: bool) -> None:
        self.forum.members.grant(member, CAMPAIGNS.id, read=read, write=True)
        self.readers = self.readers | {member} if read else self.readers - {member}

    @precondition(lambda self: len(self.active) > 2)
    @rule(member=members)
    def revoke(self, member: str) -> None:
        self.forum.members.revoke(member)
        self.active.discard(member)

    @precondition(lambda self: self.forum.clock.now < LATEST)
    @rule(days=st.integers(1, 20), sweep=st.booleans())
    def forward(self, days: int, sweep: bool) -> None:
        self.forum.clock.forward(days=days)
        today = self.forum.clock.now.date()
        self.held = [one for one in self.held if one.retain >= today]
        if sweep:
            self.forum.board.sweep()


def test_nobody_learns_of_what_it_may_not_see() -> None:
    run_state_machine_as_test(Board, settings=settings(max_examples=12, stateful_step_count=40))


@pytest.mark.slow
def test_nobody_learns_of_it_in_10_000_steps() -> None:
    run_state_machine_as_test(Board, settings=settings(max_examples=50, stateful_step_count=200))
