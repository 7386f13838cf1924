"""Shared-any-attribute clustering.

Accounts that share one value of any of four attributes are united, and an account is as suspicious
as its component is large.
Blind spots: an office, a carrier gateway or a family card unites the innocent just as well, and one
bridge joins two large components. The e-mail domain is left out: a free provider's would unite all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.range.baselines._clusters import sizes, united
from stillwatch.range.contracts import AccountView, Baseline, FloatArray


@dataclass(frozen=True, slots=True)
class SharedAttribute:
    """Scores an account by the number of accounts it is tied to by any shared identifier."""

    name: ClassVar[str] = "shared_attribute"
    summary: ClassVar[str] = "Union of accounts that share any identifier; score: size."
    source: ClassVar[str] = "folklore of abuse desks; the simplest form of entity resolution"

    attributes: tuple[str, ...] = (
        "payment_id",
        "organization_id",
        "credential_id",
        "ip",
    )

    def score(self, view: AccountView) -> FloatArray:
        """Return the size of each account's component."""
        return sizes(united(view, [view.exchanges[name] for name in self.attributes]))


BASELINE: type[Baseline] = SharedAttribute
