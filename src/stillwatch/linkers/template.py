"""Shared template.

Links: parties that keep a run of at least 13 tokens, a system prompt, or the head or tail of the
    prompt the same while their payloads differ.
Needs: messages. Cost: one row a party and fingerprint.
Tactics: A4, A5, A6. Look-alikes: B1, B10, B11.
Blind spots: a wrapper shorter than eight tokens; paraphrase of every run; no wrapper at all.
Triage: is the template public? Popular ones weigh little, and prove nothing alone.
Source: winnowing, Schleimer, Wilkerson and Aiken 2003.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.core.contracts import Incidence, Linker, Tables
from stillwatch.core.records import Example, Family
from stillwatch.core.wording import plural
from stillwatch.linkers._join import keys_of


@dataclass(frozen=True, slots=True)
class Template:
    """Links parties by what stays the same while their payloads differ."""

    name: ClassVar[str] = "template"
    family: ClassVar[Family] = "content"
    proposes: ClassVar[bool] = True
    tactics: ClassVar[tuple[str, ...]] = ("A4", "A5", "A6")
    look_alikes: ClassVar[tuple[str, ...]] = ("B1", "B10", "B11")
    needs: ClassVar[tuple[str, ...]] = ("messages",)
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "three unrelated parties share a fixed run of text",
            "fires",
            (
                {"kind": "fingerprint", "party": 0, "key": 7, "uses": 3},
                {"kind": "fingerprint", "party": 1, "key": 7, "uses": 3},
                {"kind": "fingerprint", "party": 2, "key": 7, "uses": 3},
            ),
        ),
        Example(
            "nothing shared",
            "benign",
            (
                {"kind": "fingerprint", "party": 0, "key": 1, "uses": 3},
                {"kind": "fingerprint", "party": 1, "key": 2, "uses": 3},
            ),
        ),
        Example(
            "a popular open-source agent",
            "hard_benign",
            (
                {"kind": "fingerprint", "party": 0, "key": 9, "uses": 3},
                {"kind": "fingerprint", "party": 1, "key": 9, "uses": 3},
                {"kind": "fingerprint", "party": 2, "key": 9, "uses": 3},
                {"kind": "fingerprint", "party": 3, "key": 9, "uses": 3},
                {"kind": "fingerprint", "party": 4, "key": 9, "uses": 3},
                {"kind": "fingerprint", "party": 5, "key": 9, "uses": 3},
                {"kind": "fingerprint", "party": 6, "key": 9, "uses": 3},
                {"kind": "fingerprint", "party": 7, "key": 9, "uses": 3},
                {"kind": "fingerprint", "party": 8, "key": 9, "uses": 3},
                {"kind": "fingerprint", "party": 9, "key": 9, "uses": 3},
                {"kind": "fingerprint", "party": 10, "key": 9, "uses": 3},
                {"kind": "fingerprint", "party": 11, "key": 9, "uses": 3},
            ),
        ),
        Example("no such column", "abstains", ()),
    )

    def link(self, tables: Tables) -> Incidence:
        """Return who touched which key."""
        return keys_of(tables, ("fingerprint", "head", "tail", "system"))

    def explain(self, uses: int, parties: int) -> str:
        """Say what is shared, how often and with how many."""
        return (
            f"keeps the same wording in {plural(uses, 'exchange')} with differing payloads, "
            f"as do {plural(parties - 1, 'other')}"
        )


LINKER: type[Linker] = Template
