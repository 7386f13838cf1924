"""Near-duplicate prompts.

Links: parties that send almost the same prompt (Jaccard similarity of word triples about 0.7 up).
Needs: messages. Cost: one row a party and LSH band.
Tactics: A5, A20. Look-alikes: B1, B2, B17.
Blind spots: disjoint shards of one list; prompts of fewer than eight tokens.
Triage: a public benchmark item links everybody who runs the benchmark.
Source: MinHash, Broder 1997; 16 bands of 8 rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.core.contracts import Incidence, Linker, Tables
from stillwatch.core.records import Example, Family
from stillwatch.core.wording import plural
from stillwatch.linkers._join import keys_of


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Links parties by LSH bands of their prompts."""

    name: ClassVar[str] = "near_duplicate"
    family: ClassVar[Family] = "content"
    proposes: ClassVar[bool] = True
    tactics: ClassVar[tuple[str, ...]] = ("A5", "A20")
    look_alikes: ClassVar[tuple[str, ...]] = ("B1", "B2", "B17")
    needs: ClassVar[tuple[str, ...]] = ("messages",)
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "three unrelated parties share a prompt",
            "fires",
            (
                {"kind": "band", "party": 0, "key": 7, "uses": 3},
                {"kind": "band", "party": 1, "key": 7, "uses": 3},
                {"kind": "band", "party": 2, "key": 7, "uses": 3},
            ),
        ),
        Example(
            "nothing shared",
            "benign",
            (
                {"kind": "band", "party": 0, "key": 1, "uses": 3},
                {"kind": "band", "party": 1, "key": 2, "uses": 3},
            ),
        ),
        Example(
            "a public benchmark on release day",
            "hard_benign",
            (
                {"kind": "band", "party": 0, "key": 9, "uses": 3},
                {"kind": "band", "party": 1, "key": 9, "uses": 3},
                {"kind": "band", "party": 2, "key": 9, "uses": 3},
                {"kind": "band", "party": 3, "key": 9, "uses": 3},
                {"kind": "band", "party": 4, "key": 9, "uses": 3},
                {"kind": "band", "party": 5, "key": 9, "uses": 3},
                {"kind": "band", "party": 6, "key": 9, "uses": 3},
                {"kind": "band", "party": 7, "key": 9, "uses": 3},
                {"kind": "band", "party": 8, "key": 9, "uses": 3},
                {"kind": "band", "party": 9, "key": 9, "uses": 3},
                {"kind": "band", "party": 10, "key": 9, "uses": 3},
                {"kind": "band", "party": 11, "key": 9, "uses": 3},
            ),
        ),
        Example("no such column", "abstains", ()),
    )

    def link(self, tables: Tables) -> Incidence:
        """Return who touched which key."""
        return keys_of(tables, ("band",))

    def explain(self, uses: int, parties: int) -> str:
        """Say what is shared, how often and with how many."""
        return (
            f"sent {plural(uses, 'prompt')} nearly identical to those of "
            f"{plural(parties - 1, 'other')}"
        )


LINKER: type[Linker] = NearDuplicate
