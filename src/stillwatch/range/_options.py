"""Dataclasses from values of TOML, checked for names, types and limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, Final, TypeVar, get_args

from stillwatch.core.errors import ConfigError
from stillwatch.range.harvest import Spread

T = TypeVar("T")

MOST: Final = 1_000_000
SPREADS: Final = get_args(Spread)


def _number(low: float, high: float) -> Callable[[object], bool]:
    def fits(value: object) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return low <= value <= high

    return fits


KINDS: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "int": (f"a whole number from 1 to {MOST:,}",
            lambda value: type(value) is int and 1 <= value <= MOST),
    "float": ("a number from 0.001 to 10,000", _number(0.001, 10_000)),
    "Share": ("a number from 0 to 1", _number(0, 1)),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "str": ("a text", lambda value: isinstance(value, str)),
    "Spread": (f"one of {', '.join(SPREADS)}", lambda value: value in SPREADS),
    "tuple[str, ...]": (
        "a list of texts",
        lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    ),
}  # fmt: skip
"""What a field of each type may hold, in words and as a test."""


def build(
    where: str, kind: type[T], options: Mapping[str, Any], own: Mapping[str, Any], faults: list[str]
) -> T | None:
    """Build a dataclass, or say what is wrong with its options.

    Args:
        where: What stands before each fault.
        kind: The dataclass.
        options: Values of TOML by field.
        own: Fields that do not come from there.
        faults: Takes what is wrong.

    Returns:
        The dataclass; None where there is a fault.
    """
    known: dict[str, Field[Any]] = {
        field.name: field
        for field in fields(kind)  # type: ignore[arg-type]
        if field.name not in own
    }
    found = [
        f"unknown field {name!r}; known: {', '.join(known) or 'none'}"
        for name in options
        if name not in known
    ]
    values: dict[str, Any] = {}
    for name, field in known.items():
        wanted, fits = KINDS[str(field.type)]
        if name not in options:
            found += [f"{name} is missing"] if field.default is MISSING else []
        elif fits(options[name]):
            values[name] = _read(options[name], str(field.type))
        else:
            found.append(f"{name} must be {wanted}")
    try:
        made = None if found else kind(**values, **own)
    except ConfigError as error:
        made, found = None, [error.message]
    faults += [where + fault for fault in found]
    return made


def _read(value: Any, kind: str) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return float(value) if kind in ("float", "Share") else value
