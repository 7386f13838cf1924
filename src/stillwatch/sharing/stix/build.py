"""Builders: closed fields in, plain STIX 2.1 objects out.

Builders judge nothing: the field gate does, in the node before sending and on the board.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import uuid4

from stillwatch.sharing.stix.extensions import Extension
from stillwatch.sharing.stix.tlp import MARKING_IDS, Level

Stix = dict[str, object]
Fields = Mapping[str, object]

_ATTRIBUTION: Final = "Evidence on whether a suspect model derives from another, in closed fields"
_APPEAL: Final = "An appeal against a shared object or tag, in closed fields"
_TEMPLATE: Final = "Band tags of a prompt template that accounts of a suspected campaign share"
_TAG_SET: Final = "Tags of identifiers that accounts of a suspected campaign share"
_OPINIONS: Final = {"investigate": "neutral", "positive": "agree", "negative": "disagree"}


@dataclass(frozen=True, slots=True)
class Handling:
    """How an object may be used; every builder asks for one.

    Attributes:
        level: Its TLP marking.
        legal_basis: Id of an entry of the register, such as `lb-trial`.
        purpose: `detect`, `attribute`, `correct` or `statistics`.
        retain_until: Last day on which anyone may keep it.
        usage: What recipients may do with it.
        audience: Opaque id of the list of recipients, from AMBER upwards.
    """

    level: Level
    legal_basis: str
    purpose: str
    retain_until: date
    usage: Sequence[str] = ("internal-detection",)
    audience: str | None = None


def campaign(handling: Handling, now: datetime, fields: Fields) -> Stix:
    """Return a campaign; `fields` are those of X1 except `board_state`."""
    name = {"name": "Suspected distillation campaign"}
    return _object("campaign", handling, now, name, {Extension.CAMPAIGN: fields})


def template_indicator(handling: Handling, now: datetime, fields: Fields) -> Stix:
    """Return an indicator of a template's band tags; `fields` are those of X2."""
    pattern = "[x-stillwatch-template:scheme = 'mh128-b18r7-v1']"
    own = _indicator("Template fingerprint", _TEMPLATE, pattern, now)
    return _object("indicator", handling, now, own, {Extension.TEMPLATE: fields})


def tag_set_indicator(handling: Handling, now: datetime, fields: Fields) -> Stix:
    """Return an indicator of a set of tags; `fields` are those of X3."""
    pattern = f"[x-stillwatch-tagset:set_root = '{fields['set_root']}']"
    own = _indicator("Private tag set", _TAG_SET, pattern, now)
    return _object("indicator", handling, now, own, {Extension.TAG_SET: fields})


def sighting(handling: Handling, now: datetime, of: str, evidence: Fields | None = None) -> Stix:
    """Return a sighting of a campaign or an indicator; `evidence` are the fields of X5."""
    extra = {} if evidence is None else {Extension.EVIDENCE: evidence}
    return _object("sighting", handling, now, {"sighting_of_ref": of}, extra)


def relationship(handling: Handling, now: datetime, source: str, kind: str, target: str) -> Stix:
    """Return a relationship: `indicates`, `uses` or `duplicate-of`."""
    own = {"relationship_type": kind, "source_ref": source, "target_ref": target}
    return _object("relationship", handling, now, own, {})


def opinion(handling: Handling, now: datetime, of: Sequence[str], fields: Fields) -> Stix:
    """Return an opinion; `fields` are those of X6."""
    own = {"opinion": _OPINIONS[str(fields["stance"])], "object_refs": list(of)}
    return _object("opinion", handling, now, own, {Extension.STANCE: fields})


def attribution_note(handling: Handling, now: datetime, suspect: str, fields: Fields) -> Stix:
    """Return a test's result on a suspect model's identity; `fields` are those of X4."""
    own = {"content": _ATTRIBUTION, "object_refs": [suspect]}
    return _object("note", handling, now, own, {Extension.ATTRIBUTION: fields})


def appeal_note(handling: Handling, now: datetime, of: Sequence[str], fields: Fields) -> Stix:
    """Return an appeal against objects; `fields` are those of X7."""
    own = {"content": _APPEAL, "object_refs": list(of)}
    return _object("note", handling, now, own, {Extension.APPEAL: fields})


def suspect_model(handling: Handling, now: datetime) -> Stix:
    """Return the identity that attribution evidence refers to."""
    own = {"name": "Suspect model", "identity_class": "system"}
    return _object("identity", handling, now, own, {})


def contributor(handling: Handling, now: datetime) -> Stix:
    """Return an identity for a contributor's pseudonym."""
    own = {"name": "Contributor to the forum", "identity_class": "organization"}
    return _object("identity", handling, now, own, {})


def revised(former: Mapping[str, object], now: datetime, kind: Extension, fields: Fields) -> Stix:
    """Return the next version of an object, the fields of one extension replaced."""
    extensions = former["extensions"]
    if not isinstance(extensions, Mapping):
        raise TypeError("extensions are a mapping")
    kept = {str(key): dict(value) for key, value in extensions.items()}
    kept[str(kind)] = _extension(fields)
    return {**former, "modified": written_time(now), "extensions": kept}


def withdrawn(former: Mapping[str, object], now: datetime, fields: Fields) -> Stix:
    """Return the last version of an object, which takes it back; `fields` are those of X8."""
    return {**revised(former, now, Extension.WITHDRAWAL, fields), "revoked": True}


def written_time(moment: datetime) -> str:
    """Return an aware time as STIX writes it, in milliseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _indicator(name: str, description: str, pattern: str, now: datetime) -> Stix:
    return {
        "name": name,
        "description": description,
        "indicator_types": ["anomalous-activity"],
        "pattern": pattern,
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _object(
    kind: str, handling: Handling, now: datetime, own: Fields, extra: Mapping[Extension, Fields]
) -> Stix:
    first: Stix = {
        "schema_rev": 1,
        "legal_basis": handling.legal_basis,
        "purpose": handling.purpose,
        "retain_until": handling.retain_until.isoformat(),
        "usage": list(handling.usage),
    }
    if handling.audience is not None:
        first["audience"] = handling.audience
    extensions = {str(id_): _extension(one) for id_, one in extra.items()}
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid4()}",
        "created": written_time(now),
        "modified": written_time(now),
        **own,
        "object_marking_refs": [MARKING_IDS[handling.level]],
        "extensions": {str(Extension.HANDLING): _extension(first), **extensions},
    }


def _extension(fields: Fields) -> Stix:
    return {"extension_type": "property-extension", **fields}
