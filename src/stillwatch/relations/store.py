"""The store of rollups: takes sketches in, gives the small tables of analysis out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

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
        """Return the rows of Parquet files; the table stands for them until the next call."""

    def append(self, name: str, rows: ibis.Table, part: int | None = None) -> None:
        """Evaluate rows and add them to a stored table; `part` fills a column of that name."""

    def newer(self, name: str, part: int) -> ibis.Table:
        """Return the rows of a stored table whose `part` is greater."""

    def passes(self, name: str) -> int:
        """Return into how many parts a stored table must be cut for a window to fit in memory."""

    def replace(self, name: str, rows: ibis.Table) -> None:
        """Evaluate rows and make them the stored table."""

    def put(self, name: str, rows: pa.Table) -> None:
        """Make rows from here the stored table."""

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
        self._built: dict[Hashable, ibis.Table] = {}
        self._joined = False  # whether some parties are one with another

    def add(self, files: Sequence[Path], kinds: Sequence[str] = rollups.KEY_KINDS) -> None:
        """Roll up some sketch files and add the partial rollups."""
        self.roll_up(self.engine.read(files), kinds)

    def roll_up(self, sketches: ibis.Table, kinds: Sequence[str] = rollups.KEY_KINDS) -> None:
        """Roll up some sketches and add the partial rollups; of keys, the kinds asked for."""
        self._parts += 1
        source = sketches.op()
        daily = self._once(("daily", source), lambda: rollups.daily(sketches))
        self.engine.append("daily", daily, self._parts)
        models = self._once(("models", source), lambda: rollups.models(sketches))
        self.engine.append("models", models)
        for kind in kinds:
            keys = self._once((kind, source), partial(rollups.keys, sketches, kind))
            self.engine.append(f"keys_{kind}", keys, self._parts)

    def daily(self) -> pa.Table:
        """Return exchanges by account and day: `account_key, day, exchanges`."""

        def rows() -> ibis.Table:
            daily = self.engine.table("daily")
            merged = daily.group_by("account_key", "day").agg(exchanges=daily.exchanges.sum())
            return merged.order_by("account_key", "day")

        return self.engine.fetch(self._once("daily", rows))

    def profiles(self, by: str) -> pa.Table:
        """Return the merged rollup of each `account_key` or `party_key`, sorted by it."""
        columns = ("account_key", "party_key") if by == "account_key" else (by,)
        accounts = self._accounts()

        def rows() -> ibis.Table:
            return rollups.merge_daily(self._as_one(accounts), *columns).order_by(by)

        return self.engine.fetch(self._once((by, self._joined), rows))

    def busy_days(self, by: str) -> pa.Table:
        """Return the days on which an account or party had many exchanges, with their prompts."""
        self._accounts()

        def rows() -> ibis.Table:
            daily = self._as_one(self.engine.table("daily"))
            return rollups.busy_days(daily, by).order_by(by, "day")

        return self.engine.fetch(self._once(("busy", by, self._joined), rows))

    def replays(self) -> pa.Table:
        """Return the parties that presented blobs after another party had."""
        self._accounts()

        def rows() -> ibis.Table:
            blobs = self._as_one(self.engine.table("keys_blob"))
            return rollups.replays(blobs).order_by("party_key")

        return self.engine.fetch(self._once(("replays", self._joined), rows))

    def wordings(self) -> pa.Table:
        """Return the parties that ask for material in a wording that others use for the same."""
        self._accounts()

        def rows() -> ibis.Table:
            keys = self._as_one(self.engine.table("keys_wording"))
            return rollups.wordings(keys).order_by("party_key")

        return self.engine.fetch(self._once(("wordings", self._joined), rows))

    def models(self) -> pa.Table:
        """Return one row an account, model and day."""
        self._accounts()

        def rows() -> ibis.Table:
            merged = rollups.merge_models(self._as_one(self.engine.table("models")))
            return merged.order_by("account_key", "day", "model")

        return self.engine.fetch(self._once(("models", self._joined), rows))

    def shared(self, kind: str) -> pa.Table:
        """Return who touched which key of one kind, keys of a single party left out."""
        self._accounts()
        several = self._several(kind)

        def rows(span: range) -> ibis.Table:
            keys = rollups.of_range(self.engine.table(f"keys_{kind}"), span)
            shared = rollups.of_range(several, span)
            if self._joined:
                keys = self._as_one(keys.semi_join(shared, "key"))
                shared = rollups.touched_by_several(keys)
            return rollups.shared_keys(keys, shared).order_by("key", "party_key")

        def fetched(span: range) -> pa.Table:
            return self.engine.fetch(self._once((kind, self._joined, span), partial(rows, span)))

        return pa.concat_tables([fetched(span) for span in self._spans_of(kind)])

    def echoes(self) -> pa.Table:
        """Return who fed back whose output."""
        self._accounts()

        def rows() -> ibis.Table:
            prompts, responses = (
                self._as_one(self.engine.table(f"keys_{kind}")) for kind in rollups.ECHO_KINDS
            )
            return rollups.echoes(prompts, responses).order_by("source_key", "party_key")

        return self.engine.fetch(self._once(("echoes", self._joined), rows))

    def _once(self, name: Hashable, build: Callable[[], ibis.Table]) -> ibis.Table:
        """Return an expression, built once: building it can take longer than running it."""
        if name not in self._built:
            self._built[name] = build()
        return self._built[name]

    def _accounts(self) -> ibis.Table:
        """Return one row an account and party, the days merged."""
        if (known := self._known.get("accounts", 0)) < self._parts:
            new = self.engine.newer("daily", known)

            def merged() -> ibis.Table:
                rows = new.drop("day", "part")
                if known:
                    rows = rows.union(self.engine.table("accounts").select(*rows.columns))
                return rollups.merge_daily(rows, "account_key", "party_key").drop("accounts")

            self.engine.replace("accounts", self._once(("accounts", bool(known)), merged))
            self._known["accounts"] = self._parts
            self._join_parties()
        return self.engine.table("accounts")

    def _join_parties(self) -> None:
        """Keep the table of parties that are one with another.

        What an account shares with itself is no evidence, so the parties that one account was seen
        in are one: its organisation and, where some logs lack that, the account itself.
        """
        pairs = self.engine.fetch(rollups.memberships(self.engine.table("accounts")))
        self._joined = pairs.num_rows > 0
        if self._joined:
            self.engine.put("parties", _one_each(pairs))

    def _as_one(self, rows: ibis.Table) -> ibis.Table:
        """Put one party in place of those that are one; call after `_accounts`."""
        return rollups.with_parties(rows, self.engine.table("parties")) if self._joined else rows

    def _several(self, kind: str) -> ibis.Table:
        """Return the keys of one kind that at least two parties touched; once so, always so."""
        name = f"several_{kind}"
        if (known := self._known.get(name, 0)) < self._parts:
            keys = self.engine.table(f"keys_{kind}")
            new = self.engine.newer(f"keys_{kind}", known)

            def several(span: range) -> ibis.Table:
                if not known:
                    return rollups.touched_by_several(rollups.of_range(keys, span))
                again = keys.semi_join(rollups.of_range(new, span), "key")
                return rollups.touched_by_several(again).anti_join(self.engine.table(name), "key")

            for span in self._spans_of(kind):
                rows = self._once((name, bool(known), span), partial(several, span))
                self.engine.append(name, rows)
            self._known[name] = self._parts
        return self.engine.table(name)

    def _spans_of(self, kind: str) -> list[range]:
        """Return ranges of keys, in order, that the rollups of one kind are gone through in."""
        return rollups.key_ranges(self.engine.passes(f"keys_{kind}"))


def _one_each(pairs: pa.Table) -> pa.Table:
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
