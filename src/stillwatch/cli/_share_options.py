"""What the commands of `stillwatch share` have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from stillwatch.sharing.forum.node import Node

T = TypeVar("T")

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)

node_option = click.option(
    "--node", "folder", type=FOLDER, default="node", show_default=True, help="Folder of the node."
)
identifiers_option = click.option(
    "--identifiers", type=FILE, help="File of lines `type value`; blinded before anyone sees them."
)


def with_node(folder: Path, work: Callable[[Node], Awaitable[T]]) -> T:
    """Open the node, do the work, and close it."""
    from stillwatch.sharing.forum.node import opened

    async def run() -> T:
        async with opened(folder) as node:
            return await work(node)

    return asyncio.run(run())
