"""The contract suite: walks every unit there is, and lets each prove its own examples."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from stillwatch.core.catalogue import CONSTANTS, units
from stillwatch.core.contracts import Detector, FloatArray, Incidence, Linker, Source
from stillwatch.core.records import EXCHANGE_SCHEMA, FAMILIES, SKETCH_SCHEMA, Example
from stillwatch.pipeline.intake import COLUMN_OF
from stillwatch.relations import profiles as profile_module

DETECTORS: Final = units("detectors", Detector)
LINKERS: Final = units("linkers", Linker)
SOURCES: Final = units("sources", Source)
SKETCHES: Final = units("sketches", object)

PAGE_SECTIONS: Final = (
    "Needs",
    "Cost",
    "Tactics",
    "Look-alikes",
    "Blind spots",
    "Triage",
    "Source",
)
KINDS: Final = {"fires", "benign", "hard_benign", "abstains"}
CONTENT_SCORES: Final = {
    name
    for name in SKETCH_SCHEMA.names
    if str(SKETCH_SCHEMA.field(name).type) == "float" and name != "temperature"
}

each_detector = pytest.mark.parametrize("unit", DETECTORS.values(), ids=DETECTORS)
each_linker = pytest.mark.parametrize("unit", LINKERS.values(), ids=LINKERS)
each_judge = pytest.mark.parametrize(
    "unit",
    [*DETECTORS.values(), *LINKERS.values()],
    ids=[f"detectors.{n}" for n in DETECTORS] + [f"linkers.{n}" for n in LINKERS],
)


class Columns(Mapping[str, FloatArray]):
    """Profiles of an example: a column that the rows lack is unknown, NaN."""

    def __init__(self, rows: tuple[dict[str, object], ...]) -> None:
        self.rows = rows
        self.asked: set[str] = set()
        self.given: dict[str, FloatArray] = {}

    def __getitem__(self, name: str) -> FloatArray:
        self.asked.add(name)
        if name not in self.given:
            values = [row.get(name) for row in self.rows]
            self.given[name] = np.array(
                [np.nan if v is None else float(v) for v in values],  # type: ignore[arg-type]
                dtype=np.float64,
            )
        return self.given[name]

    def __iter__(self) -> Iterator[str]:
        return iter({name for row in self.rows for name in row})

    def __len__(self) -> int:
        return len(set(iter(self)))


class Rows:
    """Tables of an example: rows with a `kind` are key uses, the others are parties."""

    def __init__(self, rows: tuple[dict[str, object], ...]) -> None:
        self.uses = [row for row in rows if "kind" in row]
        self.columns = Columns(tuple(row for row in rows if "kind" not in row))
        self.kinds: set[str] = set()

    def keys(self, kind: str) -> Incidence:
        self.kinds.add(kind)
        rows = sorted(
            (row for row in self.uses if row["kind"] == kind),
            key=lambda row: (row["key"], row["party"]),
        )

        def column(name: str, dtype: type) -> np.ndarray:
            return np.array([row.get(name, 0) for row in rows], dtype=dtype)

        return Incidence(
            party=column("party", np.int32),
            key=column("key", np.int64),
            uses=column("uses", np.int64),
            first_us=column("first_us", np.int64),
            last_us=column("last_us", np.int64),
        )

    def parties(self) -> Mapping[str, FloatArray]:
        return self.columns


def page(unit: object) -> str:
    return inspect.cleandoc(sys.modules[type(unit).__module__].__doc__ or "")


def of_kind(unit: Detector | Linker, kind: str) -> list[Example]:
    return [example for example in unit.examples if example.kind == kind]


def known_profile_columns() -> set[str]:
    set_later = re.findall(r'profiles\["(\w+)"\]', inspect.getsource(profile_module))
    return {*profile_module._COUNTS, *set_later}


def test_every_folder_of_units_holds_some() -> None:
    for folder in CONSTANTS:
        assert units(folder, object), folder


@pytest.mark.parametrize("folder", sorted(CONSTANTS))
def test_a_unit_is_named_as_its_file(folder: str) -> None:
    package = sys.modules.get(f"stillwatch.{folder}")
    for name, unit in units(folder, object).items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        file = Path(inspect.getfile(type(unit)))
        holder = sys.modules.get(f"stillwatch.{folder}.{name}")
        assert holder is not None, f"{name} is not in a file of that name, but in {file}"
        assert package is not None
        registered = getattr(holder, CONSTANTS[folder])
        assert (registered() if isinstance(registered, type) else registered).name == name


@pytest.mark.parametrize("folder", sorted(CONSTANTS))
def test_a_unit_travels_to_other_processes(folder: str) -> None:
    for unit in units(folder, object).values():
        pickle.loads(pickle.dumps(unit))  # noqa: S301 (our own bytes)


@each_judge
def test_its_page_has_every_section(unit: Detector | Linker) -> None:
    text = page(unit)
    sections = ("Links" if unit.name in LINKERS and unit is LINKERS[unit.name] else "Detects",)
    for section in sections + PAGE_SECTIONS:
        assert re.search(rf"(^|\. |\n){section}: \S", text), f"no section {section}"
    for tactic in unit.tactics:
        assert re.search(rf"\b{tactic}\b", text), f"{tactic} is not in the docstring"
    for look_alike in unit.look_alikes:
        assert re.search(rf"\b{look_alike}\b", text), f"{look_alike} is not in the docstring"


@each_judge
def test_its_facts_are_well_formed(unit: Detector | Linker) -> None:
    assert unit.tactics
    assert unit.look_alikes
    assert all(re.fullmatch(r"A([1-9]|1\d|2[0-6])", tactic) for tactic in unit.tactics)
    assert all(re.fullmatch(r"B([1-9]|1[0-8])", other) for other in unit.look_alikes)
    assert isinstance(getattr(unit, "harvest", True), bool)
    assert set(unit.needs) <= set(EXCHANGE_SCHEMA.names)
    assert set(unit.needs) <= set(COLUMN_OF), "whether it is filled is never counted"
    assert unit.needs


@each_judge
def test_it_is_a_frozen_dataclass_whose_fields_are_documented_settings(
    unit: Detector | Linker,
) -> None:
    assert is_dataclass(unit)
    names = [field.name for field in fields(unit)]
    for name in names:
        assert re.search(rf"^\s+{name}: \S", type(unit).__doc__ or "", re.MULTILINE), name
        with pytest.raises(AttributeError):
            setattr(unit, name, 0)
    assert replace(unit) == unit


@each_judge
def test_it_has_examples_of_all_kinds(unit: Detector | Linker) -> None:
    assert {example.kind for example in unit.examples} == KINDS
    names = [example.name for example in unit.examples]
    assert len(set(names)) == len(names)


@each_detector
def test_a_detector_fires_above_every_benign_example(unit: Detector) -> None:
    def scores(kind: str) -> list[float]:
        return [float(np.nanmax(unit.score(Columns(e.rows)))) for e in of_kind(unit, kind)]

    fires, benign = scores("fires"), scores("benign") + scores("hard_benign")
    assert np.isfinite(fires + benign).all()
    assert min(fires) > max(benign)


@each_detector
def test_a_detector_abstains_on_too_little(unit: Detector) -> None:
    for example in of_kind(unit, "abstains"):
        assert np.isnan(unit.score(Columns(example.rows))).all()
    nothing = unit.score(Columns(()))
    assert nothing.shape == (0,)
    unknown = unit.score(Columns(({}, {})))
    assert np.isnan(unknown).all(), "a score of an account of which nothing is known"


@each_detector
def test_a_detector_is_deterministic_and_leaves_its_input_alone(unit: Detector) -> None:
    columns = Columns(tuple(row for example in unit.examples for row in example.rows))
    first = unit.score(columns)
    before = copy.deepcopy(columns.given)
    second = unit.score(columns)
    np.testing.assert_array_equal(first, second)
    for name, values in before.items():
        np.testing.assert_array_equal(values, columns.given[name])
    assert first.dtype == np.float64
    assert first.shape == (len(columns.rows),)


@each_detector
def test_a_detector_scores_each_account_by_itself(unit: Detector) -> None:
    rows = tuple(row for example in unit.examples for row in example.rows)
    together = unit.score(Columns(rows))
    alone = np.array([unit.score(Columns((row,)))[0] for row in rows])
    np.testing.assert_allclose(together, alone, rtol=1e-12)


@each_detector
def test_a_detector_asks_for_columns_that_exist(unit: Detector) -> None:
    columns = Columns(tuple(row for example in unit.examples for row in example.rows))
    unit.score(columns)
    assert columns.asked <= known_profile_columns()
    assert set(columns) <= known_profile_columns(), "an example sets an unknown column"


@each_detector
def test_a_detector_explains_in_one_sentence(unit: Detector) -> None:
    for example in of_kind(unit, "fires"):
        columns = Columns(example.rows)
        unit.score(columns)
        row = {name: float(columns[name][0]) for name in known_profile_columns()}
        sentence = unit.explain(row)
        assert 10 < len(sentence) < 200
        assert "nan" not in sentence.split()
        assert "\n" not in sentence


def strength(links: Incidence) -> float:
    """Weight of the rarest hub that links anybody: 1 / (number of its parties), 0 for none."""
    _, sizes = np.unique(links.key, return_counts=True)
    shared = sizes[sizes > 1]
    return float(1.0 / shared.min()) if shared.size else 0.0


@each_linker
def test_a_linker_links_its_example_more_strongly_than_every_benign_one(unit: Linker) -> None:
    def found(kind: str) -> list[float]:
        return [strength(unit.link(Rows(e.rows))) for e in of_kind(unit, kind)]

    assert min(found("fires")) > max(found("benign") + found("hard_benign"))
    assert not any(found("benign"))


@each_linker
def test_a_linker_abstains_on_nothing(unit: Linker) -> None:
    for example in [*of_kind(unit, "abstains"), Example("nothing", "abstains")]:
        links = unit.link(Rows(example.rows))
        assert links.party.size == 0


@each_linker
def test_a_linker_returns_a_sound_incidence_and_leaves_its_input_alone(unit: Linker) -> None:
    for example in unit.examples:
        tables = Rows(example.rows)
        first = unit.link(tables)
        before = copy.deepcopy(tables.columns.given)
        second = unit.link(tables)
        for name in ("party", "key", "uses", "first_us", "last_us"):
            values = getattr(first, name)
            assert values.shape == first.party.shape
            np.testing.assert_array_equal(values, getattr(second, name))
        pairs = list(zip(first.key.tolist(), first.party.tolist(), strict=True))
        assert pairs == sorted(set(pairs)), "sorted by key, then party, each pair once"
        assert (first.uses > 0).all()
        for name, values in before.items():
            np.testing.assert_array_equal(values, tables.columns.given[name])


@each_linker
def test_a_linker_belongs_to_a_family_and_explains_in_one_sentence(unit: Linker) -> None:
    assert unit.family in FAMILIES
    assert isinstance(unit.proposes, bool)
    sentence = unit.explain(3, 5)
    assert 10 < len(sentence) < 200
    assert "\n" not in sentence


@pytest.mark.parametrize("unit", SOURCES.values(), ids=SOURCES)
def test_a_source_says_what_it_reads_and_survives_any_head(unit: Source) -> None:
    assert page(unit)
    assert 5 < len(unit.summary) < 100
    for head in (b"", b"\x00" * 64, b"\xff\xfe{", b"[" * 1000, b'{"a": 1}', b"PAR1", b'{"a'):
        assert isinstance(unit.matches(Path("file"), head), bool)


def test_a_sketch_is_a_column_of_the_schema() -> None:
    assert set(SKETCHES) == CONTENT_SCORES
