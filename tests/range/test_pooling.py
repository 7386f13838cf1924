"""Adding up evaluations: counts, exact intervals, quantiles, and reading them back."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from stillwatch.core.errors import InputError
from stillwatch.core.json_bytes import INDENTED, json_bytes
from stillwatch.range.evaluate import Evaluation, Group, Hidden, precision_at, share
from stillwatch.range.pooling import Stored, pool, pools, read
from stillwatch.stats.intervals import clopper_pearson


def group(name: str, act: int, flagged: int, of: int) -> Group:
    return Group(name, share(act, of), share(flagged, of))


def evaluation(
    innocent: tuple[int, int, int] = (1, 4, 1000),
    caught: tuple[int, int, int] = (60, 80, 100),
    **changes: object,
) -> Evaluation:
    values: dict[str, object] = {
        "innocent": group("innocent", *innocent),
        "archetypes": (group("B1", *innocent),),
        "languages": (),
        "hidden": (Hidden(group("one", *caught), ("c-1",), 0.004, 0.9, 10.0, 0.02, 1000),),
        "members": group("members", *caught),
        "true_at_act": share(caught[0], caught[0] + innocent[0]),
        "true_in_queue": share(caught[1], caught[1] + innocent[1]),
        "campaigns_at_act": 1,
        "false_at_act": 0,
        "merges": 1,
        "splits": 0,
        "precision": {"0.001": (0.5, 0.2)},
        "p_values": tuple(n / 100 for n in range(1, 101)),
        "null_share": {"0.01": share(10, innocent[2])},
        "seconds": 3.5,
    }
    return Evaluation(**{**values, **changes})  # type: ignore[arg-type]


def quiet(act: int = 0) -> Evaluation:
    return evaluation(
        (act, act, 500),
        hidden=(),
        members=group("members", 0, 0, 0),
        campaigns_at_act=int(act > 0),
        false_at_act=int(act > 0),
        languages=(group("de", act, act, 500),),
    )


def test_counts_are_added_and_intervals_exact() -> None:
    whole = pool([evaluation(), evaluation((0, 1, 3000), (40, 40, 50))])
    assert (whole.members.act.count, whole.members.act.of) == (100, 150)
    low, high = clopper_pearson(100, 150)
    assert (whole.members.act.low, whole.members.act.high) == (float(low), float(high))
    assert (whole.innocent.flagged.count, whole.innocent.flagged.of) == (5, 4000)
    assert whole.archetypes == (group("B1", 1, 5, 4000),)
    assert (whole.campaigns_at_act, whole.merges, whole.seconds) == (2, 2, 7.0)
    assert whole.precision["0.001"] == precision_at(whole.members.act, whole.innocent.act, 1e-3)
    assert set(whole.precision) == {"0.001", "0.0001", "1e-05"}


def test_one_evaluation_stays_what_it_is() -> None:
    one = evaluation()
    whole = pool([one])
    assert dataclasses.replace(whole, precision=one.precision) == one


def test_order_does_not_matter() -> None:
    one, other = evaluation(), evaluation((5, 5, 10), p_values=(0.1,) * 100)
    assert pool([one, other]) == pool([other, one])


def test_hidden_campaigns_of_one_name_are_one() -> None:
    late = Hidden(group("one", 1, 1, 10), (), None, None, None, None, None)
    later = Hidden(group("two", 0, 0, 10), (), None, None, None, None, None)
    whole = pool([evaluation(), evaluation(hidden=(late, later))])
    one, two = whole.hidden
    assert (one.members.act.count, one.members.act.of) == (61, 110)
    assert (one.purity, one.detected_hours, one.served, one.tokens) == (0.9, 10.0, 0.02, 1000)
    assert (two.purity, two.tokens) == (None, None)


def test_quantiles_are_those_of_the_mixture_by_number() -> None:
    low = evaluation(p_values=(0.1,) * 100, null_share={"0.1": share(300, 300)})
    high = evaluation(p_values=(0.9,) * 100, null_share={"0.1": share(0, 100)})
    found = pool([low, high])
    assert found.p_values[:75] == (0.1,) * 75
    assert found.p_values[75:] == (0.9,) * 25
    assert found.null_share["0.1"] == share(300, 400)


def test_a_run_is_false_where_it_accuses_the_innocent() -> None:
    calm, loud = pools(
        [
            Stored("week", quiet()),
            Stored("week", quiet(3)),
            Stored("attack", evaluation()),  # a bystander in a true campaign is no false campaign
        ]
    )
    assert (calm.scenario, calm.false_runs.count, calm.replays) == ("attack", 0, 1)
    assert (loud.scenario, loud.false_runs, loud.replays) == ("week", share(1, 2), 0)
    assert loud.whole.languages == (group("de", 3, 3, 1000),)
    assert loud.whole.precision["0.001"][0] == 0.0


def test_nothing_cannot_be_added_up() -> None:
    with pytest.raises(ValueError, match="nothing"):
        pool([])


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "seed-10.json"
    one = evaluation()
    path.write_bytes(json_bytes({"scenario": "attack", **one.to_json()}, INDENTED))
    assert read(path) == Stored("attack", one)
    path.write_bytes(json_bytes(one.to_json(), INDENTED))
    assert read(path).scenario == "seed-10"


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        "[]",
        "no",
        '{"schema": "stillwatch/evaluation/1"}',
        json.dumps({**evaluation().to_json(), "members": 3}),
        json.dumps({**evaluation().to_json(), "p_values": ["x"]}),
    ],
)
def test_what_is_no_evaluation_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=r"odd\.json"):
        read(path)
