"""The extensions X0 to X8 and the other objects that never change.

Source: STIX 2.1, sections 7.3 (extension definitions) and 4.1 (attack patterns); MITRE ATLAS 5.6.
The mapping of tactics onto ATLAS techniques is ours. Ids were minted once and stay.
"""

from __future__ import annotations

import json
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final, TypedDict

from stillwatch.sharing.stix.tlp import MARKING_IDS, Level, marking_definitions

PROJECT_ID: Final = "identity--9dfeefab-0f6d-4933-a978-0d86c0be4542"

_MINTED: Final = "2026-11-25T00:00:00.000Z"


class Extension(StrEnum):
    """Id of each extension; the key under `extensions`."""

    HANDLING = "extension-definition--2c884ef5-1a67-4bfb-b475-4fb1368515a9"
    CAMPAIGN = "extension-definition--a5fcb1fc-bd9c-44a2-bcf1-7316ca652d01"
    TEMPLATE = "extension-definition--9ec0b528-71a5-4b91-af44-41de1f4cfe0a"
    TAG_SET = "extension-definition--f9d71bbb-9ae6-477d-b001-7afd067a161c"
    ATTRIBUTION = "extension-definition--6f39d6fa-05fd-4ad5-a8c3-0924054a8df4"
    EVIDENCE = "extension-definition--ebe75805-b3ae-472b-91cd-fe63ff631ab9"
    STANCE = "extension-definition--d4a84cfd-8342-406b-9156-ac6ff9a6d310"
    APPEAL = "extension-definition--399bade2-fe98-48e8-ba41-7494c77cca80"
    WITHDRAWAL = "extension-definition--7fd19009-6cf3-4bea-916f-900bd189b6e5"


_SCHEMAS: Final = {
    Extension.HANDLING: "x0-handling",
    Extension.CAMPAIGN: "x1-distillation-campaign",
    Extension.TEMPLATE: "x2-template-fingerprint",
    Extension.TAG_SET: "x3-private-tag-set",
    Extension.ATTRIBUTION: "x4-attribution-evidence",
    Extension.EVIDENCE: "x5-cluster-evidence",
    Extension.STANCE: "x6-stance",
    Extension.APPEAL: "x7-appeal",
    Extension.WITHDRAWAL: "x8-withdrawal",
}


class Atlas(TypedDict):
    """ATLAS techniques: those above all tactics, those of each tactic, the object of each."""

    atlas_version: str
    parents: list[str]
    tactics: dict[str, list[str]]
    objects: dict[str, str]


@cache
def schema(name: str) -> dict[str, object]:
    """Return a JSON Schema of the package by the name of its file, without `.json`."""
    text = files(__package__).joinpath("schemas", f"{name}.json").read_text("utf-8")
    content: dict[str, object] = json.loads(text)
    return content


@cache
def atlas() -> Atlas:
    """Return the table of tactics A1 to A26 and ATLAS techniques."""
    content: Atlas = json.loads(files(__package__).joinpath("atlas.json").read_text("utf-8"))
    return content


@cache
def fixed_objects() -> dict[str, dict[str, object]]:
    """Return by id every object that is the same on every board.

    The project's identity, the TLP markings, the extension definitions, the ATLAS techniques.
    """
    extensions = [_definition(id_, name) for id_, name in _SCHEMAS.items()]
    techniques = [_technique(name, id_) for name, id_ in atlas()["objects"].items()]
    every = [_project(), *marking_definitions(), *extensions, *techniques]
    return {str(one["id"]): one for one in every}


def _project() -> dict[str, object]:
    return _object("identity", PROJECT_ID, name="stillwatch", identity_class="group")


def _definition(id_: str, name: str) -> dict[str, object]:
    content = schema(name)
    return _object(
        "extension-definition",
        str(id_),
        created_by_ref=PROJECT_ID,
        name=name.partition("-")[2],
        description=content["title"],
        schema=f"the JSON Schema {content['$id']} in the package stillwatch",
        version="1.0.0",
        extension_types=["property-extension"],
    )


def _technique(name: str, id_: str) -> dict[str, object]:
    reference = {"source_name": "mitre-atlas", "external_id": name}
    return _object("attack-pattern", id_, name=name, external_references=[reference])


def _object(kind: str, id_: str, **fields: object) -> dict[str, object]:
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": id_,
        "created": _MINTED,
        "modified": _MINTED,
        **fields,
        "object_marking_refs": [MARKING_IDS[Level.CLEAR]],
    }
