"""What the tests of a forum of real processes have in common."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from stillwatch.sharing.forum.identifier_files import read_identifiers
from stillwatch.sharing.forum.node import Node, opened
from stillwatch.sharing.forum.processes import LocalForum
from stillwatch.sharing.private.id_types import IdType
from stillwatch.sharing.private.identifiers import Identifier

T = TypeVar("T")

PLANTED = "PLANTEDSECRET"
RECENT = f"{datetime.now(UTC) - timedelta(days=3):%Y-%m-%d}T00:00:00.000000Z"
"""Real servers keep real time, and refuse what is long past."""


def campaigns_json() -> dict[str, object]:
    """Return what a scan wrote: one campaign, `C-1`, of accounts with a planted name."""
    member = {
        "account_id": f"{PLANTED}-account",
        "level": "act",
        "p_value": 0.001,
        "evidence": [{"source": "payment", "family": "payment", "text": PLANTED}],
        "exchanges": 100,
        "output_tokens": 5,
        "first_seen": RECENT,
        "last_seen": RECENT,
    }
    campaign = {
        "campaign_id": "C-1",
        "level": "act",
        "families": ["payment"],
        "tactics": ["A1", "A5"],
        "members": [member] * 12,
        "exchanges": 1200,
        "first_seen": RECENT,
        "last_seen": RECENT,
        "templates": [{"text": f"{PLANTED} prompt"}],
    }
    return {"schema": "stillwatch/campaigns/1", "campaigns": [campaign]}


def pay_refs(path: Path, numbers: range, owner: str = PLANTED) -> Path:
    """Write so many payment references; equal numbers of one owner are equal references."""
    path.write_text("".join(f"pay-ref shop:{owner}{n:04}\n" for n in numbers), "utf-8")
    return path


def identifiers(
    path: Path, numbers: range, owner: str = PLANTED
) -> Mapping[IdType, list[Identifier]]:
    """Return payment references by their type."""
    return read_identifiers(pay_refs(path, numbers, owner))


def at(forum: LocalForum, name: str, work: Callable[[Node], Awaitable[T]]) -> T:
    """Do work at a member's node."""

    async def run() -> T:
        async with opened(forum.folder / f"node-{name}") as node:
            return await work(node)

    return asyncio.run(run())


def held_by_servers(forum: LocalForum) -> bytes:
    """Return every byte that board and key holder keep or wrote."""
    folders = (forum.folder / "forum" / "board", forum.folder / "keyholder")
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    return b"".join(file.read_bytes() for file in [*files, *forum.folder.glob("*.log")])


def written(path: Path, content: object) -> Path:
    """Write JSON."""
    path.write_text(json.dumps(content), "utf-8")
    return path


def named(results: dict[str, object], campaign: str) -> dict[str, object]:
    """Return the same results with another name for the campaign."""
    campaigns = results["campaigns"]
    assert isinstance(campaigns, list)
    return {**results, "campaigns": [{**campaigns[0], "campaign_id": campaign}]}
