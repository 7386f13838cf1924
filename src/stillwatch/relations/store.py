"""The store of rollups: takes sketches in, gives the small tables of analysis out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from stillwatch.core.contracts import Incidence
from stillwatch.relations import rollups


class Engine(Protocol):
    """What the store asks of an engine."""

    def read(self, files: Sequence[Path]) -> ibis.Table:
        """Return the rows of Parquet files."""

    def append(self, name: str, rows: ibis.Table) -> None:
        """Evaluate rows and add them to a stored table."""

    def replace(self, name: str, rows: ibis.Table) -> None:
        """Evaluate rows and make them the stored table."""

    def has(self, name: str) -> bool:
        """Say whether a table is stored."""

    def table(self, name: str) -> ibis.Table:
        """Return a stored table."""

    def fetch(self, rows: ibis.Table) -> pa.Table:
        """Evaluate rows and bring them here."""


_MERGES: Final = {
    "daily": lambda rows: rollups.merge_daily(rows, "account_key", "party_key", "day").drop(
        "accounts"
    ),
    "models": rollups.merge_models,
    **{f"keys_{kind}": rollups.merge_keys for kind in rollups.KEY_KINDS},
}


class RollupStore:
    """Rollups of all sketches added so far.

    `add` writes partial rollups of new sketches only; `compact` merges partials; reading merges
    what is not compacted yet, so the result never depends on how the traffic was cut.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._parties: tuple[ibis.Table, ...] | None = None

    def add(self, files: Sequence[Path], kinds: Sequence[str] = rollups.KEY_KINDS) -> None:
        """Roll up some sketch files and add the partial rollups."""
        self.roll_up(self.engine.read(files), kinds)

    def roll_up(self, sketches: ibis.Table, kinds: Sequence[str] = rollups.KEY_KINDS) -> None:
        """Roll up some sketches and add the partial rollups; of keys, the kinds asked for."""
        self._parties = None
        self.engine.append("daily", rollups.daily(sketches))
        self.engine.append("models", rollups.models(sketches))
        for kind in kinds:
            self.engine.append(f"keys_{kind}", rollups.keys(sketches, kind))

    def compact(self) -> None:
        """Merge partial rollups in place."""
        for name in _MERGES:
            self.engine.replace(name, _MERGES[name](self.engine.table(name)))

    def daily(self) -> pa.Table:
        """Return exchanges by account and day: `account_key, day, exchanges`."""
        rows = self._merged("daily").select("account_key", "day", "exchanges")
        return self.engine.fetch(rows.order_by("account_key", "day"))

    def profiles(self, by: str) -> pa.Table:
        """Return the merged rollup of each `account_key` or `party_key`, sorted by it."""
        columns = ("account_key", "party_key") if by == "account_key" else (by,)
        rows = rollups.merge_daily(self._merged("daily"), *columns)
        return self.engine.fetch(rows.order_by(by))

    def models(self) -> pa.Table:
        """Return one row an account, model and day."""
        rows = self._merged("models")
        return self.engine.fetch(rows.order_by("account_key", "day", "model"))

    def shared(self, kind: str) -> pa.Table:
        """Return who touched which key of one kind, keys of a single party left out."""
        rows = rollups.shared_keys(self._merged(f"keys_{kind}"), kind)
        return self.engine.fetch(rows.order_by("key", "party_key"))

    def echoes(self) -> pa.Table:
        """Return who fed back whose output."""
        rows = rollups.echoes(self._merged("keys_echo_prompt"), self._merged("keys_echo_response"))
        return self.engine.fetch(rows.order_by("source_key", "party_key"))

    def _merged(self, name: str) -> ibis.Table:
        rows = self.engine.table(name)
        for parties in self._merged_parties():
            rows = rollups.with_parties(rows, parties)
        return _MERGES[name](rows)

    def _merged_parties(self) -> tuple[ibis.Table, ...]:
        """Return the table of parties that are one with another, or nothing where all differ.

        What an account shares with itself is no evidence, so the parties that one account was seen
        in are one: its organisation and, where some logs lack that, the account itself.
        """
        if self._parties is None:
            pairs = self.engine.fetch(rollups.memberships(self.engine.table("daily")))
            self._parties = ()
            if pairs.num_rows:
                self.engine.replace("parties", ibis.memtable(_joined(pairs)))
                self._parties = (self.engine.table("parties"),)
        return self._parties


def _joined(pairs: pa.Table) -> pa.Table:
    """Return `was, becomes`: every party of the pairs, and the least one of those joined to it."""
    parties, party = np.unique(pairs.column("party_key").to_numpy(), return_inverse=True)
    accounts, account = np.unique(pairs.column("account_key").to_numpy(), return_inverse=True)
    size = parties.size + accounts.size
    edges = coo_array((np.ones(party.size), (party, account + parties.size)), shape=(size, size))
    group = connected_components(edges, directed=False)[1][: parties.size]
    _, first = np.unique(group, return_index=True)  # parties are sorted: the first is the least
    _, place = np.unique(group, return_inverse=True)
    return pa.table({"was": parties, "becomes": parties[first[place]]})


def incidence(rows: pa.Table, parties: NDArray[np.int64]) -> Incidence:
    """Turn fetched rows of `party_key, key, uses, first_us, last_us` into an incidence.

    Args:
        rows: Sorted by key, then party.
        parties: Sorted party keys; a party's index is its place in them.
    """

    def column(name: str) -> NDArray[np.int64]:
        return np.asarray(rows.column(name), dtype=np.int64)

    return Incidence(
        party=np.searchsorted(parties, column("party_key")).astype(np.int32),
        key=column("key"),
        uses=column("uses"),
        first_us=column("first_us"),
        last_us=column("last_us"),
    )
