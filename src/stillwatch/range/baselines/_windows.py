"""Windows of prompts: what an account said, thinned to a number that bounds the cost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stillwatch.range.contracts import AccountView, FloatArray, IntArray


def windows(view: AccountView, most: int) -> Iterator[FloatArray]:
    """Yield each account's prompt vectors in the order of time, at most so many, evenly spaced."""
    for rows in view.turns:
        yield view.embeddings[thinned(rows, most)].astype(np.float64)


def thinned(rows: IntArray, most: int) -> IntArray:
    """Return at most so many of the rows, evenly spaced."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def means(view: AccountView, least: int) -> FloatArray:
    """Return each account's mean prompt vector, NaN below so many prompts, shape (accounts, d)."""
    counts = np.bincount(view.owner, minlength=len(view.accounts))
    total = np.zeros((len(counts), view.embeddings.shape[1]))
    for rows, into in zip(view.turns, total, strict=True):
        into[:] = view.embeddings[rows].sum(axis=0)
    return np.where(counts[:, None] >= least, total / np.maximum(counts, 1)[:, None], np.nan)


def benign(view: AccountView) -> AccountView:
    """Return what the view is compared with: the reference, or itself where there is none."""
    return view.reference or view
