"""Shared payment instrument.

Links: parties billed to one instrument.
Needs: payment_id. Cost: one row a party and instrument.
Tactics: A1, A23. Look-alikes: B11.
Blind spots: one virtual card for each account.
Triage: a company, a family, a course and a reseller share cards too.
Source: the public record names shared payment methods as the strongest edge after the template.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.core.contracts import Incidence, Linker, Tables
from stillwatch.core.records import Example, Family
from stillwatch.core.wording import plural
from stillwatch.linkers._join import keys_of


@dataclass(frozen=True, slots=True)
class Payment:
    """Links parties by the token of their payment instrument."""

    name: ClassVar[str] = "payment"
    family: ClassVar[Family] = "identity"
    proposes: ClassVar[bool] = True
    tactics: ClassVar[tuple[str, ...]] = ("A1", "A23")
    look_alikes: ClassVar[tuple[str, ...]] = ("B11",)
    needs: ClassVar[tuple[str, ...]] = ("payment_id",)
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "three unrelated parties share a card",
            "fires",
            (
                {"kind": "payment", "party": 0, "key": 7, "uses": 3},
                {"kind": "payment", "party": 1, "key": 7, "uses": 3},
                {"kind": "payment", "party": 2, "key": 7, "uses": 3},
            ),
        ),
        Example(
            "nothing shared",
            "benign",
            (
                {"kind": "payment", "party": 0, "key": 1, "uses": 3},
                {"kind": "payment", "party": 1, "key": 2, "uses": 3},
            ),
        ),
        Example(
            "a course paid by one card",
            "hard_benign",
            (
                {"kind": "payment", "party": 0, "key": 9, "uses": 3},
                {"kind": "payment", "party": 1, "key": 9, "uses": 3},
                {"kind": "payment", "party": 2, "key": 9, "uses": 3},
                {"kind": "payment", "party": 3, "key": 9, "uses": 3},
                {"kind": "payment", "party": 4, "key": 9, "uses": 3},
                {"kind": "payment", "party": 5, "key": 9, "uses": 3},
                {"kind": "payment", "party": 6, "key": 9, "uses": 3},
                {"kind": "payment", "party": 7, "key": 9, "uses": 3},
                {"kind": "payment", "party": 8, "key": 9, "uses": 3},
                {"kind": "payment", "party": 9, "key": 9, "uses": 3},
                {"kind": "payment", "party": 10, "key": 9, "uses": 3},
                {"kind": "payment", "party": 11, "key": 9, "uses": 3},
            ),
        ),
        Example("no such column", "abstains", ()),
    )

    def link(self, tables: Tables) -> Incidence:
        """Return who touched which key."""
        return keys_of(tables, ("payment",))

    def explain(self, uses: int, parties: int) -> str:
        """Say what is shared, how often and with how many."""
        return (
            f"is paid by an instrument that also pays for {plural(parties - 1, 'other')}, "
            f"in {plural(uses, 'exchange')}"
        )


LINKER: type[Linker] = Payment
