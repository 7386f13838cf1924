"""What a campaign is after: prompts of our own making, or of a corpus of the catalogue."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from stillwatch.range._corpora import catalogue, corpus_rows
from stillwatch.range._text import KINDS, answers, in_english, prompts
from stillwatch.range.contracts import Material, World


def corpora() -> tuple[str, ...]:
    """Return the names that `material` knows."""
    return ("mixed", *KINDS, *(corpus.name for corpus in catalogue()[0]))


def material(rng: np.random.Generator, world: World, corpus: str, n: int) -> Material:
    """Return at least one and at most about n items.

    Args:
        rng: Source of randomness.
        world: The world; its `data` holds the real corpora.
        corpus: `mixed`, a kind of `_text.KINDS`, or the name of a corpus of the catalogue, in
            whose place study questions of our own making stand where there is no data.
        n: Items wanted; a real corpus has as many as it has.

    Raises:
        InputError: The file of the corpus is missing or damaged.
    """
    english = in_english(n)
    if corpus == "mixed" or corpus in KINDS:
        return Material(prompts(rng, corpus, english), answers(rng, english))
    if world.data is None:
        return Material(prompts(rng, "study", english), answers(rng, english))
    rows = corpus_rows(world.data, (corpus,))
    made = answers(rng, in_english(len(rows.user)), 4.0)
    return Material(rows.user, pc.coalesce(rows.response, made))
