"""Small link graphs and scenes, made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from stillwatch.campaigns.calibration import Calibration
from stillwatch.campaigns.graph import FamilyGraph, Linked, build
from stillwatch.campaigns.scene import Scene
from stillwatch.core.contracts import Incidence
from stillwatch.core.records import Family, Finding

Keys = Mapping[int, Sequence[int]]
GraphMaker = Callable[..., FamilyGraph]
SceneMaker = Callable[..., Scene]


@pytest.fixture(scope="session")
def make_graph() -> GraphMaker:
    """Return a function: family, key → parties, number of parties, uses by key → graph."""

    def make(
        family: Family,
        keys: Keys,
        parties: int,
        uses: Mapping[int, int] | None = None,
        proposes: bool = True,
    ) -> FamilyGraph:
        pairs = [(key, party) for key in sorted(keys) for party in sorted(keys[key])]
        key, party = (np.array(column) for column in zip(*pairs, strict=True))
        counts = np.array([(uses or {}).get(k, 10) for k, _ in pairs])
        nothing = np.zeros(key.size, dtype=np.int64)
        touched = Incidence(party.astype(np.int32), key, counts, nothing, nothing)
        return build(family, [Linked(family, proposes, touched)], parties)

    return make


@pytest.fixture(scope="session")
def make_scene() -> SceneMaker:
    """Return a function that puts graphs and harvest scores of parties into a scene."""

    def make(
        graphs: Mapping[Family, FamilyGraph],
        scores: Sequence[float],
        benign: Sequence[float] | None = None,
        party_of_account: Sequence[int] | None = None,
        account_p: Sequence[float] | None = None,
    ) -> Scene:
        n = len(scores)
        accounts = np.arange(n) if party_of_account is None else np.array(party_of_account)
        sample = np.array(scores if benign is None else benign)
        columns = {
            name: np.full(n, value)
            for name, value in (("exchanges", 10.0), ("output_tokens", 0.0), ("first_us", 0.0))
        }
        columns["last_us"] = columns["first_us"]
        return Scene(
            graphs=dict(graphs),
            parties=columns,
            scores={"steady_load": np.array(scores)},
            segments=np.full(n, "free"),
            strata=(np.zeros(n, dtype=np.int64),),
            ties=np.random.default_rng(1).random(n),
            calibration=Calibration({"*": {"steady_load": sample}}, {"steady_load": 1.0}),
            learned_here=benign is None,
            account_ids=[f"a{i}" for i in range(accounts.size)],
            account_party=accounts,
            accounts={name: values[accounts] for name, values in columns.items()},
            account_p=np.ones(accounts.size) if account_p is None else np.array(account_p),
            days=(np.zeros(0, np.int64),) * 3,
            models=lambda _: (),
            explain_link=lambda name, uses, size: f"{name} {uses} {size}",
            find=lambda party, name, p: Finding(name, p, 1.0, "because"),
            tactics={},
        )

    return make
