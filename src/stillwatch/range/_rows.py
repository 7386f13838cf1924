"""Drops, adds and frees rows of a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
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


def undecided(draft: Draft, where: NDArray[np.bool_]) -> Draft:
    """Leave the rows that `where` names to the common draw, as those of ordinary people."""
    rows = pa.array(where)
    return replace(
        draft,
        system=pc.if_else(rows, pa.scalar(None, pa.string()), draft.system),
        chosen={
            name: pc.if_else(rows, pa.nulls(len(draft), column.type), column)
            for name, column in draft.chosen.items()
        },
    )


def answered(draft: Draft) -> NDArray[np.bool_]:
    """Say which exchanges no tactic has decided to fail."""
    if "status" not in draft.chosen:
        return np.ones(len(draft), dtype=bool)
    fine = pc.fill_null(pc.equal(draft.chosen["status"], 200), True)
    return np.asarray(fine.to_numpy(zero_copy_only=False))


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
