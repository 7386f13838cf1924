"""The board's collections and what each takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.governance.gate import Admitted, Stix, fields_of
from stillwatch.sharing.stix.extensions import Extension
from stillwatch.sharing.stix.tlp import Level


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection; its id was minted once and is the same on every board."""

    id: str
    title: str
    types: frozenset[str]


def _collection(id_: str, title: str, *types: str) -> Collection:
    return Collection(id_, title, frozenset(types))


CAMPAIGNS: Final = _collection(
    "4dff4cef-232f-45b8-b5a1-59185bae988d", "campaigns", "campaign", "relationship", "identity"
)
INDICATORS: Final = _collection(
    "7a39aa75-3b19-4887-9aa5-a782b0a1deda", "indicators", "indicator", "relationship"
)
SIGHTINGS: Final = _collection("c8b0c22c-2c01-4447-8cf2-92f3cd0b73db", "sightings", "sighting")
OPINIONS: Final = _collection("44839aea-e843-4b33-9956-51a4614a77a2", "opinions", "opinion")
APPEALS: Final = _collection("57b8c5cb-a91f-4d84-9e35-11da44bc9853", "appeals", "note")
PROVENANCE: Final = _collection(
    "47f3a4ca-5cce-40da-b445-cf8bbcf2a2a9", "provenance", "note", "identity"
)
STATISTICS: Final = _collection("23c40596-f587-4d8d-b697-0ebaee5038d8", "statistics")
GOVERNMENT: Final = _collection(
    "e026a139-a47f-4339-ad04-700b941d6ddb", "government", "campaign", "indicator", "relationship"
)
PUBLIC: Final = _collection(
    "6e50a60d-425d-48be-a492-153fed5cc5b4",
    "public",
    "campaign",
    "indicator",
    "relationship",
    "sighting",
)

COLLECTIONS: Final = {
    one.id: one
    for one in (
        CAMPAIGNS,
        INDICATORS,
        SIGHTINGS,
        OPINIONS,
        APPEALS,
        PROVENANCE,
        STATISTICS,
        GOVERNMENT,
        PUBLIC,
    )
}


def check_place(collection: Collection, stix: Stix, admitted: Admitted) -> None:
    """Hold an object against what its collection takes.

    Raises:
        SharingRefused: Another type; unmarked for governments; not `TLP:CLEAR` in public.
    """
    kind = stix["type"]
    wrong = kind not in collection.types
    if kind == "note":
        appeal = bool(fields_of(stix, Extension.APPEAL))
        wrong = wrong or appeal is not (collection is APPEALS)
    if collection is GOVERNMENT:
        usage = fields_of(stix, Extension.HANDLING).get("usage")
        wrong = wrong or not isinstance(usage, list) or "share-to-government" not in usage
    if collection is PUBLIC:
        wrong = wrong or admitted.level > Level.CLEAR
    if wrong:
        raise SharingRefused(
            "this collection does not take the object", "see its purpose", "sw.collection.type"
        )
