"""Sharing one campaign of a scan: the object, then tags, then what says where the tags are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from stillwatch.core.errors import ExternalError, InputError
from stillwatch.sharing.forum import outbox, remote_board
from stillwatch.sharing.forum.looking_up import epoch_days, tag_keys
from stillwatch.sharing.forum.node import Node
from stillwatch.sharing.forum.outbox import Parcel
from stillwatch.sharing.governance.gate import FieldGate, fields_of
from stillwatch.sharing.node.bands import account_band
from stillwatch.sharing.node.days import end_of_week
from stillwatch.sharing.node.preview import Choices, Preview, preview
from stillwatch.sharing.private.framing import Purpose
from stillwatch.sharing.private.id_types import DAY_SECONDS, Epoch, IdType, week_of
from stillwatch.sharing.private.identifiers import Identifier
from stillwatch.sharing.private.records import Confidence, Record, TagKey, seal
from stillwatch.sharing.private.refused import EpochOver
from stillwatch.sharing.private.rows import LEAST_ROWS, ROW_BYTES, Row, RowFlag, tag_set
from stillwatch.sharing.private.tag_routes import RemoteRows
from stillwatch.sharing.stix import build
from stillwatch.sharing.stix.build import Handling, Stix
from stillwatch.sharing.stix.extensions import Extension, atlas
from stillwatch.sharing.stix.tlp import Level
from stillwatch.sharing.taxii.collections import CAMPAIGNS, INDICATORS
from stillwatch.sharing.taxii.folder import register_in

_KEPT_DAYS: Final = 180
_MOST_DAYS: Final = 365  # after the last week
_SUITE: Final = "ristretto255-SHA512"


@dataclass(frozen=True, slots=True)
class Published:
    """What a publish came to.

    Attributes:
        campaign_id: Id of the campaign object.
        objects: Objects posted, the campaign included.
        rows: Rows of tags posted.
    """

    campaign_id: str
    objects: int
    rows: int


def read_results(path: Path) -> dict[str, object]:
    """Return the contents of `campaigns.json`, or of the results folder that holds it.

    Raises:
        InputError: It cannot be read.
    """
    file = path / "campaigns.json" if path.is_dir() else path
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        raise InputError(f"{file}: cannot be read", "name a results folder of a scan") from None
    if not isinstance(content, dict):
        raise InputError(f"{file}: is no campaigns.json", "name a results folder of a scan")
    return content


def previewed(content: Mapping[str, object], campaign: str, choices: Choices) -> Preview:
    """Return what of a campaign would leave; see `node.preview`."""
    return preview(content, campaign, atlas()["tactics"], choices)


def handling(node: Node, purpose: str, until: date) -> Handling:
    """Return how members may use what this node shares: detection inside the forum, no further."""
    facts = node.facts
    return Handling(Level.AMBER_STRICT, facts.legal_basis, purpose, until, audience=facts.audience)


def gate_of(folder: Path) -> FieldGate:
    """Return the field gate under the forum's register, as this node knows it.

    Raises:
        ConfigError: The register is missing or damaged.
    """
    return FieldGate(register_in(folder))


def draft(node: Node, scan_campaign: str, fields: Mapping[str, object]) -> Parcel:
    """Write down the campaign that is to be shared; the one written before, if there is one.

    Raises:
        SharingRefused: The field gate refuses the object; the code says why.
        ExternalError: The disk failed.
    """
    path = outbox.parcel_path(node.folder, scan_campaign)
    parcel = outbox.load(path)
    if parcel is None:
        now = datetime.fromtimestamp(node.clock(), UTC)
        oldest = end_of_week(str(fields["last_week"])) + timedelta(_MOST_DAYS)
        until = min(now.date() + timedelta(_KEPT_DAYS), oldest)
        stix = build.campaign(handling(node, "detect", until), now, fields)
        gate_of(node.folder).check(stix, now.date())
        parcel = Parcel(path, stix)
        parcel.save()
    return parcel


async def publish(
    node: Node, parcel: Parcel, identifiers: Mapping[IdType, Sequence[Identifier]]
) -> Published:
    """Post a parcel; after a failure or a kill, call again with the same arguments.

    Args:
        node: Who shares.
        parcel: From `draft`.
        identifiers: Of the campaign's accounts; they are blinded before anyone sees them.

    Raises:
        SharingRefused: A rule, the key holder or the board refused.
        ExternalError: A server or the disk failed; repeat.
    """
    if not parcel.sets:
        _check_counts(identifiers)
    await remote_board.post(node, CAMPAIGNS.id, [parcel.campaign])
    if not parcel.contributor:
        served = await remote_board.one(node, CAMPAIGNS.id, parcel.campaign_id)
        parcel.contributor = _own_name(served)
        parcel.save()
    if not parcel.sets:
        keys = await tag_keys(node, identifiers, Purpose.CONFIRMED_CLUSTER)
        parcel.sets = [_sealed(parcel, epoch, ones) for epoch, ones in keys.items()]
        parcel.save()
    await _post_sets(node, parcel)
    await remote_board.post(node, INDICATORS.id, parcel.objects) if parcel.objects else None
    parcel.done = True
    parcel.save()
    rows = sum(len(one) // ROW_BYTES for one in parcel.sets)
    return Published(parcel.campaign_id, 1 + len(parcel.objects), rows)


async def _post_sets(node: Node, parcel: Parcel) -> None:
    known = {str(fields_of(one, Extension.TAG_SET).get("set_root")) for one in parcel.objects}
    board = RemoteRows(node.session, node.facts.board_url, node.sign)
    for data in parcel.sets or ():
        try:
            place = await board.post(parcel.campaign_id, data)
        except EpochOver:  # between sealing and posting: look up anew with the next try
            parcel.sets = None
            parcel.save()
            raise
        if place["set_root"] not in known:
            now = datetime.fromtimestamp(node.clock(), UTC)
            parcel.objects.extend(_indicator(node, parcel, data, place, now))
            parcel.save()


def _check_counts(identifiers: Mapping[IdType, Sequence[Identifier]]) -> None:
    for id_type, ones in identifiers.items():
        if len(ones) < LEAST_ROWS:
            raise InputError(
                f"only {len(ones)} identifiers of the type {id_type.label}",
                f"a set has {LEAST_ROWS} or more: leave the type out, or wait for more",
            )


def _own_name(served: Stix) -> str:
    name = str(fields_of(served, Extension.HANDLING).get("contributor"))
    try:
        return UUID(name.removeprefix("identity--")).bytes.hex()
    except ValueError:
        raise ExternalError("the board named no contributor", "report it") from None


def _sealed(parcel: Parcel, epoch: Epoch, keys: Sequence[TagKey]) -> bytes:
    fields = fields_of(parcel.campaign, Extension.CAMPAIGN)
    until = date.fromisoformat(str(fields_of(parcel.campaign, Extension.HANDLING)["retain_until"]))
    record = Record(
        campaign=UUID(parcel.campaign_id.removeprefix("campaign--")).bytes,
        tactics=frozenset(int(one[1:]) for one in _texts(fields["tactic_ids"])),
        confidence=Confidence.HIGH if fields["member_state"] == "confirmed" else Confidence.MEDIUM,
        first_week=_week(str(fields["first_week"])),
        last_week=_week(str(fields["last_week"])),
        retain_until=epoch_days(until),
        handle="through-the-forum",
    )
    pseudonym, week = bytes.fromhex(parcel.contributor), week_of(epoch.end - 1)
    rows = [Row(0, epoch, week, RowFlag(0), k.tag, seal(k, pseudonym, record)) for k in keys]
    return tag_set(rows)[0]


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _week(iso: str) -> int:
    return week_of(epoch_days(end_of_week(iso)) * DAY_SECONDS)


def _indicator(
    node: Node, parcel: Parcel, data: bytes, place: Mapping[str, object], now: datetime
) -> list[Stix]:
    first = Row.decode(data[:ROW_BYTES])
    until = min(
        now.date() + timedelta(_KEPT_DAYS),
        datetime.fromtimestamp(first.epoch.end, UTC).date(),
    )
    fields = {
        "id_type": first.epoch.id_type.label,
        "epoch_id": first.epoch.number,
        "suite": _SUITE,
        "count_band": account_band(len(data) // ROW_BYTES),
        **place,
    }
    how = handling(node, "detect", until)
    indicator = build.tag_set_indicator(how, now, fields)
    link = build.relationship(how, now, str(indicator["id"]), "indicates", parcel.campaign_id)
    return [indicator, link]
