"""Groups of accounts that share values, for the baselines that cluster."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from stillwatch.range._features import pairs
from stillwatch.range.contracts import AccountView, FloatArray, IntArray


def prefix_of(view: AccountView) -> pa.ChunkedArray:
    """Return the network of each exchange: the address less its last part."""
    return pc.replace_substring_regex(view.exchanges["ip"], r"[.:]\w+$", "")


def united(view: AccountView, columns: Sequence[pa.ChunkedArray]) -> IntArray:
    """Return a component number an account, where one shared value of any column unites."""
    value, who, known = [], [], 0
    for column in columns:
        values, owners = pairs(column, view.owner)
        value.append(values + known)
        who.append(owners)
        known += int(values.max(initial=-1)) + 1
    n = len(view.accounts)
    left, right = np.concatenate(who), np.concatenate(value) + n
    edges = coo_array((np.ones(len(left)), (left, right)), shape=(n + known, n + known))
    labels = connected_components(edges, directed=False)[1][:n]
    return np.asarray(np.unique(labels, return_inverse=True)[1], dtype=np.int64)


def sizes(component: IntArray) -> FloatArray:
    """Return the number of accounts in each account's component."""
    return np.bincount(component, minlength=1)[component].astype(np.float64)
