"""Drops and adds rows of a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.range.contracts import Draft, IntArray


def selected(draft: Draft, kept: NDArray[np.bool_]) -> Draft:
    """Keep some exchanges, and at least one of each account."""
    kept = kept.copy()
    _, first = np.unique(draft.account, return_index=True)
    empty = np.bincount(draft.account, kept, len(draft.accounts)) == 0
    kept[first[empty]] = True
    return taken(draft, np.flatnonzero(kept))


def taken(draft: Draft, rows: IntArray) -> Draft:
    """Return the exchanges of the given rows, which may repeat."""
    index = pa.array(rows)
    return replace(
        draft,
        account=draft.account[rows],
        time_us=draft.time_us[rows],
        address=draft.address[rows],
        item=draft.item[rows],
        user=draft.user.take(index),
        response=draft.response.take(index),
        system=draft.system.take(index),
        chosen={name: column.take(index) for name, column in draft.chosen.items()},
    )


def added(draft: Draft, rows: IntArray, changes: Mapping[str, object]) -> Draft:
    """Append copies of the given rows, with some of their columns changed."""
    copies = replace(taken(draft, rows), **changes)  # type: ignore[arg-type]
    both = (draft, copies)
    return replace(
        draft,
        account=np.concatenate([part.account for part in both]),
        time_us=np.concatenate([part.time_us for part in both]),
        address=np.concatenate([part.address for part in both]),
        item=np.concatenate([part.item for part in both]),
        user=pa.concat_arrays([part.user for part in both]),
        response=pa.concat_arrays([part.response for part in both]),
        system=pa.concat_arrays([part.system for part in both]),
        chosen={
            name: pa.concat_arrays([part.chosen[name] for part in both]) for name in draft.chosen
        },
    )
