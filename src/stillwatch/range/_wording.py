"""Harvest prompts in many wordings: a list of sentences, each said in several ways."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.range._text import join
from stillwatch.range.contracts import Draft, IntArray

Wording = tuple[tuple[str, ...], ...]
"""Sentences in order; each is a tuple of ways to say it, the usual one first."""


def voices(rng: np.random.Generator, wording: Wording, ways: int) -> list[str]:
    """Return `ways` wordings, the usual one first; later ones draw each sentence anew."""
    drawn = [[str(said[0]) for said in wording]]
    drawn += [[str(rng.choice(np.array(said))) for said in wording] for _ in range(ways - 1)]
    return [" ".join(sentences) for sentences in drawn]


def asked(
    rng: np.random.Generator,
    draft: Draft,
    before: list[str],
    response: pa.Array | None = None,
) -> Draft:
    """Put one of the wordings before each prompt that harvests, drawn anew for each request.

    Args:
        rng: Source of randomness.
        draft: The campaign.
        before: Wordings that stand before the prompt.
        response: Answers to such a prompt, one an exchange; None keeps the answers.
    """
    which = rng.integers(len(before), size=len(draft))
    lead = pa.array(before).take(pa.array(which))
    user = join(lead, pa.scalar("\n\n"), draft.user)
    return reworded(draft, draft.harvests, user, response)


def reworded(
    draft: Draft, where: NDArray[np.bool_], user: pa.Array, response: pa.Array | None = None
) -> Draft:
    """Replace prompts, and answers where given, in the rows that `where` names."""
    rows = pa.array(where)
    return replace(
        draft,
        user=pc.if_else(rows, user, draft.user),
        response=draft.response if response is None else pc.if_else(rows, response, draft.response),
    )


def needed(draft: Draft, rows: IntArray) -> Draft:
    """Let the given exchanges succeed: what they answered is sent again."""
    return put(draft, "status", np.isin(np.arange(len(draft)), rows), pa.repeat(200, len(draft)))


def put(draft: Draft, column: str, where: NDArray[np.bool_], values: pa.Array) -> Draft:
    """Decide a column of the exchanges in the rows that `where` names."""
    nothing = pa.nulls(len(draft), values.type)
    kept = draft.chosen.get(column, nothing)
    chosen = pc.if_else(pa.array(where), values, kept)
    return replace(draft, chosen={**draft.chosen, column: chosen})
