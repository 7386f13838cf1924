"""The register of legal bases: dated, reviewed, and refused once it has lapsed.

A legal basis can end on a date that is known beforehand. Posting under it stops then; reading
does not. Nothing here is legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from stillwatch.core.errors import ConfigError, SharingRefused

ALARM_DAYS: Final = (60, 30, 7)

_ID: Final = re.compile(r"lb-[0-9a-z]{2,16}")
_TEXTS: Final = ("text", "jurisdiction", "reviewed_by")


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """One entry; valid from its first day to its last day, both included."""

    id: str
    text: str
    jurisdiction: str
    valid_from: date
    valid_until: date
    reviewed_by: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """An entry that ends soon.

    Attributes:
        basis: The entry.
        days_left: Days until its last day; negative once it has lapsed.
        threshold_days: The alarm that it has reached: 60, 30 or 7 days; 0 once it has lapsed.
    """

    basis: LegalBasis
    days_left: int
    threshold_days: int


class Register:
    """The entries of one board or node."""

    def __init__(self, entries: Iterable[LegalBasis]) -> None:
        self._entries = {one.id: one for one in entries}

    def require(self, basis_id: str, today: date) -> LegalBasis:
        """Return an entry under which may be posted today.

        Raises:
            SharingRefused: No such entry, or not in force.
        """
        basis = self._entries.get(basis_id)
        if basis is None:
            raise SharingRefused(
                "the legal basis is not in the register",
                "name an entry of the board's register",
                "sw.legal_basis.unknown",
            )
        if not basis.valid_from <= today <= basis.valid_until:
            raise SharingRefused(
                "the legal basis is not in force",
                "have it reviewed; what was shared under it can still be read",
                "sw.legal_basis.expired",
            )
        return basis

    def alarms(self, today: date) -> list[Alarm]:
        """Return what ends within 60 days or has lapsed, the soonest first."""
        found = []
        for basis in self._entries.values():
            left = (basis.valid_until - today).days
            reached = [days for days in ALARM_DAYS if left <= days]
            if reached:
                found.append(Alarm(basis, left, 0 if left < 0 else min(reached)))
        return sorted(found, key=lambda alarm: (alarm.days_left, alarm.basis.id))

    def lapsed(self, today: date) -> frozenset[str]:
        """Return the ids of the entries no longer in force: objects under them are affected."""
        return frozenset(id_ for id_, one in self._entries.items() if one.valid_until < today)


def register_from(content: Mapping[str, object]) -> Register:
    """Read a register as TOML or JSON gives it: `{"legal_basis": [{...}, ...]}`.

    Raises:
        ConfigError: An entry is wrong; all faults are reported together.
    """
    rows = content.get("legal_basis")
    if not isinstance(rows, list) or not rows:
        raise ConfigError("the register holds no [[legal_basis]]", "add at least one entry")
    faults: list[str] = []
    entries = [_entry(row, number, faults) for number, row in enumerate(rows, 1)]
    kept = [one for one in entries if one is not None]
    if len({one.id for one in kept}) < len(kept):
        faults.append("two entries have the same id")
    if faults:
        raise ConfigError("legal-basis register: " + "; ".join(faults), "mend the entries named")
    return Register(kept)


def _entry(row: object, number: int, faults: list[str]) -> LegalBasis | None:
    known = {"id", "valid_from", "valid_until", *_TEXTS}
    if not isinstance(row, dict) or row.keys() != known:
        faults.append(f"entry {number}: its keys are not {', '.join(sorted(known))}")
        return None
    first, last = _day(row["valid_from"]), _day(row["valid_until"])
    wrong = [key for key in _TEXTS if not isinstance(row[key], str) or not row[key].strip()]
    if not isinstance(row["id"], str) or not _ID.fullmatch(row["id"]):
        wrong.append("id")
    if first is None or last is None or first > last:
        wrong.append("valid_from to valid_until")
    if wrong or first is None or last is None:
        faults.append(f"entry {number}: {', '.join(wrong)}")
        return None
    texts = [row[key].strip() for key in _TEXTS]
    return LegalBasis(row["id"], texts[0], texts[1], first, last, texts[2])


def _day(value: object) -> date | None:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
