"""Lists detectors and linkers, and shows the page that each carries as its docstring."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Sequence

import click

from stillwatch.cli._output import print_json, print_table
from stillwatch.core.catalogue import units
from stillwatch.core.contracts import Detector, Linker
from stillwatch.core.errors import ConfigError


def list_units(
    folder: str, contract: type[Detector] | type[Linker], name: str | None, as_json: bool
) -> None:
    """Print all units of a folder, or the page of the one named.

    Raises:
        ConfigError: No unit has that name.
    """
    found: dict[str, Detector | Linker] = dict(units(folder, contract))
    if name is not None and name not in found:
        raise ConfigError(f"no unit {name!r} in {folder}", f"there are: {', '.join(found)}")
    chosen = found if name is None else {name: found[name]}
    if as_json:
        print_json([_described(unit) for unit in chosen.values()])
    elif name is not None:
        click.echo(_page(found[name]))
    else:
        _print_units(list(chosen.values()))


def _print_units(chosen: Sequence[Detector | Linker]) -> None:
    columns: dict[str, list[object]] = {
        "name": [unit.name for unit in chosen],
        "family": [getattr(unit, "family", None) for unit in chosen],
        "tactics": [" ".join(unit.tactics) for unit in chosen],
        "look-alikes": [" ".join(unit.look_alikes) for unit in chosen],
        "what": [_summary(unit) for unit in chosen],
    }
    if not any(columns["family"]):  # a detector has none
        del columns["family"]
    print_table(tuple(columns), list(zip(*columns.values(), strict=True)))


def _described(unit: Detector | Linker) -> dict[str, object]:
    described: dict[str, object] = {
        "name": unit.name,
        "summary": _summary(unit),
        "tactics": list(unit.tactics),
        "look_alikes": list(unit.look_alikes),
        "needs": list(unit.needs),
        "settings": dataclasses.asdict(unit) if dataclasses.is_dataclass(unit) else {},
        "page": _page(unit),
    }
    if family := getattr(unit, "family", None):
        described["family"] = family
    return described


def _page(unit: object) -> str:
    return inspect.cleandoc(sys.modules[type(unit).__module__].__doc__ or "no page")


def _summary(unit: object) -> str:
    return (type(unit).__doc__ or "").strip().splitlines()[0] if type(unit).__doc__ else ""
