"""Exact prefix clustering.

A template shows as a long opening that is the same letter for letter. An account's score is the
number of accounts that repeat one of its openings.
Blind spots: one changed word at the start; the system prompt of an app or a public agent template
(B5, B10) is a prefix as well, here only where it is pasted into the user's message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow.compute as pc

from stillwatch.range.contracts import AccountView, Baseline, FloatArray


@dataclass(frozen=True, slots=True)
class ExactPrefix:
    """Scores an account by how many accounts repeat the opening it repeats itself.

    Attributes:
        characters: Length of the opening; shorter prompts have none.
        least_uses: An account uses an opening when it repeats it so often.
    """

    name: ClassVar[str] = "exact_prefix"
    summary: ClassVar[str] = "Accounts that repeat the same first 48 characters; score: how many."
    source: ClassVar[str] = "prefix caching turned into a detector; no publication known"

    characters: int = 48
    least_uses: int = 2

    def score(self, view: AccountView) -> FloatArray:
        """Return the largest number of accounts that share a repeated opening."""
        heads = pc.utf8_slice_codeunits(view.prompts, 0, self.characters)
        code = heads.dictionary_encode().indices.to_numpy().astype(np.int64)
        full = pc.greater_equal(pc.utf8_length(heads), self.characters)
        long = np.asarray(full.to_numpy(zero_copy_only=False), dtype=bool)
        used, times = np.unique(code[long] << 32 | view.owner[long], return_counts=True)
        repeated = used[times >= self.least_uses]
        head, who = repeated >> 32, repeated & 0xFFFFFFFF
        most = np.zeros(len(view.accounts))
        if len(head):
            np.maximum.at(most, who, np.bincount(head)[head].astype(float))
        return most


BASELINE: type[Baseline] = ExactPrefix
