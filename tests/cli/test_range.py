"""`stillwatch range`: what it lists, composes and says of results."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from cli_rows import Runner

from stillwatch.core.catalogue import units
from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.range.contracts import UNOBSERVABLE, Persona, Tactic
from stillwatch.range.scenario import scenarios

MINE = """
summary = "a campaign of a test"
days = 3
scale = 0.03

[[campaign]]
name = "hidden"
accounts = 30

[[campaign.step]]
use = "fixed_prompt"
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(MINE, "utf-8")
    return path


def test_everything_is_listed(stillwatch: Runner) -> None:
    ran = stillwatch("range", "list")
    assert ran.code == 0
    content = stillwatch("range", "list", "--json").json()
    known = {
        "scenarios": scenarios(),
        "tactics": units("range.tactics", Tactic),
        "personas": units("range.personas", Persona),
        "unobservable": UNOBSERVABLE,
    }
    for kind, names in known.items():
        assert set(content[kind]) == set(names), kind  # type: ignore[call-overload]
        for name in names:
            assert name in ran.out


def test_composed_scanned_and_evaluated(stillwatch: Runner, mine: Path, tmp_path: Path) -> None:
    words = ("range", "compose", mine, "--out", tmp_path / "range", "--seed", "3")
    (made,) = stillwatch(*words, "--json").json()["composed"]  # type: ignore[misc]
    assert (made["scenario"], made["members"], made["campaigns"]) == ("mine", 30, ["hidden"])
    traffic, labels = Path(made["traffic"]), Path(made["labels"])
    assert traffic == tmp_path / "range" / "mine" / "traffic.parquet"
    assert pq.read_schema(traffic).names == EXCHANGE_SCHEMA.names
    assert pq.read_table(labels).num_rows == made["accounts"]
    before = traffic.read_bytes()
    told = stillwatch(*words)
    assert told.code == 0
    assert "30 of them in 1 hidden campaign" in told.out
    assert traffic.read_bytes() == before

    out = tmp_path / "out"
    assert stillwatch("scan", traffic, "--out", out).code == 0
    found = stillwatch("range", "evaluate", out, labels, "--json").json()
    assert found["members"]["act"]["of"] == 30  # type: ignore[index]
    assert found["innocent"]["act"]["of"] == made["accounts"] - 30  # type: ignore[index]
    assert found["seconds"] > 0  # type: ignore[operator]
    shown = stillwatch("range", "evaluate", out, labels)
    assert shown.code == 0
    assert "hidden" in shown.out
    assert "precision at act at a base rate of 1 in 100,000" in shown.out


def test_the_scale_of_a_scenario_gives_way(stillwatch: Runner, mine: Path, tmp_path: Path) -> None:
    sizes = [
        stillwatch("range", "compose", mine, "--out", tmp_path, "--json", "--scale", scale).json()
        for scale in ("0.01", "0.05")
    ]
    one, two = (size["composed"][0] for size in sizes)  # type: ignore[index]
    assert one["accounts"] < two["accounts"]
    assert one["members"] == two["members"] == 30


def test_nothing_is_composed_of_a_list_with_a_fault(
    stillwatch: Runner, mine: Path, tmp_path: Path
) -> None:
    ran = stillwatch("range", "compose", mine, "templat_400", "--out", tmp_path / "range")
    assert ran.code == 2
    assert "no scenario 'templat_400'" in ran.err
    assert "one of benign_week, " in ran.err
    assert not (tmp_path / "range").exists()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"x = [", "scenario bad"),
        (b'summary = "s"\ndays = 1', "days must be 2 to 90"),
        (b'summary = "s"\n[[campaign]]\nname = "c"\naccounts = 0', "accounts must be"),
    ],
)
def test_a_scenario_with_a_fault_is_an_error_of_the_user(
    stillwatch: Runner, tmp_path: Path, content: bytes, fault: str
) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    ran = stillwatch("range", "compose", path, "--out", tmp_path / "range")
    assert ran.code == 2
    assert fault in ran.err
    assert "hint: " in ran.err


def test_a_folder_that_cannot_be_written(stillwatch: Runner, mine: Path, tmp_path: Path) -> None:
    file = tmp_path / "range"
    file.touch()
    assert stillwatch("range", "compose", mine, "--out", file).code == 2
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine").touch()
    ran = stillwatch("range", "compose", mine, "--out", tmp_path / "other")
    assert ran.code == 3
    assert "hint: choose another folder" in ran.err
    ran = stillwatch("range", "compose", mine, "--out", "/proc/range")
    assert ran.code == 3
    assert "/proc/range" in ran.err


def test_data_that_is_not_there(stillwatch: Runner, mine: Path, tmp_path: Path) -> None:
    words = ("range", "compose", mine, "--out", tmp_path / "range", "--data")
    assert stillwatch(*words, tmp_path / "nowhere").code == 2
    (tmp_path / "empty").mkdir()
    ran = stillwatch(*words, tmp_path / "empty")
    assert ran.code == 2
    assert "is missing" in ran.err


def test_evaluating_what_is_no_result(stillwatch: Runner, mine: Path, tmp_path: Path) -> None:
    assert stillwatch("range", "evaluate", tmp_path / "nowhere", mine).code == 2
    ran = stillwatch("range", "evaluate", tmp_path, mine)
    assert ran.code == 2
    assert "mine.toml is no Parquet file" in ran.err
