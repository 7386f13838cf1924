"""Several kinds of key as one incidence."""

from __future__ import annotations

from typing import Final

import numpy as np

from stillwatch.core.contracts import Incidence, Tables

_SALTS: Final = np.arange(8, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
"""A salt for each kind; the products wrap."""


def keys_of(tables: Tables, kinds: tuple[str, ...]) -> Incidence:
    """Return the keys of several kinds together; equal keys of two kinds stay two keys."""
    parts = [tables.keys(kind) for kind in kinds]
    salted = [
        (part.key.view(np.uint64) ^ salt).view(np.int64)
        for part, salt in zip(parts, _SALTS, strict=False)
    ]
    key = np.concatenate(salted)
    party = np.concatenate([part.party for part in parts])
    order = np.lexsort((party, key))
    return Incidence(
        party=party[order],
        key=key[order],
        uses=np.concatenate([part.uses for part in parts])[order],
        first_us=np.concatenate([part.first_us for part in parts])[order],
        last_us=np.concatenate([part.last_us for part in parts])[order],
    )
