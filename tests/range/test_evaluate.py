"""What an evaluation says of results that are made by hand, so that its answers are known."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.core.errors import InputError
from stillwatch.range.evaluate import Evaluation, evaluate, share

START = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass
class Case:
    """Results and labels in the making."""

    folder: Path
    accounts: list[dict[str, object]] = field(default_factory=list)
    labels: list[dict[str, object]] = field(default_factory=list)
    campaigns: list[dict[str, object]] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=lambda: {"analyse": 1.5, "write": 0.25})

    def add(
        self,
        names: Iterable[str],
        truth: str | None,
        level: str = "none",
        archetype: str = "chat",
        p_value: float | None = 0.5,
        **label: object,
    ) -> None:
        for name in names:
            self.accounts.append(
                {
                    "account_id": name,
                    "level": level,
                    "p_value": p_value,
                    "exchanges": 10,
                    "output_tokens": 1000,
                    "first_seen": START,
                    "campaign_id": "found by the scan",
                }
            )
            self.labels.append(
                {
                    "account_id": name,
                    "archetype": f"campaign:{truth}" if truth else archetype,
                    "campaign_id": truth,
                    **label,
                }
            )

    def found(self, name: str, members: Iterable[str], level: str = "act", **more: object) -> None:
        rows = [{"account_id": member, "level": level, **more} for member in members]
        self.campaigns.append({"campaign_id": name, "level": level, "members": rows})

    def write(self) -> tuple[Path, Path]:
        results, labels = self.folder / "results", self.folder / "labels.parquet"
        results.mkdir()
        times = pa.field("first_seen", pa.timestamp("us", tz="UTC"))
        table = pa.Table.from_pylist(self.accounts)
        place = table.schema.get_field_index("first_seen")
        table = table.set_column(place, times, table["first_seen"].cast(times.type))
        pq.write_table(table, results / "accounts.parquet")
        pq.write_table(pa.Table.from_pylist(self.labels), labels)
        campaigns = {"schema": "stillwatch/campaigns/1", "campaigns": self.campaigns}
        (results / "campaigns.json").write_text(json.dumps(campaigns))
        run = {"schema": "stillwatch/run/1", "timings": self.timings}
        (results / "run.json").write_text(json.dumps(run))
        return results, labels

    def evaluate(self) -> Evaluation:
        return evaluate(*self.write())


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def named(letter: str, count: int) -> list[str]:
    return [f"{letter}{k}" for k in range(count)]


def test_recall_and_false_positives_with_exact_intervals(case: Case) -> None:
    case.add(named("m", 6), "one", "act")
    case.add(named("n", 3), "one", "review")
    case.add(named("o", 1), "one")
    case.add(named("p", 4), "two")
    case.add(named("f", 1), None, "act", "B9")
    case.add(named("g", 2), None, "review", "chat")
    case.add(named("h", 97), None, "none", "chat")
    found = case.evaluate()
    one, two = found.hidden
    assert (one.members.name, two.members.name) == ("one", "two")
    assert (one.members.act.count, one.members.act.of, one.members.flagged.count) == (6, 10, 9)
    # Clopper and Pearson for 6 of 10 and 0 of 4
    assert (one.members.act.low, one.members.act.high) == pytest.approx((0.2624, 0.8784), abs=1e-4)
    assert (two.members.act.low, two.members.act.high) == pytest.approx((0.0, 0.6024), abs=1e-4)
    assert found.members.act.value == 6 / 14
    assert (found.innocent.act.count, found.innocent.flagged.count, found.innocent.act.of) == (
        *(1, 3, 100),
    )
    assert [(g.name, g.act.count, g.act.of) for g in found.archetypes] == [
        ("B9", 1, 1),
        ("chat", 0, 99),
    ]
    assert (found.true_at_act.count, found.true_at_act.of) == (6, 7)
    assert (found.true_in_queue.count, found.true_in_queue.of) == (9, 12)


def test_precision_at_base_rates(case: Case) -> None:
    case.add(named("m", 8), "one", "act")
    case.add(named("n", 2), "one")
    case.add(named("f", 1), None, "act")
    case.add(named("h", 99), None)
    found = case.evaluate()
    assert set(found.precision) == {"0.001", "0.0001", "1e-05"}
    for name, (measured, worst) in found.precision.items():
        rate = float(name)
        # of all accounts: 0.8 × rate true, 0.01 × (1 - rate) false; at most 5.446 % false
        assert measured == pytest.approx(0.8 * rate / (0.8 * rate + 0.01 * (1 - rate)))
        assert worst == pytest.approx(0.8 * rate / (0.8 * rate + 0.05446 * (1 - rate)), rel=1e-3)
    assert found.precision["0.001"][0] == pytest.approx(0.0741, abs=1e-4)


def test_nothing_flagged_has_no_precision(case: Case) -> None:
    case.add(named("m", 3), "one")
    case.add(named("h", 10), None)
    found = case.evaluate()
    assert {value for pair in found.precision.values() for value in pair} == {None, 0.0}
    assert found.true_at_act == share(0, 0)
    assert (found.true_at_act.value, found.true_at_act.low, found.true_at_act.high) == (0, 0, 1)
    assert (found.campaigns_at_act, found.false_at_act, found.merges, found.splits) == (0,) * 4
    (hidden,) = found.hidden
    assert (hidden.found_as, hidden.purity) == ((), None)
    assert (hidden.detected_hours, hidden.served, hidden.tokens) == (None, None, None)


def test_purity_merges_and_splits(case: Case) -> None:
    case.add(named("a", 10), "one", "act")
    case.add(named("b", 10), "two", "act")
    case.add(named("c", 20), "three", "act")
    case.add(named("h", 20), None)
    case.found("c-merged", [*named("a", 6), *named("b", 1), *named("h", 1)])
    case.found("c-part", [*named("b", 10)[5:], "c0"])
    case.found("c-rest", named("a", 10)[6:], "review")
    case.found("c-false", [*named("h", 20)[10:], "c1", "c2"])
    found = case.evaluate()
    one, three, two = found.hidden
    assert one.found_as == ("c-merged", "c-rest")
    assert one.purity == 6 / 8
    assert two.found_as == ("c-part", "c-merged")
    assert two.purity == 5 / 6
    assert three.found_as == ("c-false", "c-part")
    assert three.purity == 2 / 12
    assert found.campaigns_at_act == 3
    assert found.false_at_act == 1
    # c-merged holds a tenth of one and of two; c-part only a twentieth of three
    assert found.merges == 1
    # one and two are in two campaigns by a tenth each, three by a tenth in one of them
    assert found.splits == 2


def test_time_to_detection_of_a_replay(case: Case) -> None:
    case.add(named("m", 4), "one", "act")
    case.add(named("n", 1), "one")
    case.add(named("o", 2), "two")
    case.add(named("h", 5), None)
    for k, hours in enumerate((30, 6, 12, 48)):
        when = (START + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case.found(f"c{k}", [f"m{k}"], detected_at=when, exchanges_before_detection=k)
    one, two = case.evaluate().hidden
    # two of four are flagged at 12 h
    assert one.detected_hours == 12.0
    # 0 + 1 + 2 + 3 served before, and the 10 of the one that is never found
    assert one.served == (6 + 10) / 50
    assert one.tokens == 100 * (6 + 10)
    assert (two.detected_hours, two.served, two.tokens) == (None, 1.0, 2000)


def test_p_values_of_the_innocent(case: Case) -> None:
    for k in range(100):
        case.add([f"h{k}"], None, p_value=(k + 1) / 100)
    case.add(["x"], None, p_value=None)
    case.add(["m"], "one", "act", p_value=1e-9)
    found = case.evaluate()
    assert len(found.p_values) == 100
    assert found.p_values[-1] == 1.0
    assert {name: part.count for name, part in found.null_share.items()} == {
        "0.001": 0,
        "0.01": 1,
        "0.05": 5,
        "0.1": 10,
    }
    assert found.null_share["0.1"].of == 100


def test_languages_where_the_labels_name_them(case: Case) -> None:
    case.add(named("h", 3), None, language="en")
    case.add(named("g", 2), None, "act", language="ar")
    case.add(named("u", 1), None, language=None)
    case.add(named("m", 1), "one", language="en")
    found = case.evaluate()
    assert [(g.name, g.act.count, g.act.of) for g in found.languages] == [
        ("ar", 2, 2),
        ("en", 0, 3),
    ]


def test_without_a_language_there_are_no_languages(case: Case) -> None:
    case.add(named("h", 3), None)
    assert case.evaluate().languages == ()


def test_seconds_are_those_of_the_stages(case: Case) -> None:
    case.add(named("h", 3), None)
    assert case.evaluate().seconds == 1.75


def test_accounts_that_only_one_side_knows_are_left_out(case: Case) -> None:
    case.add(named("m", 4), "one", "act")
    case.add(named("h", 4), None)
    case.labels = [row for row in case.labels if row["account_id"] not in {"m0", "h0"}]
    case.accounts = [row for row in case.accounts if row["account_id"] not in {"m1", "h1"}]
    found = case.evaluate()
    assert (found.members.act.of, found.innocent.act.of) == (2, 2)


def test_labels_of_other_traffic_are_refused(case: Case) -> None:
    case.add(named("m", 4), "one", "act")
    case.labels = [{**row, "account_id": f"x{row['account_id']}"} for row in case.labels]
    with pytest.raises(InputError, match="name none of the accounts"):
        case.evaluate()


@pytest.mark.parametrize("name", ["accounts.parquet", "campaigns.json", "run.json"])
@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe{", b"[]", b"{}", b"PAR1"])
def test_a_missing_or_damaged_file_is_named(case: Case, name: str, content: bytes | None) -> None:
    case.add(named("m", 4), "one", "act")
    results, labels = case.write()
    (results / name).unlink()
    if content is not None:
        (results / name).write_bytes(content)
    with pytest.raises(InputError, match=name) as caught:
        evaluate(results, labels)
    assert caught.value.hint


def test_files_of_another_kind_are_named(case: Case) -> None:
    case.add(named("m", 4), "one", "act")
    results, labels = case.write()
    with pytest.raises(InputError, match=r"accounts\.parquet has no column 'archetype'"):
        evaluate(results, results / "accounts.parquet")
    pq.write_table(pq.read_table(labels), results / "accounts.parquet")
    with pytest.raises(InputError, match=r"accounts\.parquet has no column 'exchanges'"):
        evaluate(results, labels)
    with pytest.raises(InputError, match="is missing"):
        evaluate(results, labels.parent / "nowhere.parquet")


def test_an_evaluation_is_json(case: Case) -> None:
    case.add(named("m", 4), "one", "act")
    case.add(named("h", 4), None)
    case.found("c", named("m", 4))
    content = json.loads(json.dumps(case.evaluate().to_json(), allow_nan=False))
    assert content["schema"] == "stillwatch/evaluation/1"
    assert content["hidden"][0]["members"]["act"]["count"] == 4
