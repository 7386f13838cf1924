"""The store of rollups: takes sketches in, gives the small tables of analysis out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

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


class RollupStore:
    """Rollups of all sketches added so far.

    `add` writes partial rollups of new sketches only; reading merges them, so the result never
    depends on how the traffic was cut. Every partial rollup carries the number of its part: what a
    reading has to know of the whole past (merged accounts, and which keys several parties touched)
    is kept, and the next reading brings it up to date with the parts added since.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._parts = 0
        self._known: dict[str, int] = {}  # how many parts a kept table holds

    def add(self, files: Sequence[Path]) -> None:
        """Roll up some sketch files and add the partial rollups."""
        self.roll_up(self.engine.read(files))

    def roll_up(self, sketches: ibis.Table) -> None:
        """Roll up some sketches and add the partial rollups."""
        self._parts += 1
        part = ibis.literal(self._parts, "int32")
        self.engine.append("daily", rollups.daily(sketches).mutate(part=part))
        self.engine.append("models", rollups.models(sketches))
        for kind in rollups.KEY_KINDS:
            self.engine.append(f"keys_{kind}", rollups.keys(sketches, kind).mutate(part=part))

    def daily(self) -> pa.Table:
        """Return exchanges by account and day: `account_key, day, exchanges`."""
        rows = self.engine.table("daily")
        merged = rows.group_by("account_key", "day").agg(exchanges=rows.exchanges.sum())
        return self.engine.fetch(merged.order_by("account_key", "day"))

    def profiles(self, by: str) -> pa.Table:
        """Return the merged rollup of each `account_key` or `party_key`, sorted by it."""
        columns = ("account_key", "party_key") if by == "account_key" else (by,)
        rows = rollups.merge_daily(self._accounts(), *columns)
        return self.engine.fetch(rows.order_by(by))

    def models(self) -> pa.Table:
        """Return one row an account, model and day."""
        rows = rollups.merge_models(self.engine.table("models"))
        return self.engine.fetch(rows.order_by("account_key", "day", "model"))

    def shared(self, kind: str) -> pa.Table:
        """Return who touched which key of one kind, keys of a single party left out."""
        rows = rollups.shared_keys(self.engine.table(f"keys_{kind}"), self._several(kind))
        return self.engine.fetch(rows.order_by("key", "party_key"))

    def echoes(self) -> pa.Table:
        """Return who fed back whose output."""
        rows = rollups.echoes(
            self.engine.table("keys_echo_prompt"), self.engine.table("keys_echo_response")
        )
        return self.engine.fetch(rows.order_by("source_key", "party_key"))

    def _accounts(self) -> ibis.Table:
        """Return one row an account and party, the days merged."""
        if (known := self._known.get("accounts", 0)) < self._parts:
            daily = self.engine.table("daily")
            rows = daily.filter(daily.part > known).drop("day", "part")
            if known:
                rows = rows.union(self.engine.table("accounts").select(*rows.columns))
            merged = rollups.merge_daily(rows, "account_key", "party_key")
            self.engine.replace("accounts", merged.drop("accounts"))
            self._known["accounts"] = self._parts
        return self.engine.table("accounts")

    def _several(self, kind: str) -> ibis.Table:
        """Return the keys of one kind that at least two parties touched; once so, always so."""
        name = f"several_{kind}"
        if (known := self._known.get(name, 0)) < self._parts:
            keys = self.engine.table(f"keys_{kind}")
            if known:
                keys = keys.semi_join(keys.filter(keys.part > known), "key")
            several = rollups.touched_by_several(keys)
            if known:
                several = several.anti_join(self.engine.table(name), "key")
            self.engine.append(name, several)
            self._known[name] = self._parts
        return self.engine.table(name)


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
