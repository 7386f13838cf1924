"""The profile: what benign traffic looked like, in one file, without text and without ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from stillwatch.campaigns.calibration import POOLED, PROFILE_SCHEMA, Calibration
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
        parties, accounts = (Calibration.from_json(content[n]) for n in ("parties", "accounts"))
        summary = str(content["summary"])
    except KeyError as error:
        raise InputError(f"{path}: misses {error}", _HINT) from error
    if not (POOLED in parties.scores and POOLED in accounts.scores):
        raise InputError(f"{path}: the profile's calibration is damaged", _HINT)
    unknown = sorted(detectors.keys() - accounts.scores[POOLED].keys())
    if unknown:
        summary += "; no data for: " + ", ".join(unknown)
    return Profile(_abstaining(parties, unknown), _abstaining(accounts, unknown), summary)


def _abstaining(calibration: Calibration, detectors: Sequence[str]) -> Calibration:
    """Return a calibration in which detectors it knows nothing of have abstained everywhere."""
    scores = {}
    for segment, sample in calibration.scores.items():
        size = max((values.size for values in sample.values()), default=0)
        scores[segment] = {**sample, **{name: np.full(size, np.nan) for name in detectors}}
    return replace(calibration, scores=scores)


def _differing(here: Mapping[str, object], there: object) -> list[str]:
    other = there if isinstance(there, dict) else {}
    return sorted(name for name in {*here, *other} if here.get(name) != other.get(name))
