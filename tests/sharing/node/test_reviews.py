"""In any order of events, no decision that rests on what was withdrawn stands without a review."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.node.corrections import withdraw
from stillwatch.sharing.node.decisions import record, resting_on, undo
from stillwatch.sharing.node.policy import Reason, Step, Verdict
from stillwatch.sharing.node.received import Received, receive
from stillwatch.sharing.node.reviews import close_review, open_reviews, receipt
from stillwatch.sharing.node.state import NodeState

VERDICT = Verdict(Step.REVERSIBLE, Reason.WITH_OTHERS, 2.0, 33.0)
OBJECTS = [f"o{n}" for n in range(4)]
SEVERAL = st.sets(st.sampled_from(OBJECTS), max_size=2)


class Node(RuleBasedStateMachine):
    """A node beside a plain model of it: edges, what was withdrawn, what was undone."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.state = NodeState(Path(self.folder.name) / "node")
        self.time = 0
        self.edges: dict[str, set[str]] = {}
        self.known: set[str] = set()
        self.withdrawn: set[str] = set()
        self.standing: set[str] = set()
        self.undone: set[str] = set()
        self.upheld: set[tuple[str, str]] = set()

    def teardown(self) -> None:
        self.state.close()
        self.folder.cleanup()

    def above(self, start: str, past_upheld: bool = True, cause: str | None = None) -> set[str]:
        """Search upwards; an upheld decision may stop it, or one upheld against a cause."""
        found, waiting = {start}, [start]
        while waiting:
            one = waiting.pop()
            held = {c for name, c in self.upheld if name == one}
            if (held and not past_upheld) or (cause in held and one != start):
                continue
            fresh = self.edges.get(one, set()) - found
            found |= fresh
            waiting += fresh
        return found

    def under_review(self) -> set[str]:
        return {review.decision_id for review in open_reviews(self.state)}

    @rule(name=st.sampled_from(OBJECTS), refers_to=SEVERAL)
    def receive(self, name: str, refers_to: set[str]) -> None:
        self.time += 1
        version = f"{self.time:09d}"
        refs = tuple(refers_to)
        one = Received(name, version, "note", refs, date(2040, 1, 1), b"")
        receive(self.state, [one], self.time)
        self.known.add(name)
        self.edges.setdefault(name, set()).update(refers_to)

    @precondition(lambda self: self.standing and len(self.withdrawn) < 2)  # else nothing is left
    @rule(name=st.sampled_from(OBJECTS))
    def withdraw(self, name: str) -> None:
        withdraw(self.state, name, "error", self.time)
        self.withdrawn.add(name)

    @rule(data=st.data())
    def decide(self, data: st.DataObject) -> None:
        made = self.standing | self.undone
        some = st.sampled_from(sorted(self.known | made)) if self.known | made else st.nothing()
        sources = data.draw(st.sets(some, min_size=1, max_size=2)) if self.known | made else set()
        reached = set().union(*(self.above(one, past_upheld=False) for one in sources))
        name = f"d{len(made)}"
        if reached & (self.withdrawn | self.undone | self.under_review()):
            with pytest.raises(SharingRefused):
                record(self.state, name, "k", VERDICT, sources, self.time)
            return
        record(self.state, name, "k", VERDICT, sources, self.time)
        self.standing.add(name)
        self.edges[name] = sources

    @precondition(lambda self: open_reviews(self.state))
    @rule(data=st.data(), outcome=st.sampled_from(["upheld", "upheld", "undone"]))
    def look_again(self, data: st.DataObject, outcome: Literal["upheld", "undone"]) -> None:
        review = data.draw(st.sampled_from(open_reviews(self.state)))
        close_review(self.state, review.review_id, outcome, self.time)
        if outcome == "upheld":
            self.upheld.add((review.decision_id, review.cause))
        else:
            self.standing.discard(review.decision_id)
            self.undone.add(review.decision_id)

    @precondition(lambda self: len(self.standing) > 3)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.standing)))
        undo(self.state, name, self.time)
        self.standing.discard(name)
        self.undone.add(name)

    @invariant()
    def every_standing_decision_was_looked_at_or_will_be(self) -> None:
        with self.state.transaction() as rows:
            pairs = {
                (row["decision_id"], row["cause"])
                for row in rows.execute("SELECT decision_id, cause FROM review")
            }
        for name in self.standing:
            causes = {c for c in self.withdrawn if c in self.above(name, cause=c)}
            assert {(name, cause) for cause in causes} <= pairs
        assert all(cause in self.above(name) & self.withdrawn for name, cause in pairs)
        waiting = {review.cause for review in open_reviews(self.state)}
        for cause in OBJECTS:
            had = any(cause == c for _, c in pairs)
            word = "some" if cause in waiting else "done" if had else "none"
            assert receipt(self.state, cause) == word

    @invariant()
    def the_closure_is_that_of_the_model(self) -> None:
        for source in OBJECTS:
            found = {decided.decision_id for decided in resting_on(self.state, source)}
            every = self.standing | self.undone
            assert found == {name for name in every if source in self.above(name)}


TestNode = Node.TestCase
TestNode.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)


@pytest.mark.slow
def test_for_long() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Node, settings=settings(max_examples=150, stateful_step_count=40, deadline=None)
    )


def test_a_reference_that_comes_after_the_withdrawal_opens_a_review(tmp_path: Path) -> None:
    state = NodeState(tmp_path / "node")
    plain = Received("s", "1", "sighting", (), date(2040, 1, 1), b"")
    receive(state, [plain], 1)
    record(state, "d", "k", VERDICT, ["s"], 2)
    withdraw(state, "c", "poisoned", 3)
    assert open_reviews(state) == ()
    receive(state, [Received("s", "2", "sighting", ("c",), date(2040, 1, 1), b"")], 4)
    assert [review.decision_id for review in open_reviews(state)] == ["d"]
    state.close()


def test_what_was_upheld_can_be_built_on_and_what_is_shaken_cannot(tmp_path: Path) -> None:
    state = NodeState(tmp_path / "node")
    receive(state, [Received("c", "1", "campaign", (), date(2040, 1, 1), b"")], 1)
    record(state, "d", "k", VERDICT, ["c"], 2)
    [review] = withdraw(state, "c", "error", 3)
    with pytest.raises(SharingRefused, match="under review"):
        record(state, "e", "k", VERDICT, ["d"], 4)
    close_review(state, review.review_id, "upheld", 5)
    record(state, "e", "k", VERDICT, ["d"], 6)
    receive(state, [Received("o", "1", "note", ("c",), date(2040, 1, 1), b"")], 7)
    assert open_reviews(state) == ()  # a new decision, taken in knowledge of the withdrawal
    state.close()
