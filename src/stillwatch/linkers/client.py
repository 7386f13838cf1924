"""Shared client and TLS fingerprint.

Links: parties with one TLS fingerprint or one user agent.
Needs: tls_fingerprint, user_agent. Cost: one row a party and client.
Tactics: A1, A26. Look-alikes: B6, B10.
Blind spots: any common client; attackers already imitate those.
Triage: weak: everyone with the same library looks alike.
Source: JA4; weights by rarity, so that a common client counts for next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.core.contracts import Incidence, Linker, Tables
from stillwatch.core.records import Example, Family
from stillwatch.core.wording import plural
from stillwatch.linkers._join import keys_of


@dataclass(frozen=True, slots=True)
class Client:
    """Links parties by client; it corroborates, and proposes no candidates."""

    name: ClassVar[str] = "client"
    family: ClassVar[Family] = "network"
    proposes: ClassVar[bool] = False
    tactics: ClassVar[tuple[str, ...]] = ("A1", "A26")
    look_alikes: ClassVar[tuple[str, ...]] = ("B6", "B10")
    needs: ClassVar[tuple[str, ...]] = ("tls_fingerprint", "user_agent")
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "three unrelated parties share a client",
            "fires",
            (
                {"kind": "tls", "party": 0, "key": 7, "uses": 3},
                {"kind": "tls", "party": 1, "key": 7, "uses": 3},
                {"kind": "tls", "party": 2, "key": 7, "uses": 3},
            ),
        ),
        Example(
            "nothing shared",
            "benign",
            (
                {"kind": "tls", "party": 0, "key": 1, "uses": 3},
                {"kind": "tls", "party": 1, "key": 2, "uses": 3},
            ),
        ),
        Example(
            "everybody with one library",
            "hard_benign",
            (
                {"kind": "tls", "party": 0, "key": 9, "uses": 3},
                {"kind": "tls", "party": 1, "key": 9, "uses": 3},
                {"kind": "tls", "party": 2, "key": 9, "uses": 3},
                {"kind": "tls", "party": 3, "key": 9, "uses": 3},
                {"kind": "tls", "party": 4, "key": 9, "uses": 3},
                {"kind": "tls", "party": 5, "key": 9, "uses": 3},
                {"kind": "tls", "party": 6, "key": 9, "uses": 3},
                {"kind": "tls", "party": 7, "key": 9, "uses": 3},
                {"kind": "tls", "party": 8, "key": 9, "uses": 3},
                {"kind": "tls", "party": 9, "key": 9, "uses": 3},
                {"kind": "tls", "party": 10, "key": 9, "uses": 3},
                {"kind": "tls", "party": 11, "key": 9, "uses": 3},
            ),
        ),
        Example("no such column", "abstains", ()),
    )

    def link(self, tables: Tables) -> Incidence:
        """Return who touched which key."""
        return keys_of(tables, ("tls", "user_agent"))

    def explain(self, uses: int, parties: int) -> str:
        """Say what is shared, how often and with how many."""
        return (
            f"uses a client shared with {plural(parties - 1, 'other')}, "
            f"in {plural(uses, 'exchange')}"
        )


LINKER: type[Linker] = Client
