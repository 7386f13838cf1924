"""Shared network address.

Links: parties that come from one address, or from one IPv4 /24 or IPv6 /48.
Needs: ip. Cost: one row a party and address.
Tactics: A1, A3. Look-alikes: B8, B9.
Blind spots: residential proxies that give each account its own address.
Triage: carriers, universities, offices and VPNs share addresses: never enough alone.
Source: Cerberus uses the same prefix lengths; see also RFC 6177 for /48.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.core.contracts import Incidence, Linker, Tables
from stillwatch.core.records import Example, Family
from stillwatch.core.wording import plural
from stillwatch.linkers._join import keys_of


@dataclass(frozen=True, slots=True)
class Network:
    """Links parties by address and prefix."""

    name: ClassVar[str] = "network"
    family: ClassVar[Family] = "network"
    proposes: ClassVar[bool] = True
    tactics: ClassVar[tuple[str, ...]] = ("A1", "A3")
    look_alikes: ClassVar[tuple[str, ...]] = ("B8", "B9")
    needs: ClassVar[tuple[str, ...]] = ("ip",)
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "three unrelated parties share an address",
            "fires",
            (
                {"kind": "ip", "party": 0, "key": 7, "uses": 3},
                {"kind": "ip", "party": 1, "key": 7, "uses": 3},
                {"kind": "ip", "party": 2, "key": 7, "uses": 3},
            ),
        ),
        Example(
            "nothing shared",
            "benign",
            (
                {"kind": "ip", "party": 0, "key": 1, "uses": 3},
                {"kind": "ip", "party": 1, "key": 2, "uses": 3},
            ),
        ),
        Example(
            "a university behind one address",
            "hard_benign",
            (
                {"kind": "ip", "party": 0, "key": 9, "uses": 3},
                {"kind": "ip", "party": 1, "key": 9, "uses": 3},
                {"kind": "ip", "party": 2, "key": 9, "uses": 3},
                {"kind": "ip", "party": 3, "key": 9, "uses": 3},
                {"kind": "ip", "party": 4, "key": 9, "uses": 3},
                {"kind": "ip", "party": 5, "key": 9, "uses": 3},
                {"kind": "ip", "party": 6, "key": 9, "uses": 3},
                {"kind": "ip", "party": 7, "key": 9, "uses": 3},
                {"kind": "ip", "party": 8, "key": 9, "uses": 3},
                {"kind": "ip", "party": 9, "key": 9, "uses": 3},
                {"kind": "ip", "party": 10, "key": 9, "uses": 3},
                {"kind": "ip", "party": 11, "key": 9, "uses": 3},
            ),
        ),
        Example("no such column", "abstains", ()),
    )

    def link(self, tables: Tables) -> Incidence:
        """Return who touched which key."""
        return keys_of(tables, ("ip", "prefix"))

    def explain(self, uses: int, parties: int) -> str:
        """Say what is shared, how often and with how many."""
        return (
            f"uses an address or prefix shared with {plural(parties - 1, 'other')}, "
            f"in {plural(uses, 'exchange')}"
        )


LINKER: type[Linker] = Network
