"""Runs the board's process: a forum's, or one for a trial on this machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from stillwatch.sharing.forum import board as forum_board
from stillwatch.sharing.forum.facts import Facts
from stillwatch.sharing.forum.founding import BOARD, PUBLIC
from stillwatch.sharing.taxii import folder as boards
from stillwatch.sharing.taxii.serving import serve

Ready = Callable[[str, Path], None]


def serve_forum(forum: Path, database: str | None, host: str, port: int, ready: Ready) -> None:
    """Serve the board of a forum until interrupted.

    Raises:
        ConfigError: No forum in the folder.
        ExternalError: The address cannot be bound, or another process serves this board.
    """
    url = Facts.read(forum / PUBLIC).board_url
    _alarm(forum / BOARD)
    with forum_board.opened(forum, database, time.time) as board:
        asyncio.run(
            serve(
                board.service, host, port, lambda _: ready(url, forum), asyncio.Event(),
                board.extend, board.tls,
            )
        )  # fmt: skip


def serve_trial(folder: Path, database: str | None, port: int, ready: Ready) -> None:
    """Serve a trial board on this machine alone until interrupted.

    Raises:
        ExternalError: The address cannot be bound.
    """
    if not (folder / boards.REGISTER).exists():
        boards.init(folder)
    _alarm(folder)
    service = boards.service_of(folder, database)

    def bound(at: int) -> None:
        ready(f"http://127.0.0.1:{at}/taxii2/", folder)

    asyncio.run(serve(service, "127.0.0.1", port, bound, asyncio.Event()))


def _alarm(folder: Path) -> None:
    for alarm in boards.register_in(folder).alarms(datetime.now(UTC).date()):
        click.echo(f"legal basis {alarm.basis.id}: {alarm.days_left} days left", err=True)
