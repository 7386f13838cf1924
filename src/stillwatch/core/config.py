"""Settings: defaults, then the file, then the flags; checked once, frozen after.

A section of the file is a folder of units, a key its unit: `[detectors.steady_load]` holds the
fields of that unit's dataclass. Whoever reads the file hands its tables in here as a `Layer`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, TypeVar, cast, get_type_hints

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from stillwatch.core.catalogue import units
from stillwatch.core.errors import ConfigError
from stillwatch.core.keyed import PUBLIC_KEY

UNIT_SECTIONS: Final = ("detectors", "linkers")
MAX_KEY_BYTES: Final = 64

T = TypeVar("T")
Overrides = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """The section `[scan]`.

    Attributes:
        fdr: False-discovery rate over everything flagged `act`, between 0 and 1.
        review_budget: Most campaigns, and accounts outside of them, in the analyst's queue.
        max_rejected: Share of unreadable rows above which the exit code is 2.
        seed: Seed of every draw; the same seed gives the same bytes.
        threads: Threads to compute with; 0 is one a core.
        memory_limit: What the relational engine may hold before it spills to disk, as `2GB`.
    """

    fdr: Annotated[float, Field(gt=0, lt=1)] = 0.01
    review_budget: Annotated[int, Field(ge=0)] = 50
    max_rejected: Annotated[float, Field(ge=0, le=1)] = 0.01
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    threads: Annotated[int, Field(ge=0, le=1024)] = 0
    memory_limit: Annotated[str, Field(pattern=r"^[1-9][0-9]*(MB|GB|TB)$")] = "2GB"

    @property
    def workers(self) -> int:
        """Return the number of threads, one a core where none is set."""
        return self.threads or os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator may set, checked.

    Attributes:
        scan: The section `[scan]`.
        detectors: Fields set, by detector.
        linkers: Fields set, by linker.
        sketch_key: Key of all tokens; only ever from the environment, never written down.
        origins: Where each value that is no default came from, by dotted key.
    """

    scan: ScanSettings = ScanSettings()
    detectors: Overrides = field(default_factory=dict)
    linkers: Overrides = field(default_factory=dict)
    sketch_key: bytes = field(default=PUBLIC_KEY, repr=False)
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings from one place; a later layer wins over an earlier one.

    Attributes:
        origin: What to name in messages: a file, `command line`.
        values: Tables of tables, as `tomllib` returns them.
    """

    origin: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Setting:
    """One value in force, with its default and where it came from."""

    key: str
    value: object
    default: object
    origin: str


class _Faults:
    """Collects every fault, so that an operator mends the file once."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, origin: str, key: str, problem: str) -> None:
        self.found.append(f"{origin}: {key}: {problem}")

    def unknown(self, origin: str, key: str, allowed: Sequence[str]) -> None:
        self.add(origin, key, f"unknown; allowed: {', '.join(allowed) or 'nothing'}")

    def check(self) -> None:
        if self.found:
            count = f"{len(self.found)} faults" if len(self.found) > 1 else "a fault"
            raise ConfigError(
                "\n  ".join([f"{count} in the settings", *self.found]),
                "`stillwatch config show` lists every setting with its default",
            )


def make_settings(layers: Sequence[Layer], sketch_key: str | None = None) -> Settings:
    """Check the layers and lay them over the defaults.

    Args:
        layers: Earliest first.
        sketch_key: The secret, as text; None takes the public key.

    Raises:
        ConfigError: Naming every unknown or ill-typed key of every layer at once.
    """
    faults = _Faults()
    scan: dict[str, object] = {}
    chosen: dict[str, dict[str, dict[str, object]]] = {name: {} for name in UNIT_SECTIONS}
    origins: dict[str, str] = {}
    for layer in layers:
        for section, table in layer.values.items():
            if section not in ("scan", *UNIT_SECTIONS):
                faults.unknown(layer.origin, f"[{section}]", ("scan", *UNIT_SECTIONS))
            elif not isinstance(table, Mapping):
                faults.add(layer.origin, section, f"must be a table: [{section}]")
            elif section == "scan":
                scan |= _checked(ScanSettings, "scan", layer.origin, table, faults, origins)
            else:
                _merge_units(section, layer.origin, table, chosen[section], faults, origins)
    key = _key(sketch_key, faults)
    for section in UNIT_SECTIONS:
        _build(section, chosen[section], faults)
    faults.check()
    return Settings(
        scan=_replaced(ScanSettings(), scan),
        detectors=chosen["detectors"],
        linkers=chosen["linkers"],
        sketch_key=key,
        origins=origins,
    )


