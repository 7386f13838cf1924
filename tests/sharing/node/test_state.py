"""The state survives what kills a process, and says what is wrong without saying what it holds."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stillwatch.core.errors import ConfigError, ExternalError
from stillwatch.sharing.node.state import NodeState

ROW = "INSERT INTO withdrawal VALUES (?, 1, 'error')"


def count(state: NodeState) -> int:
    with state.transaction() as rows:
        return int(rows.execute("SELECT COUNT(*) FROM withdrawal").fetchone()[0])


def test_it_opens_again_and_only_for_its_owner(tmp_path: Path) -> None:
    first = NodeState(tmp_path / "node")
    with first.transaction() as rows:
        rows.execute(ROW, ("a",))
    first.close()
    again = NodeState(tmp_path / "node")
    assert count(again) == 1
    assert (tmp_path / "node").stat().st_mode & 0o077 == 0
    again.close()


def test_all_or_nothing(state: NodeState) -> None:
    def interrupted() -> Iterator[tuple[str]]:
        yield ("a",)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), state.transaction() as rows:
        rows.executemany(ROW, interrupted())
    assert count(state) == 0


def test_a_kill_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    work = (
        "import os, pathlib, signal\n"
        "from stillwatch.sharing.node.state import NodeState\n"
        f"state = NodeState(pathlib.Path({str(tmp_path / 'node')!r}))\n"
        "for name in 'ab':\n"
        "    with state.transaction() as rows:\n"
        f"        rows.execute({ROW!r}, (name,))\n"
        "        if name == 'b':\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ran = subprocess.run([sys.executable, "-c", work], check=False)
    assert ran.returncode == -signal.SIGKILL
    state = NodeState(tmp_path / "node")
    assert count(state) == 1
    state.close()


def test_a_full_disk_is_an_error_to_act_on(state: NodeState) -> None:
    with state.transaction() as rows:
        pages = rows.execute("PRAGMA page_count").fetchone()[0]
        rows.execute(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(ExternalError, match="free some space"), state.transaction() as rows:
        rows.executemany(ROW, [(f"planted-{number}",) for number in range(10_000)])
    assert count(state) == 0


def test_a_stranger_and_a_later_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database, but long enough to look like one " * 100)
    with pytest.raises(ConfigError, match="not a usable state"):
        NodeState(tmp_path / "text")
    later = sqlite3.connect(tmp_path / "later")
    later.execute("PRAGMA user_version=7")
    later.close()
    with pytest.raises(ConfigError, match="version 7"):
        NodeState(tmp_path / "later")
    with pytest.raises(ExternalError):
        NodeState(tmp_path / "missing" / "node")


def test_a_locked_file_is_no_traceback(tmp_path: Path, state: NodeState) -> None:
    other = sqlite3.connect(tmp_path / "node.sqlite", isolation_level=None)
    with state.transaction() as rows:
        rows.execute("PRAGMA busy_timeout=0")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ExternalError, match="locked"), state.transaction():
        pass
    other.execute("ROLLBACK")
    other.close()
    assert os.path.exists(tmp_path / "node.sqlite")
