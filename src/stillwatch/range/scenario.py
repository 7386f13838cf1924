"""Scenarios: campaigns hidden among personas, read from TOML.

A scenario names what is hidden and among whom. The benign mix is every persona, and, where the
data folder is there, the tenants of the catalogue with real prompts and real arrivals as well.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from stillwatch.core.catalogue import units
from stillwatch.core.errors import ConfigError
from stillwatch.range._assemble import assemble
from stillwatch.range._corpora import catalogue
from stillwatch.range._options import build
from stillwatch.range.compose import benign, stream, world_of
from stillwatch.range.contracts import Composition, Tactic, World
from stillwatch.range.harvest import Harvest
from stillwatch.range.real import real_world, tenants

REAL_DAYS: Final = 14
"""Days that the real arrivals cover."""
MOST_DAYS: Final = 90
BUILT_IN: Final = resources.files("stillwatch.range.scenarios")


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is composed.

    Attributes:
        name: Name of the file.
        summary: What it shows, in a line.
        target: What is expected of a detector, in words; empty where nothing is.
        days: Whole days, 2 to 14 with real arrivals.
        scale: Multiplies the number of benign accounts.
        rare: Multiplies, on top, that of the look-alikes that are rare in life.
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
    rare: float = 1.0
    permuted: bool = False
    without: tuple[str, ...] = ()
    campaigns: tuple[Harvest, ...] = ()

    def __post_init__(self) -> None:
        if not 2 <= self.days <= MOST_DAYS:
            raise ConfigError(f"days must be 2 to {MOST_DAYS}", "change it")
        corpora = {corpus.name for corpus in catalogue()[0]}
        if strangers := sorted(set(self.without) - corpora):
            raise ConfigError(f"without: no corpus {strangers[0]!r}", "see catalogue.toml")


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

    `NAME.CAMPAIGN` is the built-in scenario with one of its campaigns alone.

    Raises:
        ConfigError: There is none of that name, or the file is not a scenario.
    """
    known = scenarios()
    if name in known:
        return known[name]
    whole, _, part = name.partition(".")
    alone = [one for one in known[whole].campaigns if one.name == part] if whole in known else []
    if alone:
        return replace(known[whole], name=name, campaigns=tuple(alone))
    path = Path(name)
    try:
        if path.is_file():
            return read(path.stem, path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8", "save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "name a file that you may read") from error
    raise ConfigError(f"no scenario {name!r}", f"one of {', '.join(known)}, or a TOML file")


def read(name: str, text: str) -> Scenario:
    """Read a scenario.

    Raises:
        ConfigError: The text is not TOML, or a field, a tactic or an option is not known or not
            in its limits; all faults are reported together.
    """
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"scenario {name}: {error}", "see the built-in scenarios") from error
    if not content:
        raise ConfigError(f"scenario {name} is empty", "give it a summary and a [[campaign]]")
    faults: list[str] = []
    rows = _tables(content.pop("campaign", []), "campaign", faults)
    campaigns = [_campaign(row, faults) for row in rows]
    names = [campaign.name for campaign in campaigns if campaign is not None]
    if len(set(names)) < len(names):
        faults.append("two campaigns have one name")
    scenario = build("", Scenario, content, {"name": name, "campaigns": tuple(campaigns)}, faults)
    if scenario is None or faults:
        raise ConfigError(f"scenario {name}: " + "; ".join(faults), "see `stillwatch range list`")
    return scenario


@cache
def _tactics() -> dict[str, Tactic]:
    return units("range.tactics", Tactic)


def _tables(value: object, name: str, faults: list[str]) -> list[dict[str, Any]]:
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return value
    faults.append(f"{name} must be tables, each under [[{name}]]")
    return []


def _campaign(row: Mapping[str, Any], faults: list[str]) -> Harvest | None:
    where = f"campaign {row.get('name', '')!r}, "
    known = _tactics()
    steps = []
    plain = dict(row)
    for options in _tables(plain.pop("step", []), "campaign.step", faults):
        use = options.pop("use", None)
        if not isinstance(use, str) or use not in known:
            faults.append(f"{where}no tactic {use!r}; known: {', '.join(known)}")
        else:
            steps.append(build(f"{where}{use}, ", type(known[use]), options, {}, faults))
    return build(where, Harvest, plain, {"steps": tuple(steps)}, faults)


def world(scenario: Scenario, seed: int, data: Path | None) -> World:
    """Return the world of a scenario and seed.

    Raises:
        ConfigError: There is data, and the real arrivals do not last that long.
    """
    if data is None:
        return world_of(seed, scenario.days, scenario.scale, scenario.rare)
    if scenario.days > REAL_DAYS:
        raise ConfigError(
            f"scenario {scenario.name}: real arrivals cover {REAL_DAYS} days, not {scenario.days}",
            "take fewer days, or compose without data",
        )
    return real_world(data, seed, scenario.days, scenario.scale, scenario.rare)


def compose(scenario: Scenario, seed: int, data: Path | None) -> Composition:
    """Compose a scenario.

    Args:
        scenario: What to compose.
        seed: Same seed and data, same bytes.
        data: Folder of the real prompts and arrivals; None takes text of our own making.
    """
    place = world(scenario, seed, data)
    parts = benign(place)
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
