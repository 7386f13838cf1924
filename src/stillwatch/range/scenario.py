"""Scenarios: campaigns hidden among personas, read from TOML.

A scenario names what is hidden and among whom. The benign mix is every persona, and, where the
data folder is there, the tenants of the catalogue with real prompts and real arrivals as well.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import pyarrow as pa

from stillwatch.core.catalogue import units
from stillwatch.core.errors import ConfigError
from stillwatch.range._assemble import assemble
from stillwatch.range.compose import stream, world_of
from stillwatch.range.contracts import Composition, Persona, Tactic, Traffic, World
from stillwatch.range.harvest import Harvest
from stillwatch.range.real import real_world, tenants

BUILT_IN: Final = resources.files("stillwatch.range.scenarios")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is composed.

    Attributes:
        name: Name of the file.
        summary: What it shows, in a line.
        target: What is expected of a detector, in words; empty where nothing is.
        days: Whole days, 2 to 14 with real arrivals.
        scale: Multiplies the number of benign accounts.
        permuted: Whether the exchanges are dealt out to the accounts at random in the end: a
            negative control, in which nobody belongs together.
        without: Corpora that the benign mix leaves out.
        campaigns: What is hidden.
    """

    name: str
    summary: str
    target: str = ""
    days: int = 7
    scale: float = 1.0
    permuted: bool = False
    without: tuple[str, ...] = ()
    campaigns: tuple[Harvest, ...] = ()


def scenarios() -> dict[str, Scenario]:
    """Return the built-in scenarios by name."""
    files = sorted(BUILT_IN.iterdir(), key=lambda file: file.name)
    return {
        scenario.name: scenario
        for scenario in (
            read(file.name.removesuffix(".toml"), file.read_text(encoding="utf-8"))
            for file in files
            if file.name.endswith(".toml")
        )
    }


def find(name: str) -> Scenario:
    """Return a built-in scenario by name, or one read from a TOML file by path.

    Raises:
        ConfigError: There is none of that name, or the file is not a scenario.
    """
    known = scenarios()
    if name in known:
        return known[name]
    path = Path(name)
    if not path.is_file():
        raise ConfigError(f"no scenario {name!r}", f"one of {', '.join(known)}, or a TOML file")
    try:
        return read(path.stem, path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8", "save it as UTF-8") from error


def read(name: str, text: str) -> Scenario:
    """Read a scenario.

    Raises:
        ConfigError: The text is not TOML, or a field, a tactic or an option is not known.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"scenario {name}: {error}", "see the built-in scenarios") from error
    rows = content.pop("campaign", [])
    campaigns = tuple(_campaign(name, row) for row in rows)
    if len({campaign.name for campaign in campaigns}) < len(campaigns):
        raise ConfigError(f"scenario {name}: two campaigns have one name", "rename one of them")
    scenario = _build(f"scenario {name}", Scenario, {**content, "name": name})
    return replace(scenario, campaigns=campaigns)


def _campaign(scenario: str, row: Mapping[str, Any]) -> Harvest:
    where = f"scenario {scenario}, campaign {row.get('name', '')!r}"
    known = units("range.tactics", Tactic)
    steps = []
    for options in row.get("step", []):
        use = options.get("use")
        if use not in known:
            raise ConfigError(f"{where}: no tactic {use!r}", f"one of {', '.join(known)}")
        chosen = {name: value for name, value in options.items() if name != "use"}
        steps.append(_build(f"{where}, {use}", type(known[use]), chosen))
    plain = {name: value for name, value in row.items() if name != "step"}
    return replace(_build(where, Harvest, plain), steps=tuple(steps))


def _build(where: str, kind: type[T], options: Mapping[str, Any]) -> T:
    """Build a dataclass from values of TOML, checking names and types."""
    kinds = {field.name: str(field.type) for field in fields(kind)}  # type: ignore[arg-type]
    faults = []
    values: dict[str, Any] = {}
    for name, value in options.items():
        if name not in kinds:
            faults.append(f"unknown field {name!r}; known: {', '.join(kinds)}")
            continue
        values[name] = tuple(value) if isinstance(value, list) else value
        if kinds[name] == "float" and isinstance(value, int) and not isinstance(value, bool):
            values[name] = float(value)
        expected = {"int": int, "float": float, "bool": bool, "str": str}.get(kinds[name])
        if expected is not None and type(values[name]) is not expected:
            faults.append(f"{name} must be {kinds[name]}, not {type(value).__name__}")
    if faults:
        raise ConfigError(f"{where}: " + "; ".join(faults), "see `stillwatch range list`")
    try:
        return kind(**values)
    except TypeError as error:
        raise ConfigError(f"{where}: {error}", "add the missing field") from error


def world(scenario: Scenario, seed: int, data: Path | None) -> World:
    """Return the world of a scenario and seed."""
    if data is None:
        return world_of(seed, scenario.days, scenario.scale)
    return real_world(data, seed, scenario.days, scenario.scale)


def compose(scenario: Scenario, seed: int, data: Path | None) -> Composition:
    """Compose a scenario.

    Args:
        scenario: What to compose.
        seed: Same seed and data, same bytes.
        data: Folder of the real prompts and arrivals; None takes text of our own making.
    """
    place = world(scenario, seed, data)
    parts: list[Traffic] = [
        persona.compose(stream(seed, f"persona.{name}"), place)
        for name, persona in units("range.personas", Persona).items()
    ]
    if data is not None:
        parts += tenants(place, scenario.without)
    parts += [
        campaign.compose(stream(seed, f"campaign.{campaign.name}"), place)
        for campaign in scenario.campaigns
    ]
    composed = assemble(stream(seed, "assemble"), place, parts)
    return _permuted(composed, stream(seed, "permute")) if scenario.permuted else composed


ACCOUNT_COLUMNS: Final = (
    "account_id",
    "organization_id",
    "credential_id",
    "plan",
    "verified",
    "account_created",
    "payment_id",
    "email_domain",
)


def _permuted(composed: Composition, rng: np.random.Generator) -> Composition:
    """Deal the accounts out to the exchanges at random; what belongs to an account moves along."""
    exchanges = composed.exchanges
    order = pa.array(rng.permutation(exchanges.num_rows))
    for name in ACCOUNT_COLUMNS:
        place = exchanges.schema.get_field_index(name)
        exchanges = exchanges.set_column(
            place, exchanges.schema.field(name), exchanges[name].take(order)
        )
    return Composition(exchanges, composed.labels)
