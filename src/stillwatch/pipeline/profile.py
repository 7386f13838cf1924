"""The profile: what benign traffic looked like, in one file, without text and without ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from stillwatch.campaigns.calibration import PROFILE_SCHEMA, Calibration
from stillwatch.core.contracts import Detector
from stillwatch.core.errors import InputError
from stillwatch.sketches import SKETCH_VERSION

_HINT: Final = "make it again with `stillwatch calibrate`"


@dataclass(frozen=True, slots=True)
class Profile:
    """A calibration learned from past traffic.

    Attributes:
        parties: Scores of organisations, or accounts without one.
        accounts: Scores of accounts.
        summary: In words, what it was learned from.
    """

    parties: Calibration
    accounts: Calibration
    summary: str


def units_of(detectors: Mapping[str, Detector]) -> dict[str, dict[str, Any]]:
    """Return the detectors and their settings: scores of other ones cannot be compared."""
    return {name: asdict(unit) for name, unit in detectors.items()}  # type: ignore[call-overload]


def dump(profile: Profile, detectors: Mapping[str, Detector]) -> bytes:
    """Return the profile as the bytes of a JSON file."""
    content = {
        "schema": PROFILE_SCHEMA,
        "sketch_version": SKETCH_VERSION,
        "detectors": units_of(detectors),
        "summary": profile.summary,
        "parties": profile.parties.to_json(),
        "accounts": profile.accounts.to_json(),
    }
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def load(path: Path, detectors: Mapping[str, Detector]) -> Profile:
    """Read a profile.

    Raises:
        InputError: It is missing, damaged, or made with other detectors or another version.
    """
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", _HINT) from error
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path}: is no profile: {error}", _HINT) from error
    if not isinstance(content, dict) or content.get("schema") != PROFILE_SCHEMA:
        raise InputError(f"{path}: is no profile of schema {PROFILE_SCHEMA}", _HINT)
    if content.get("sketch_version") != SKETCH_VERSION:
        raise InputError(f"{path}: was made by another version of the sketches", _HINT)
    here, there = units_of(detectors), content.get("detectors")
    if there != here:
        raise InputError(
            f"{path}: was made with other detectors or other settings of them: "
            + ", ".join(_differing(here, there)),
            _HINT,
        )
    try:
        return Profile(
            Calibration.from_json(content["parties"]),
            Calibration.from_json(content["accounts"]),
            str(content["summary"]),
        )
    except KeyError as error:
        raise InputError(f"{path}: misses {error}", _HINT) from error


def _differing(here: Mapping[str, object], there: object) -> list[str]:
    other = there if isinstance(there, dict) else {}
    return sorted(name for name in {*here, *other} if here.get(name) != other.get(name))
