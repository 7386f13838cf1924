"""Finds units by their folder: a file in a unit folder that names its unit is a unit.

Outside packages register the same object through an entry point of the group
`stillwatch.units`, named `<folder>.<unit>`.
"""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import entry_points
from typing import Final, TypeVar

from stillwatch.core.errors import UnitError

GROUP: Final = "stillwatch.units"
CONSTANTS: Final = {
    "sources": "SOURCE",
    "sketches": "SKETCH",
    "detectors": "DETECTOR",
    "linkers": "LINKER",
    "range.baselines": "BASELINE",
    "range.personas": "PERSONA",
    "range.campaigns": "CAMPAIGN",
    "range.tactics": "TACTIC",
}

T = TypeVar("T")


def units(folder: str, contract: type[T]) -> dict[str, T]:
    """Return the units of one folder by name, sorted.

    Args:
        folder: A key of `CONSTANTS`, such as `detectors`.
        contract: The unit's Protocol; used for typing only.

    Raises:
        UnitError: A unit names itself wrongly, or two units share a name.
    """
    del contract
    constant = CONSTANTS[folder]
    found: dict[str, T] = {}
    package = importlib.import_module(f"stillwatch.{folder}")
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith("_"):
            unit = getattr(
                importlib.import_module(f"stillwatch.{folder}.{module.name}"), constant, None
            )
            if unit is not None:
                _add(found, unit, f"stillwatch.{folder}.{module.name}")
    for point in entry_points(group=GROUP):
        if point.name.startswith(f"{folder}."):
            _add(found, point.load(), point.value)
    return dict(sorted(found.items()))


def _add(found: dict[str, T], unit: T, where: str) -> None:
    name = getattr(unit, "name", None)
    if not isinstance(name, str) or not name:
        raise UnitError(f"the unit in {where} has no name", "give its class a `name`")
    if name in found:
        raise UnitError(f"two units are named {name!r}; one is in {where}", "rename one of them")
    found[name] = unit() if isinstance(unit, type) else unit
