"""Shared e-mail domain.

Links: parties whose addresses are at one rare domain.
Needs: email_domain. Cost: one row a party and domain.
Tactics: A1, A23. Look-alikes: B4, B11.
Blind spots: addresses at public providers; one domain for each account, or for hundreds.
Triage: a company, a school and a family have a domain of their own: look for a second family.
Source: volume per e-mail domain is an indicator of the joint advisory AA26-251A. Public providers
    need no list: a domain that a hundredth of all parties use is left out here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.contracts import Incidence, Linker, Tables
from stillwatch.core.records import Example, Family
from stillwatch.core.wording import plural
from stillwatch.linkers._examples import key_examples
from stillwatch.linkers._join import keys_of


@dataclass(frozen=True, slots=True)
class EmailDomain:
    """Links parties by the token of a rare e-mail domain.

    Attributes:
        most_parties: A domain that more parties use is public: it links nobody.
        most_share: So is one that a larger share of all parties use, and more than twenty of them.
    """

    name: ClassVar[str] = "email_domain"
    family: ClassVar[Family] = "identity"
    proposes: ClassVar[bool] = True
    tactics: ClassVar[tuple[str, ...]] = ("A1", "A23")
    look_alikes: ClassVar[tuple[str, ...]] = ("B4", "B11")
    needs: ClassVar[tuple[str, ...]] = ("email_domain",)
    examples: ClassVar[tuple[Example, ...]] = key_examples(
        "email_domain", "three unrelated parties at one domain", "a school with its own domain"
    )

    most_parties: int = 200
    most_share: float = 0.01

    def link(self, tables: Tables) -> Incidence:
        """Return who is at which rare domain."""
        found = keys_of(tables, ("email_domain",))
        _, place, size = np.unique(found.key, return_inverse=True, return_counts=True)
        share = max(20.0, self.most_share * tables.parties()["first_us"].size)
        rare = size[place] <= min(share, self.most_parties)
        return Incidence(
            found.party[rare],
            found.key[rare],
            found.uses[rare],
            found.first_us[rare],
            found.last_us[rare],
        )

    def explain(self, uses: int, parties: int) -> str:
        """Say what is shared, how often and with how many."""
        return (
            f"has addresses at a domain shared with {plural(parties - 1, 'other')}, "
            f"in {plural(uses, 'exchange')}"
        )


LINKER: type[Linker] = EmailDomain
