"""Board and node are killed at every request of a publish: nothing lost, nothing there twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from forum.local_forum import at, held_by_servers, named, pay_refs, written
from stillwatch.core.errors import ExternalError
from stillwatch.sharing.forum import publishing, remote_board
from stillwatch.sharing.forum.identifier_files import read_identifiers
from stillwatch.sharing.forum.node import Node
from stillwatch.sharing.forum.processes import LocalForum
from stillwatch.sharing.forum.publishing import Published
from stillwatch.sharing.private import asking
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.rows import read_rows
from stillwatch.sharing.private.tag_routes import RemoteRows
from stillwatch.sharing.taxii.collections import CAMPAIGNS, INDICATORS

Asked = Callable[..., Awaitable[asking.Reply]]

DIES = """
import os, signal, sys
from stillwatch.sharing.private import asking
real, left = asking.asked, [int(sys.argv[1])]
async def asked(*given):
    left[0] -= 1
    reply = await real(*given)
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return reply
asking.asked = asked
import stillwatch.sharing.forum.remote_board as board
board.asked = asked
from stillwatch.cli import run
sys.exit(run(sys.argv[2:]))
"""


class _Killer:
    """Asks, and kills the board before or after one of the requests to it."""

    def __init__(self, forum: LocalForum, at_request: int, after: bool, real: Asked) -> None:
        self.forum, self.left, self.after, self.real = forum, at_request, after, real

    async def __call__(self, *words: Any) -> asking.Reply:
        ours = str(words[3]).startswith(f"https://127.0.0.1:{self.forum.ports[0]}")
        self.left -= ours
        due = ours and self.left == 0
        if due and not self.after:
            self.forum.kill("board")
        reply = await self.real(*words)
        if due:
            self.forum.kill("board")
            raise ExternalError("the answer was lost")
        return reply


async def _count(node: Node) -> tuple[int, int]:
    """Return how many objects and rows the board serves."""
    objects = 0
    for place in (CAMPAIGNS, INDICATORS):
        async for page in remote_board.pages(node, place.id, None):
            objects += len(page.objects)
    rows = RemoteRows(node.session, node.facts.board_url, node.sign)
    found = await rows.rows(Epoch.at(IdType.PAY_REF, node.clock()), 0)
    return objects, len(read_rows(found))


def _gained(before: tuple[int, int], now: tuple[int, int]) -> tuple[int, int]:
    return now[0] - before[0], now[1] - before[1]


def _words(forum: LocalForum, folder: Path, results: dict[str, object], name: str) -> list[str]:
    content = written(folder / "campaigns.json", named(results, name))
    given = pay_refs(folder / "ids", range(8), "NODEKILLED")
    return [
        "share", "publish", str(content), "--campaign", name, "--yes", "--json",
        "--identifiers", str(given), "--node", str(forum.folder / "node-a"),
    ]  # fmt: skip


def _killed(words: list[str], at_request: int) -> bool:
    """Run a publish that kills itself once a request was answered; say whether it came so far."""
    command = [sys.executable, "-c", DIES, str(at_request), *words]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode in (0, -9), done.stderr
    return done.returncode == -9


def _published(words: list[str]) -> int:
    """Run a publish to its end and return the rows it says it posted."""
    command = [sys.executable, "-m", "stillwatch", *words]
    done = subprocess.run(command, capture_output=True, check=True)
    return int(json.loads(done.stdout)["rows"])


def test_a_node_killed_once_posts_once(
    forum: LocalForum, results: dict[str, object], tmp_path: Path
) -> None:
    before, words = at(forum, "b", _count), _words(forum, tmp_path, results, "C-once")
    assert _killed(words, 1)
    assert _published(words) == 8
    assert _gained(before, at(forum, "b", _count)) == (3, 8)


@pytest.mark.slow
def test_a_node_killed_at_any_request_posts_once(
    forum: LocalForum, results: dict[str, object], tmp_path: Path
) -> None:
    kills = 0
    for request in range(1, 60):
        before = at(forum, "b", _count)
        words = _words(forum, tmp_path, results, f"C-node-{request}")
        if not _killed(words, request):
            break
        kills += 1
        assert _published(words) == 8
        assert _gained(before, at(forum, "b", _count)) == (3, 8)
    assert kills > 10


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_a_board_killed_at_any_request_loses_nothing(
    after: bool,
    forum: LocalForum,
    fields: dict[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = read_identifiers(pay_refs(tmp_path / "ids", range(100, 107), f"KILL{after:d}"))
    kills = 0
    for request in range(1, 20):
        before, name = at(forum, "b", _count), f"C-board-{after}-{request}"

        async def share(node: Node, campaign: str = name) -> Published:
            return await publishing.publish(node, publishing.draft(node, campaign, fields), given)

        asked = _Killer(forum, request, after, asking.asked)
        monkeypatch.setattr(asking, "asked", asked)
        monkeypatch.setattr(remote_board, "asked", asked)
        with suppress(ExternalError):
            at(forum, "a", share)
        monkeypatch.undo()
        if "board" in forum.servers:
            break
        kills += 1
        forum.start("board")
        assert at(forum, "a", share).rows == 7
        assert _gained(before, at(forum, "b", _count)) == (3, 7)
    assert kills == 4  # the campaign, its contributor, the rows, the indicator
    assert b"KILL" not in held_by_servers(forum)