def configured(folder: str, contract: type[T], settings: Settings) -> dict[str, T]:
    """Return the units of a folder with the operator's values in their fields, by name."""
    overrides = cast("Overrides", getattr(settings, folder))
    return {
        name: _replaced(unit, overrides.get(name, {}))
        for name, unit in units(folder, contract).items()
    }


def effective(settings: Settings) -> tuple[Setting, ...]:
    """Return every setting in force, the secret key left out, in the order of the file."""
    found = list(_rows("scan", ScanSettings(), settings.scan, settings.origins))
    for section in UNIT_SECTIONS:
        defaults = units(section, object)
        for name, unit in configured(section, object, settings).items():
            found += _rows(f"{section}.{name}", defaults[name], unit, settings.origins)
    return tuple(found)


def _rows(
    prefix: str, default: object, value: object, origins: Mapping[str, str]
) -> tuple[Setting, ...]:
    return tuple(
        Setting(
            f"{prefix}.{name}",
            getattr(value, name),
            getattr(default, name),
            origins.get(f"{prefix}.{name}", "default"),
        )
        for name in _fields(type(value))
    )


def _fields(kind: type) -> tuple[str, ...]:
    if not dataclasses.is_dataclass(kind):
        return ()
    return tuple(f.name for f in dataclasses.fields(kind) if f.init)


def _checked(
    kind: type,
    prefix: str,
    origin: str,
    table: Mapping[str, object],
    faults: _Faults,
    origins: dict[str, str],
) -> dict[str, object]:
    """Return the fields of `kind` set in a table, each checked against its annotation."""
    allowed = _fields(kind)
    hints = get_type_hints(kind, include_extras=True)
    values: dict[str, object] = {}
    for name, raw in table.items():
        key = f"{prefix}.{name}"
        if name not in allowed:
            faults.unknown(origin, key, allowed)
            continue
        try:
            # Through JSON, strict validation takes a list for a tuple and an int for a float,
            # and still no text for a number.
            values[name] = TypeAdapter(hints[name]).validate_json(orjson.dumps(raw), strict=True)
            origins[key] = origin
        except ValidationError as error:
            faults.add(origin, key, _problem(error))
        except TypeError:
            faults.add(origin, key, f"a {type(raw).__name__} is not allowed")
    return values


def _problem(error: ValidationError) -> str:
    message = error.errors(include_url=False)[0]["msg"]
    return message[0].lower() + message[1:]


def _merge_units(
    section: str,
    origin: str,
    tables: Mapping[str, object],
    chosen: dict[str, dict[str, object]],
    faults: _Faults,
    origins: dict[str, str],
) -> None:
    known = units(section, object)
    for name, table in tables.items():
        key = f"{section}.{name}"
        if name not in known:
            faults.unknown(origin, f"[{key}]", tuple(known))
        elif not isinstance(table, Mapping):
            faults.add(origin, key, f"must be a table: [{key}]")
        else:
            values = _checked(type(known[name]), key, origin, table, faults, origins)
            chosen.setdefault(name, {}).update(values)


def _build(section: str, chosen: Overrides, faults: _Faults) -> None:
    """Let each unit judge its own values: its `__post_init__` may refuse a combination."""
    if not chosen:
        return
    known = units(section, object)
    for name, values in chosen.items():
        try:
            _replaced(known[name], values)
        except ValueError as error:
            faults.add("settings", f"{section}.{name}", str(error))


def _replaced(unit: T, values: Mapping[str, object]) -> T:
    if not values:
        return unit
    return dataclasses.replace(unit, **values)  # type: ignore[type-var]


def _key(text: str | None, faults: _Faults) -> bytes:
    if text is None:
        return PUBLIC_KEY
    key = text.encode()
    if not 16 <= len(key) <= MAX_KEY_BYTES:
        faults.add("environment", "STILLWATCH_SKETCH_KEY", f"must have 16 to {MAX_KEY_BYTES} bytes")
    return key
