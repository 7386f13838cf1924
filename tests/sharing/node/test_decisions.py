"""The ledger: a correction reaches whatever rests on it, at any distance, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.node.corrections import withdraw
from stillwatch.sharing.node.decisions import record, resting_on, undo
from stillwatch.sharing.node.policy import Reason, Step, Verdict
from stillwatch.sharing.node.received import Received, receive
from stillwatch.sharing.node.state import NodeState

Maker = Callable[..., Received]
VERDICT = Verdict(Step.REVERSIBLE, Reason.WITH_OTHERS, 2.0, 33.0)


def names(state: NodeState, source: str) -> list[str]:
    return [decided.decision_id for decided in resting_on(state, source)]


def test_a_decision_is_reached_over_objects_and_decisions(state: NodeState, item: Maker) -> None:
    receive(state, [item("c"), item("s", "c", kind="sighting"), item("other")], 1)
    record(state, "d1", "k", VERDICT, ["s"], 2)
    record(state, "d2", "k", VERDICT, ["d1"], 3)
    record(state, "d3", "k", VERDICT, ["other"], 4)
    record(state, "d4", "k", VERDICT, [], 5)
    assert names(state, "c") == names(state, "s") == ["d1", "d2"]
    assert names(state, "other") == ["d3"]
    assert names(state, "unknown") == []
    [kept] = resting_on(state, "other")
    assert (kept.step, kept.reason, kept.total_e) == ("reversible", "with-others-evidence", 33.0)
    assert kept.derived_from == ("other",)


def test_objects_that_refer_to_each_other_end(state: NodeState, item: Maker) -> None:
    receive(state, [item("a", "b"), item("b", "a")], 1)
    record(state, "d", "k", VERDICT, ["a"], 2)
    assert names(state, "b") == ["d"]


@given(st.lists(st.lists(st.integers(0, 30), max_size=3), min_size=1, max_size=30), st.data())
def test_the_closure_is_that_of_a_plain_search(
    tmp_path_factory: pytest.TempPathFactory, refs: list[list[int]], data: st.DataObject
) -> None:
    edges = {n: {r % (n + 1) for r in below} - {n} for n, below in enumerate(refs)}
    state = NodeState(_fresh(tmp_path_factory))
    start = Received("o0", "v", "campaign", (), _far(), b"")
    receive(state, [start], 1)
    for n, below in edges.items():
        if n:
            record(state, f"o{n}", "k", VERDICT, [f"o{b}" for b in below], n)
    wanted = data.draw(st.integers(0, len(refs) - 1))
    reached = {wanted}
    for n in range(len(refs)):
        if edges[n] & reached:
            reached.add(n)
    assert set(names(state, f"o{wanted}")) == {f"o{n}" for n in reached if n}
    state.close()


def _fresh(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("closure") / "node"


def _far():  # type: ignore[no-untyped-def]
    from datetime import date

    return date(2040, 1, 1)


def test_what_cannot_be_corrected_cannot_be_decided_on(state: NodeState, item: Maker) -> None:
    receive(state, [item("c")], 1)
    with pytest.raises(InputError, match="received or decided"):
        record(state, "d", "k", VERDICT, ["c", "never-received"], 2)
    record(state, "d", "k", VERDICT, ["c"], 2)
    with pytest.raises(InputError, match="exists"):
        record(state, "d", "k", VERDICT, ["c"], 3)
    withdraw(state, "c", "error", 4)
    with pytest.raises(SharingRefused) as refused:
        record(state, "e", "k", VERDICT, ["c"], 5)
    assert refused.value.code == "sw.object.withdrawn"
    assert names(state, "c") == ["d"]


def test_a_decision_is_undone_once(state: NodeState) -> None:
    record(state, "d", "k", VERDICT, [], 1)
    undo(state, "d", 5)
    undo(state, "d", 9)
    [decided] = resting_on(state, "d")
    assert decided.undone_us == 5
    with pytest.raises(InputError):
        undo(state, "unknown", 1)
