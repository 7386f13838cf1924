"""What we emit, read by STIX libraries that no one here wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import stix2
from stix2 import parse
from stix2validator import ValidationOptions, validate_instance

from stillwatch.sharing.stix.build import Stix
from stillwatch.sharing.stix.extensions import Extension, atlas, fixed_objects, schema
from stillwatch.sharing.stix.tlp import MARKING_IDS, Level, marking_definitions
from stix.samples import every_object, tag_set_fields

EMITTED = [*every_object(), *fixed_objects().values()]
NAMES = [f"{one['type']}-{number}" for number, one in enumerate(EMITTED)]


@pytest.mark.parametrize("stix", EMITTED, ids=NAMES)
def test_it_survives_parse_and_serialise(stix: Stix) -> None:
    parsed = parse(stix, allow_custom=False, version="2.1")
    assert json.loads(parsed.serialize()) == stix
    assert type(parsed).__module__.startswith(stix2.__name__)


@pytest.mark.parametrize("stix", EMITTED, ids=NAMES)
def test_the_validator_has_neither_error_nor_warning(stix: Stix) -> None:
    options = ValidationOptions(version="2.1", strict=True)
    found = validate_instance(json.loads(json.dumps(stix)), options)
    assert found.is_valid, [str(error) for error in found.errors]
    assert not found.warnings


def test_the_validator_would_complain() -> None:
    options = ValidationOptions(version="2.1", strict=True)
    broken = {**every_object()[0], "x": 1, "name": 7}
    assert not validate_instance(json.loads(json.dumps(broken)), options).is_valid


def test_there_are_no_floats_and_no_text_of_a_member() -> None:
    def leaves(value: object) -> list[object]:
        if isinstance(value, dict):
            return [leaf for one in value.values() for leaf in leaves(one)]
        if isinstance(value, list):
            return [leaf for one in value for leaf in leaves(one)]
        return [value]

    values = [leaf for one in EMITTED for leaf in leaves(one)]
    assert {type(leaf) for leaf in values} <= {str, int, bool}


def test_tlp_ids_are_those_of_the_table() -> None:
    assert MARKING_IDS == {
        Level.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
        Level.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        Level.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        Level.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        Level.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
    }


def test_a_marking_definition_is_what_oasis_published() -> None:
    strict = marking_definitions()[3]
    assert json.dumps(strict) == (
        '{"type": "marking-definition", "spec_version": "2.1", '
        '"id": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", '
        '"created": "2022-10-01T00:00:00.000Z", "name": "TLP:AMBER+STRICT", "extensions": '
        '{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": '
        '{"extension_type": "property-extension", "tlp_2_0": "amber+strict"}}}'
    )


def test_every_schema_is_closed() -> None:
    def open_ones(node: object, place: str) -> list[str]:
        if isinstance(node, list):
            return [found for one in node for found in open_ones(one, place)]
        if not isinstance(node, dict):
            return []
        own = [place] if node.get("type") == "object" and (
            node.get("additionalProperties") is not False
        ) else []  # fmt: skip
        return own + [f for key, one in node.items() for f in open_ones(one, f"{place}/{key}")]

    folder = Path(__file__).parents[3] / "src/stillwatch/sharing/stix/schemas"
    names = sorted(path.stem for path in folder.glob("*.json"))
    assert len(names) == 17
    assert not [found for name in names for found in open_ones(schema(name), name)]
    assert '"number"' not in "".join(path.read_text("utf-8") for path in folder.glob("*.json"))


def test_property_names_are_those_stix_allows() -> None:
    for extension in Extension:
        definition = fixed_objects()[str(extension)]
        name = str(definition["schema"]).split()[3].rpartition(":")[2]
        properties = schema(name)["properties"]
        assert isinstance(properties, dict)
        assert all(3 <= len(one) <= 250 and one.islower() for one in properties), name


def test_the_atlas_table_covers_all_tactics() -> None:
    table = atlas()
    assert list(table["tactics"]) == [f"A{number}" for number in range(1, 27)]
    used = {one for ids in table["tactics"].values() for one in ids}
    assert used <= table["objects"].keys()
    assert {name for name, ids in table["tactics"].items() if not ids} == {
        "A11", "A18", "A21", "A24",
    }  # fmt: skip


def test_a_tag_set_names_its_root() -> None:
    assert tag_set_fields()["set_root"] in str(every_object()[2]["pattern"])
