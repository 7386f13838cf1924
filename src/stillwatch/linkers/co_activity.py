"""Co-activity.

Links: parties active in the same minute.
Needs: time. Cost: one row a party and active minute.
Tactics: A3. Look-alikes: B6, B9.
Blind spots: jitter of more than a minute.
Triage: weak: people of one time zone are awake together; the test compares with such people.
Source: SynchroTrap, Cao et al. 2014, with the calendar as the shared object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.core.contracts import Incidence, Linker, Tables
from stillwatch.core.records import Example, Family
from stillwatch.core.wording import plural
from stillwatch.linkers._join import keys_of


@dataclass(frozen=True, slots=True)
class CoActivity:
    """Links parties by the minutes in which they are active; it proposes no candidates."""

    name: ClassVar[str] = "co_activity"
    family: ClassVar[Family] = "timing"
    proposes: ClassVar[bool] = False
    tactics: ClassVar[tuple[str, ...]] = ("A3",)
    look_alikes: ClassVar[tuple[str, ...]] = ("B6", "B9")
    needs: ClassVar[tuple[str, ...]] = ("time",)
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "three unrelated parties share a minute",
            "fires",
            (
                {"kind": "slot", "party": 0, "key": 7, "uses": 3},
                {"kind": "slot", "party": 1, "key": 7, "uses": 3},
                {"kind": "slot", "party": 2, "key": 7, "uses": 3},
            ),
        ),
        Example(
            "nothing shared",
            "benign",
            (
                {"kind": "slot", "party": 0, "key": 1, "uses": 3},
                {"kind": "slot", "party": 1, "key": 2, "uses": 3},
            ),
        ),
        Example(
            "a busy hour",
            "hard_benign",
            (
                {"kind": "slot", "party": 0, "key": 9, "uses": 3},
                {"kind": "slot", "party": 1, "key": 9, "uses": 3},
                {"kind": "slot", "party": 2, "key": 9, "uses": 3},
                {"kind": "slot", "party": 3, "key": 9, "uses": 3},
                {"kind": "slot", "party": 4, "key": 9, "uses": 3},
                {"kind": "slot", "party": 5, "key": 9, "uses": 3},
                {"kind": "slot", "party": 6, "key": 9, "uses": 3},
                {"kind": "slot", "party": 7, "key": 9, "uses": 3},
                {"kind": "slot", "party": 8, "key": 9, "uses": 3},
                {"kind": "slot", "party": 9, "key": 9, "uses": 3},
                {"kind": "slot", "party": 10, "key": 9, "uses": 3},
                {"kind": "slot", "party": 11, "key": 9, "uses": 3},
            ),
        ),
        Example("no such column", "abstains", ()),
    )

    def link(self, tables: Tables) -> Incidence:
        """Return who touched which key."""
        return keys_of(tables, ("slot",))

    def explain(self, uses: int, parties: int) -> str:
        """Say what is shared, how often and with how many."""
        return (
            f"is active in {plural(uses, 'exchange')} in the same minute as "
            f"{plural(parties - 1, 'other')}"
        )


LINKER: type[Linker] = CoActivity
