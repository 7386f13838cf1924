"""Echoed outputs.

Links: a party to those that feed back what the model had answered to it alone.
Needs: messages, response. Cost: one join on coarse fingerprints.
Tactics: A13, A15. Look-alikes: B5, B18.
Blind spots: rewritten or short answers; answers from before the data.
Triage: was the answer published in between? Then strangers can echo it.
Source: winnowing, Schleimer, Wilkerson and Aiken 2003.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stillwatch.core.contracts import Incidence, Linker, Tables
from stillwatch.core.records import Example, Family
from stillwatch.core.wording import plural


@dataclass(frozen=True, slots=True)
class OutputEcho:
    """Links the receiver of answers to the parties that feed them back.

    Attributes:
        min_echoes: Fewer echoes of one source than this do not link.
    """

    name: ClassVar[str] = "output_echo"
    family: ClassVar[Family] = "content"
    proposes: ClassVar[bool] = True
    tactics: ClassVar[tuple[str, ...]] = ("A13", "A15")
    look_alikes: ClassVar[tuple[str, ...]] = ("B5", "B18")
    needs: ClassVar[tuple[str, ...]] = ("messages", "response")
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "two judges feed back one source",
            "fires",
            (
                {"kind": "echo", "party": 1, "key": 0, "uses": 5},
                {"kind": "echo", "party": 2, "key": 0, "uses": 5},
            ),
        ),
        Example("no echo", "benign", ({"kind": "ip", "party": 0, "key": 1, "uses": 3},)),
        Example(
            "one pasted answer", "hard_benign", ({"kind": "echo", "party": 1, "key": 0, "uses": 1},)
        ),
        Example("no responses", "abstains", ()),
    )

    min_echoes: int = 2

    def link(self, tables: Tables) -> Incidence:
        """Return, a hub for each source party, the source and those that echo it."""
        found = tables.keys("echo")
        keep = found.uses >= self.min_echoes
        key, echoer = found.key[keep], found.party[keep]
        source, place = np.unique(key, return_index=True)
        party = np.concatenate([echoer, source.astype(np.int32)])
        hub = np.concatenate([key, source])
        order = np.lexsort((party, hub))
        return Incidence(
            party=party[order],
            key=hub[order],
            uses=np.concatenate([found.uses[keep], found.uses[keep][place]])[order],
            first_us=np.concatenate([found.first_us[keep], found.first_us[keep][place]])[order],
            last_us=np.concatenate([found.last_us[keep], found.last_us[keep][place]])[order],
        )

    def explain(self, uses: int, parties: int) -> str:
        """Say what is shared, how often and with how many."""
        return f"is on one side of {plural(uses, 'answer')} fed back between {parties} accounts"


LINKER: type[Linker] = OutputEcho
