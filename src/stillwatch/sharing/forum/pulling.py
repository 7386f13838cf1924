"""What is new at the board comes home: objects that pass the field gate, and rows of tags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, cast

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.forum import remote_board
from stillwatch.sharing.forum.node import Node
from stillwatch.sharing.forum.publishing import gate_of
from stillwatch.sharing.governance.gate import FieldGate, fields_of, is_fixed
from stillwatch.sharing.ledger.durable import write_durably
from stillwatch.sharing.ledger.jcs import canonical
from stillwatch.sharing.node import corrections
from stillwatch.sharing.node.received import Received, receive
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.mirror import Mirror
from stillwatch.sharing.private.tag_routes import RemoteRows
from stillwatch.sharing.stix.build import Stix
from stillwatch.sharing.stix.extensions import Extension
from stillwatch.sharing.taxii.collections import (
    APPEALS,
    CAMPAIGNS,
    INDICATORS,
    OPINIONS,
    SIGHTINGS,
)

COLLECTIONS: Final = (CAMPAIGNS, INDICATORS, SIGHTINGS, OPINIONS, APPEALS)
_CURSORS: Final = "pulled.json"
_REFERENCES: Final = ("sighting_of_ref", "target_ref")


@dataclass(slots=True)
class Pulled:
    """What a pull brought.

    Attributes:
        objects: New or newer objects.
        rows: New rows of tags.
        refused: Objects that the field gate did not let in.
        reviews: Reviews that withdrawals and granted appeals opened, old ones included.
    """

    objects: int = 0
    rows: int = 0
    refused: int = 0
    reviews: int = 0


async def pull(node: Node) -> Pulled:
    """Fetch what is new; a pull that is cut short goes on where it stopped.

    Raises:
        SharingRefused: The board refused.
        ExternalError: The board or the disk failed.
    """
    cursors, pulled = _cursors(node.folder), Pulled()
    gate = gate_of(node.folder)
    for collection in COLLECTIONS:
        after = cursors.get(collection.id)
        async for page in remote_board.pages(node, collection.id, after):
            _keep(node, gate, page, pulled)
            cursors[collection.id] = page.last_added
            write_durably(node.folder / _CURSORS, json.dumps(cursors).encode(), 0o600)
    source = RemoteRows(node.session, node.facts.board_url, node.sign)
    mirror = mirror_of(node)
    mirror.purge(node.clock())
    for id_type in IdType:
        pulled.rows += await mirror.pull(source, Epoch.at(id_type, node.clock()))
    corrections.expire_appeals(node.state, node.now_us)
    return pulled


def mirror_of(node: Node) -> Mirror:
    """Return the node's mirror of tags."""
    return Mirror(node.folder / "mirror")


def _keep(node: Node, gate: FieldGate, page: remote_board.Page, pulled: Pulled) -> None:
    today = datetime.fromtimestamp(node.clock(), UTC).date()
    admitted = []
    for stix in page.objects:
        try:
            if not is_fixed(stix):
                gate.check(stix, today, posted=False)
                admitted.append(stix)
        except SharingRefused:
            pulled.refused += 1
    items = [_received(stix, page.last_added) for stix in admitted]
    pulled.objects += receive(node.state, items, node.now_us)
    for stix in admitted:
        pulled.reviews += _correct(node, stix)


def _received(stix: Stix, added: str) -> Received:
    """The board may add a version anew, when its own fields change: its date counts as well."""
    handling = fields_of(stix, Extension.HANDLING)
    week = fields_of(stix, Extension.CAMPAIGN).get("last_week")
    return Received(
        object_id=str(stix["id"]),
        version=f"{stix['modified']} {added}",
        kind=str(stix["type"]),
        refers_to=references(stix),
        retain_until=date.fromisoformat(str(handling["retain_until"])),
        body=canonical(stix),
        last_week=None if week is None else str(week),
    )


def references(stix: Mapping[str, object]) -> tuple[str, ...]:
    """Return the ids of what an object is about."""
    several = stix.get("object_refs")
    named = [stix[key] for key in _REFERENCES if key in stix]
    return tuple(str(one) for one in [*named, *(several if isinstance(several, list) else [])])


def _correct(node: Node, stix: Stix) -> int:
    """Let a withdrawal or an appeal reach what rests on it; return the reviews it caused."""
    withdrawal, id_ = fields_of(stix, Extension.WITHDRAWAL), str(stix["id"])
    if withdrawal:
        reason = cast(corrections.Reason, withdrawal["reason"])  # the gate let it in
        return len(corrections.withdraw(node.state, id_, reason, node.now_us))
    appeal = fields_of(stix, Extension.APPEAL)
    if not appeal:
        return 0
    opened, due = (date.fromisoformat(str(appeal[name])) for name in ("opened", "due"))
    for target in references(stix):
        corrections.appeal(node.state, id_, target, opened, due)
    if appeal["appeal_state"] in ("granted", "rejected"):
        granted = appeal["appeal_state"] == "granted"
        return len(corrections.answer(node.state, id_, granted, node.now_us))
    return 0


def _cursors(folder: Path) -> dict[str, str]:
    path = folder / _CURSORS
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}  # everything is fetched again, and kept once
    return {str(key): str(value) for key, value in found.items()}
