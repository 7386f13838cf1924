"""TLP 2.0 as the forum applies it.

Source: FIRST, Traffic Light Protocol 2.0; OASIS CTI, `tlp-2.0` extension of STIX 2.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final

from stillwatch.core.errors import SharingRefused

TLP_EXTENSION: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"

_CREATED: Final = "2022-10-01T00:00:00.000Z"


class Level(IntEnum):
    """How far an object may travel; the larger, the stricter."""

    CLEAR = 0
    GREEN = 1
    AMBER = 2
    AMBER_STRICT = 3
    RED = 4


MARKING_IDS: Final[dict[Level, str]] = {
    Level.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    Level.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Level.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    Level.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    Level.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}

TLP_1_IDS: Final = frozenset(
    {
        "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
        "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
        "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
        "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
    }
)

_LEVELS: Final = {marking: level for level, marking in MARKING_IDS.items()}


def marking_definitions() -> list[dict[str, object]]:
    """Return the five marking definitions as OASIS published them."""
    return [
        {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": marking,
            "created": _CREATED,
            "name": f"TLP:{_written(level).upper()}",
            "extensions": {
                TLP_EXTENSION: {
                    "extension_type": "property-extension",
                    "tlp_2_0": _written(level),
                }
            },
        }
        for level, marking in MARKING_IDS.items()
    ]


def level_of(stix: Mapping[str, object]) -> Level:
    """Return how strictly an object is marked: of several markings the strictest.

    Raises:
        SharingRefused: No marking, one that is no TLP 2.0 marking, or granular markings.
    """
    if "granular_markings" in stix:
        raise SharingRefused(
            "granular markings are not served", "mark the whole object", "sw.tlp.granular"
        )
    markings = stix.get("object_marking_refs")
    if not isinstance(markings, Sequence) or isinstance(markings, str) or not markings:
        raise SharingRefused("no TLP marking", "mark the object with TLP 2.0", "sw.tlp.missing")
    if any(not isinstance(one, str) for one in markings):
        raise SharingRefused("a marking is no id", "name markings by id", "sw.tlp.unknown")
    if not TLP_1_IDS.isdisjoint(markings):
        raise SharingRefused("a marking of TLP 1.0", "use the ids of TLP 2.0", "sw.tlp.version")
    if not _LEVELS.keys() >= set(markings):
        raise SharingRefused("a marking is not of TLP 2.0", "use its five ids", "sw.tlp.unknown")
    return max(_LEVELS[one] for one in markings)


def _written(level: Level) -> str:
    return level.name.lower().replace("_", "+")
