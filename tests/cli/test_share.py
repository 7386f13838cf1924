"""`stillwatch share`: what commands say, refuse and never say; without a network."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli_rows import Runner

PLANTED = "PLANTEDSECRET"
RECENT = f"{datetime.now(UTC) - timedelta(days=3):%Y-%m-%d}T00:00:00.000000Z"
"""A node keeps real time, and refuses what is long past."""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    member = {
        "account_id": f"{PLANTED}-account",
        "evidence": [{"source": "payment", "family": "payment", "text": PLANTED}],
    }
    campaign = {
        "campaign_id": "C-1",
        "tactics": ["A1"],
        "members": [member] * 3,
        "exchanges": 90,
        "first_seen": RECENT,
        "last_seen": RECENT,
        "templates": [{"text": PLANTED}],
    }
    path = tmp_path / "campaigns.json"
    path.write_text(json.dumps({"campaigns": [campaign]}))
    return path


@pytest.fixture
def node(tmp_path: Path, stillwatch: Runner) -> Path:
    forum = tmp_path / "forum"
    made = stillwatch("board", "init", forum, "--members", "a,b", "--json")
    assert json.loads(made.out)["members"] == ["a", "b"]
    joined = stillwatch("share", "join", tmp_path / "n", "--forum", forum, "--member", "a")
    assert joined.code == 0, joined.err
    return tmp_path / "n"


def test_a_preview_shows_both_halves_and_nothing_of_the_traffic(
    results: Path, tmp_path: Path, stillwatch: Runner
) -> None:
    ids = tmp_path / "ids"
    ids.write_text("".join(f"email {PLANTED}{n}@x.example\n" for n in range(6)))
    shown = stillwatch(
        "share", "publish", results, "--campaign", "C-1", "--identifiers", ids, "--preview"
    )
    assert shown.code == 0, shown.err
    assert "account_band" in shown.out
    assert "accounts are personal data" in shown.out
    assert "tags: email" in shown.out
    plain = stillwatch("share", "publish", results, "--campaign", "C-1", "--preview", "--json")
    assert json.loads(plain.out)["leaves"]["account_band"] == "lt10"
    assert PLANTED not in shown.out + shown.err + plain.out + plain.err


def test_without_a_yes_nothing_is_even_drafted(
    results: Path, node: Path, stillwatch: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    said = stillwatch("share", "publish", results, "--campaign", "C-1", "--node", node)
    assert said.code == 130
    assert not (node / "outbox").exists()


def test_a_board_that_is_away_is_said_with_what_to_do(
    results: Path, node: Path, stillwatch: Runner
) -> None:
    words = ("share", "publish", results, "--campaign", "C-1", "--node", node, "--yes")
    for command in (
        words,
        ("share", "pull", "--node", node),
        ("share", "log", "verify", "--node", node),
    ):
        said = stillwatch(*command)
        assert said.code in (2, 3)
        assert "hint" in said.err
        assert "Traceback" not in said.err
    assert PLANTED not in (node / "outbox").glob("*.json").__next__().read_text()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("share", "pull", "--node", "{}/none"), 2),
        (("share", "match", "--node", "{}/none", "--identifiers", "{}/none"), 2),
        (("share", "publish", "{}/none", "--campaign", "C-1"), 2),
        (("share", "join", "{}/x", "--forum", "{}/none", "--member", "a"), 2),
        (("board", "init", "{}/f", "--members", "a"), 2),
        (("board", "serve", "{}/none"), 2),
        (("share", "sightings", "--campaign", "x", "--node", "{}/none"), 2),
        (("share", "audit", "--node", "{}/none"), 2),
    ],
)
def test_mistakes_are_told_in_words(
    words: tuple[str, ...], code: int, tmp_path: Path, stillwatch: Runner
) -> None:
    said = stillwatch(*(word.format(tmp_path) for word in words))
    assert said.code == code, said.err
    assert "Traceback" not in said.err
    assert said.err


def test_an_audit_of_a_fresh_node_is_empty_and_whole(
    node: Path, tmp_path: Path, stillwatch: Runner
) -> None:
    said = stillwatch("share", "audit", "--node", node, "--out", tmp_path / "out", "--json")
    assert said.code == 0, said.err
    counts = json.loads(said.out)
    assert {counts[name] for name in counts if name != "folder"} == {0}
    assert (tmp_path / "out" / "audit.html").is_file()
