"""What a member says of a campaign that is there: a sighting, an appeal, a withdrawal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import orjson

from stillwatch.core.errors import ExternalError
from stillwatch.sharing.contracts import LeafKind, LeafLog
from stillwatch.sharing.forum import outbox, remote_board
from stillwatch.sharing.forum.node import Node, session_of, signer
from stillwatch.sharing.forum.publishing import handling
from stillwatch.sharing.governance.gate import fields_of
from stillwatch.sharing.ledger.durable import disk_errors, write_durably
from stillwatch.sharing.ledger.jcs import canonical
from stillwatch.sharing.node import evidence
from stillwatch.sharing.node.days import business_days_after
from stillwatch.sharing.node.evidence import Question
from stillwatch.sharing.node.reviews import BUSINESS_DAYS
from stillwatch.sharing.private.asking import ask
from stillwatch.sharing.private.rows import ROW_BYTES, Row, RowFlag, tag_set
from stillwatch.sharing.private.tag_routes import RemoteRows
from stillwatch.sharing.stix import build
from stillwatch.sharing.stix.extensions import Extension
from stillwatch.sharing.taxii.collections import APPEALS, CAMPAIGNS, INDICATORS, SIGHTINGS
from stillwatch.sharing.wire.credentials import Credentials

_KEPT_DAYS: Final = 180
_NAMELESS: Final = bytes(16)


@dataclass(frozen=True, slots=True)
class BoardLog:
    """Commits to evidence in the board's log; see `contracts.LeafLog`.

    The board derives the pseudonym itself, and takes commitments only. A leaf is asked for in a
    thread of its own, while the node's ledger waits in its own.

    Attributes:
        credentials: Of the member.
        board_url: Of the board.
        campaign: Id of the campaign that the evidence will be about.
        clock: Unix seconds.
    """

    credentials: Credentials
    board_url: str
    campaign: str
    clock: Callable[[], float]

    def append(self, kind: LeafKind, pseudonym: bytes, event: Mapping[str, object]) -> int:
        """Return the index of the leaf; see `contracts.LeafLog`."""
        del kind, pseudonym
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, self._append(canonical(dict(event)))).result()

    async def _append(self, body: bytes) -> int:
        uri = f"{self.board_url}/log/commitments?campaign={self.campaign}"
        sign = signer(self.credentials, self.clock)
        async with session_of(self.credentials) as session:
            answer = await ask(session, sign, "POST", uri, 4096, body, "application/json")
        try:
            return int(orjson.loads(answer)["leaf"])
        except (ValueError, TypeError, KeyError):
            raise ExternalError("the board's answer cannot be read", "report it") from None


CONTRACT: type[LeafLog] = BoardLog


def commit(node: Node, campaign: str, question: Question) -> int:
    """Commit to a question in the board's log; return the commitment's number at this node.

    Raises:
        InputError: A cluster without accounts, or evidence based on nothing.
        SharingRefused: The board refused.
        ExternalError: The board or the disk failed.
    """
    log = BoardLog(node.credentials, node.facts.board_url, campaign, node.clock)
    return evidence.commit(node.state, log, _NAMELESS, question, node.now_us)


async def sight(
    node: Node, campaign: str, commitment: int | None, families: tuple[str, ...]
) -> str:
    """Post a sighting of a campaign, with evidence where there is a commitment; return its id.

    Raises:
        SharingRefused: The evidence may not be stated, or the board refused.
        InputError: No such commitment, or nothing counted under it.
        ExternalError: The board failed.
    """
    stated = None if commitment is None else evidence.statement(node.state, commitment, families)
    now = datetime.fromtimestamp(node.clock(), UTC)
    how = handling(node, "detect", now.date() + timedelta(_KEPT_DAYS))
    stix = build.sighting(how, now, campaign, stated)
    await remote_board.post(node, SIGHTINGS.id, [stix])
    served = await remote_board.one(node, SIGHTINGS.id, str(stix["id"]))
    name = str(fields_of(served, Extension.HANDLING).get("contributor"))
    folder = node.folder / "contributors"
    with disk_errors(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
    write_durably(folder / campaign, name.encode(), 0o600)
    return str(stix["id"])


async def appeal(node: Node, object_id: str, ground: str, persona: str | None) -> tuple[str, date]:
    """Appeal against a shared object; return the appeal's id and the day it is due.

    Raises:
        SharingRefused: The board refused, such as for an object that this member does not see.
        ExternalError: The board failed.
    """
    now = datetime.fromtimestamp(node.clock(), UTC)
    due = business_days_after(now.date(), BUSINESS_DAYS)
    fields = {
        "appeal_state": "open",
        "ground": ground,
        "raised_by": "subject-through-member",
        "opened": now.date().isoformat(),
        "due": due.isoformat(),
        **({} if persona is None else {"persona": persona}),
    }
    how = handling(node, "correct", now.date() + timedelta(_KEPT_DAYS))
    stix = build.appeal_note(how, now, [object_id], fields)
    await remote_board.post(node, APPEALS.id, [stix])
    return str(stix["id"]), due


async def withdraw(node: Node, campaign: str, reason: str) -> int:
    """Take a campaign back that this node shared, its indicators and its rows; return how many.

    Written down before it is posted: after a failure or a kill, call again.

    Raises:
        InputError: This node shared no such campaign.
        SharingRefused: The board refused.
        ExternalError: The board or the disk failed; repeat.
    """
    parcel = outbox.of_campaign(node.folder, campaign)
    if not parcel.withdrawal:
        now = datetime.fromtimestamp(node.clock(), UTC)
        fields = {"reason": reason, "review_derived": True}
        every = [parcel.campaign, *parcel.objects]
        shared = [one for one in every if one["type"] != "relationship"]
        parcel.withdrawal = [build.withdrawn(one, now, fields) for one in shared]
        parcel.save()
    board = RemoteRows(node.session, node.facts.board_url, node.sign)
    for data in parcel.sets or ():
        rows = [Row.decode(data[at : at + ROW_BYTES]) for at in range(0, len(data), ROW_BYTES)]
        gone = [replace(row, flags=RowFlag.WITHDRAWN) for row in rows]
        await board.post(campaign, tag_set(gone)[0])
    for collection, kind in ((CAMPAIGNS, "campaign"), (INDICATORS, "indicator")):
        ones = [one for one in parcel.withdrawal if one["type"] == kind]
        if ones:
            await remote_board.post(node, collection.id, ones)
    return len(parcel.withdrawal)
