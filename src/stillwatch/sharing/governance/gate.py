"""The field gate: the same code in the node before sending and on the board at ingest.

A compiled closed schema per type, then what a schema cannot say: TLP, audience, retention, legal
basis, order of dates. A refusal names the place and the class, never the value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

import jsonschema_rs

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.governance.banned import Banned, banned_class
from stillwatch.sharing.governance.legal_basis import Register
from stillwatch.sharing.governance.retention import last_day
from stillwatch.sharing.stix.extensions import Extension, fixed_objects, schema
from stillwatch.sharing.stix.tlp import Level, level_of

TYPES: Final = (
    "campaign",
    "identity",
    "indicator",
    "note",
    "opinion",
    "relationship",
    "sighting",
)

_FIXED_TYPES: Final = frozenset({"attack-pattern", "extension-definition", "marking-definition"})
_ORDERED: Final = (
    (Extension.CAMPAIGN, "first_week", "last_week"),
    (Extension.EVIDENCE, "window_first", "window_last"),
    (Extension.TAG_SET, "row_first", "row_last"),
    (Extension.APPEAL, "opened", "due"),
)
_BOARD_ONLY: Final = ((Extension.HANDLING, "contributor"), (Extension.CAMPAIGN, "board_state"))

Stix = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the gate found in an object that may pass.

    Attributes:
        level: Its TLP level, of several the strictest.
        audience: Opaque id of its recipients; None below AMBER.
        retain_until: Its last day.
    """

    level: Level
    audience: str | None
    retain_until: date


class FieldGate:
    """Lets pass what the forum may share, under a register of legal bases."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def check(self, stix: Stix, today: date, posted: bool = True) -> Admitted:
        """Judge one object.

        Args:
            stix: An object as parsed.
            today: The day, UTC.
            posted: As a member posts it; else as the board serves it, with what the board adds.

        Raises:
            SharingRefused: It may not be shared; the code says why.
        """
        kind = stix.get("type")
        if not isinstance(kind, str) or kind not in TYPES:
            raise _type_refused(kind)
        level = level_of(stix)
        try:
            if not _validator(kind).is_valid(stix):
                raise _refusal(kind, stix)
        except (ValueError, TypeError, OverflowError) as error:  # lone surrogates, vast numbers
            raise SharingRefused(
                "a value is no JSON that others can read", "", "sw.schema.value"
            ) from error
        if posted:
            for extension, field in _BOARD_ONLY:
                if field in fields_of(stix, extension):
                    raise SharingRefused(f"{field} is set by the board", "omit it", "sw.board_only")
        _check_order(stix)
        handling = fields_of(stix, Extension.HANDLING)
        retain_until = date.fromisoformat(str(handling["retain_until"]))
        if retain_until < today:
            raise SharingRefused("retain_until has passed", "", "sw.retention.past")
        if retain_until > last_day(stix):
            raise SharingRefused(
                "retain_until is later than its type allows", "choose less", "sw.retention.long"
            )
        self._register.require(str(handling["legal_basis"]), today)
        return Admitted(level, _audience(level, handling), retain_until)


def is_fixed(stix: Stix) -> bool:
    """Say whether an object is one of those that are the same on every board.

    Raises:
        SharingRefused: It has such an object's type or id and is another.
    """
    known = fixed_objects().get(str(stix.get("id")))
    if known is None and stix.get("type") not in _FIXED_TYPES:
        return False
    if known != stix:
        raise SharingRefused(
            "only the forum's own definitions are accepted", "omit it", "sw.schema.fixed"
        )
    return True


def fields_of(stix: Stix, extension: Extension) -> Mapping[str, object]:
    """Return the fields of one extension of an object; empty where it lacks it."""
    extensions = stix.get("extensions")
    found = extensions.get(str(extension)) if isinstance(extensions, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _audience(level: Level, handling: Mapping[str, object]) -> str | None:
    audience = handling.get("audience")
    if level >= Level.AMBER and audience is None:
        raise SharingRefused("no audience", "from AMBER upwards name one", "sw.audience.missing")
    if level < Level.AMBER and audience is not None:
        raise SharingRefused("an audience below AMBER", "omit it", "sw.audience.needless")
    return None if audience is None else str(audience)


def _check_order(stix: Stix) -> None:
    for extension, first, last in _ORDERED:
        fields = fields_of(stix, extension)
        if first in fields and fields[first] > fields[last]:  # type: ignore[operator]
            raise SharingRefused(f"{last} is before {first}", "", "sw.schema.order")
    if str(stix["modified"]) < str(stix["created"]):
        raise SharingRefused("modified is before created", "", "sw.schema.order")


@cache
def _validator(kind: str) -> jsonschema_rs.Draft202012Validator:
    names = [
        entry.name.removesuffix(".json")
        for entry in files("stillwatch.sharing.stix").joinpath("schemas").iterdir()
    ]
    every = [schema(name) for name in names if not name.startswith("type-")]
    registry = jsonschema_rs.Registry([(str(one["$id"]), one) for one in every])
    return jsonschema_rs.Draft202012Validator(
        schema(f"type-{kind}"), registry=registry, validate_formats=True
    )


def _type_refused(kind: object) -> SharingRefused:
    del kind
    return SharingRefused(
        "the forum does not share this type", f"one of {', '.join(TYPES)}", "sw.schema.type"
    )


def _refusal(kind: str, stix: Stix) -> SharingRefused:
    """Name why the schema refused: a banned class before anything else."""
    faults = list(_faults(kind, stix))
    for place, key, value, _ in faults:
        banned = banned_class(key, value)
        if banned is not None:
            return _banned(banned, place)
    for place, _, _, code in faults:
        return SharingRefused(f"{_WHY[code]} at {place}", "see the type's schema", code)
    return SharingRefused("the object is not of its type", "", "sw.schema.value")


_WHY: Final = {
    "sw.schema.unknown_field": "a field that the schema does not know",
    "sw.schema.missing": "a field is missing",
    "sw.schema.value": "a value that the schema does not allow",
}


def _banned(banned: Banned, place: str) -> SharingRefused:
    return SharingRefused(f"{banned.what} at {place}", "this class is never shared", banned.code)


def _faults(kind: str, stix: Stix) -> Iterator[tuple[str, str, object, str]]:
    """Yield place, unknown key, value and code of each fault; places hold known names only."""
    missing = []
    for error in _validator(kind).iter_errors(stix):
        path = [str(part) for part in error.instance_path]
        place = "/" + "/".join(path)
        name = error.kind.name
        if name == "additionalProperties":
            owner = error.instance if isinstance(error.instance, Mapping) else {}
            for key in error.kind.as_dict()["unexpected"]:
                yield place, key, owner.get(key), "sw.schema.unknown_field"
        elif name == "required":
            missing.append((place, "", None, "sw.schema.missing"))
        else:
            leaf = None if isinstance(error.instance, Mapping) else error.instance
            yield place, "", leaf, "sw.schema.value"
    yield from missing
