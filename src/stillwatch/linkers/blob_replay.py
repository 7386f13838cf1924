"""Replayed sealed blobs.

Links: parties that present one sealed blob of reasoning.
Needs: blob_ids. Cost: one row a party and blob.
Tactics: A11. Look-alikes: B8, B18.
Blind spots: blobs whose text was changed; logs that do not keep the blobs that requests present.
Triage: it proves that the blob travelled: a shared operator, a reseller, or a public leak.
Source: blobs sealed to one account turn up elsewhere only if somebody carried them; they were
    found in public in large numbers, so rarity weighs, and it is an edge and no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.core.contracts import Incidence, Linker, Tables
from stillwatch.core.records import Example, Family
from stillwatch.core.wording import plural
from stillwatch.linkers._examples import key_examples
from stillwatch.linkers._join import keys_of


@dataclass(frozen=True, slots=True)
class BlobReplay:
    """Links parties by sealed blobs that they present alike."""

    name: ClassVar[str] = "blob_replay"
    family: ClassVar[Family] = "content"
    proposes: ClassVar[bool] = True
    tactics: ClassVar[tuple[str, ...]] = ("A11",)
    look_alikes: ClassVar[tuple[str, ...]] = ("B8", "B18")
    needs: ClassVar[tuple[str, ...]] = ("blob_ids",)
    examples: ClassVar[tuple[Example, ...]] = key_examples(
        "blob", "three unrelated parties present one blob", "a blob that leaked to the public"
    )

    def link(self, tables: Tables) -> Incidence:
        """Return who presented which blob."""
        return keys_of(tables, ("blob",))

    def explain(self, uses: int, parties: int) -> str:
        """Say what is shared, how often and with how many."""
        return (
            f"presents a sealed blob of reasoning that {plural(parties - 1, 'other')} also "
            f"presented, in {plural(uses, 'exchange')}"
        )


LINKER: type[Linker] = BlobReplay
