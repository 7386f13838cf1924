"""From rollups to results: profiles, scores, links, campaigns, flagged accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.campaigns.assemble import Assembled, assemble, timeline
from stillwatch.campaigns.calibration import CLEAN_QUANTILE, MIXED_QUANTILE, Calibration
from stillwatch.campaigns.graph import FamilyGraph, Linked, build
from stillwatch.campaigns.scene import Scene
from stillwatch.campaigns.search import FDR_RULE, SELECTION, Search, merge
from stillwatch.core.config import Settings, configured
from stillwatch.core.contracts import Detector, Incidence, Linker
from stillwatch.core.keyed import uniforms
from stillwatch.core.records import FAMILIES, Family, Finding
from stillwatch.core.results import Abstention, InputSummary, Results
from stillwatch.pipeline.accounts import account_table
from stillwatch.pipeline.intake import Intake
from stillwatch.pipeline.profile import Profile
from stillwatch.pipeline.units import Unit
from stillwatch.relations.profiles import profile_columns
from stillwatch.relations.rollups import DAY_US
from stillwatch.relations.store import RollupStore, incidence

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class SmallTables:
    """The tables that linkers read, fetched once each."""

    def __init__(self, store: RollupStore, parties: Unit, echoes: pa.Table) -> None:
        self._store, self._parties = store, parties
        self._echoes = echoes
        self._known: dict[str, Incidence] = {}

    def keys(self, kind: str) -> Incidence:
        """Return who touched the keys of one kind."""
        if kind not in self._known:
            if kind == "echo":
                found = incidence(
                    self._echoes.rename_columns({"source_key": "key"}), self._parties.keys
                )
                source = np.searchsorted(self._parties.keys, found.key)
                found = Incidence(found.party, source, found.uses, found.first_us, found.last_us)
            else:
                found = incidence(self._store.shared(kind), self._parties.keys)
            self._known[kind] = found
        return self._known[kind]

    def parties(self) -> Mapping[str, FloatArray]:
        """Return the profile columns of the parties."""
        return self._parties.profiles


@dataclass(frozen=True, slots=True)
class Analysis:
    """Runs every unit over a store of rollups.

    Attributes:
        settings: The operator's.
        detectors, linkers: The units in force, by name.
        search: Finds and tests candidates.
    """

    settings: Settings
    detectors: Mapping[str, Detector]
    linkers: Mapping[str, Linker]
    search: Search

    @classmethod
    def of(cls, settings: Settings) -> Analysis:
        """Return the analysis that the settings ask for."""
        return cls(
            settings,
            configured("detectors", Detector, settings),
            configured("linkers", Linker, settings),
            Search(threads=settings.scan.workers),
        )

    def abstaining(self, filled: Mapping[str, int]) -> tuple[Abstention, ...]:
        """Return the units that miss a column, given how many exchanges fill each."""
        return tuple(
            Abstention(name, "no exchange has " + ", ".join(missing))
            for name, unit in sorted(self._all().items())
            if (missing := [column for column in unit.needs if not filled.get(column)])
        )

    def _all(self) -> dict[str, Detector | Linker]:
        everything: dict[str, Detector | Linker] = dict(self.detectors)
        everything.update(self.linkers)
        return everything

    def units(
        self, store: RollupStore, silent: frozenset[str]
    ) -> tuple[Unit, Unit, pa.Table, pa.Table]:
        """Return parties and accounts with their scores, who echoed whom, and models used."""
        models, echoes = store.models(), store.echoes()
        made = [
            self._unit(store, models, echoes, by, silent) for by in ("party_key", "account_key")
        ]
        return made[0], made[1], echoes, models

    def _unit(
        self,
        store: RollupStore,
        models: pa.Table,
        echoes: pa.Table,
        by: str,
        silent: frozenset[str],
    ) -> Unit:
        rows = store.profiles(by)
        keys = rows.column(by).to_numpy().astype(np.int64)
        tables = (echoes, store.replays(), store.wordings())
        echoed, replayed, worded = (_party_uses(table) for table in tables)
        if by == "account_key":
            echoed, replayed, worded = (
                _shared_out(rows, *uses) for uses in (echoed, replayed, worded)
            )
        profiles = profile_columns(rows, models, *echoed, by, store.busy_days(by), replayed, worded)
        scores = {
            name: detector.score(profiles)
            for name, detector in self.detectors.items()
            if name not in silent
        }
        ids = rows.column("account_id").to_pylist()
        seed = self.settings.scan.seed.to_bytes(8, "little")
        segments = np.array([plan or "" for plan in rows.column("plan").to_pylist()], dtype=str)
        return Unit(keys, rows, profiles, scores, segments, uniforms(ids, seed, "tie breaker"))

    def calibration(self, unit: Unit, quantile: float = CLEAN_QUANTILE) -> Calibration:
        """Learn benign behaviour from the units themselves."""
        floors = {name: unit.scale_floor for name, unit in self.detectors.items() if unit.harvest}
        return Calibration.learn(unit.scores, unit.segments, floors, quantile)

    def run(
        self, store: RollupStore, intake: Intake, rejected: int, profile: Profile | None
    ) -> tuple[Results, pa.Table]:
        """Analyse everything in the store.

        Returns:
            The results, and one row an account (the `accounts.parquet` of the output contract).
        """
        abstained = self.abstaining(intake.filled)
        silent = frozenset(item.unit for item in abstained)
        parties, accounts, echoes, models = self.units(store, silent)
        by_party = profile.parties if profile else self.calibration(parties, MIXED_QUANTILE)
        by_account = profile.accounts if profile else self.calibration(accounts, MIXED_QUANTILE)
        account_p = by_account.harvest_p(
            by_account.harvest(accounts.scores), accounts.segments, accounts.ties, profile is None
        )
        scene = self._scene(
            store, parties, accounts, account_p, echoes, models, by_party, profile is None, silent
        )
        found, tested = self._campaigns(scene)
        table = self._account_table(accounts, by_account, profile is None, account_p, found)
        summary = InputSummary(
            exchanges=intake.exchanges,
            accounts=accounts.keys.size,
            from_us=intake.from_us,
            to_us=intake.to_us,
            rejected=rejected,
            duplicates=intake.duplicates,
        )
        results = Results(
            engine=getattr(store.engine, "name", "unknown"),
            fdr=self.settings.scan.fdr,
            fdr_rule=FDR_RULE,
            selection=SELECTION,
            calibration=profile.summary if profile else _SELF_CALIBRATED,
            inputs=summary,
            abstained=abstained,
            campaigns=tuple(item.campaign for item in found),
            candidates_tested=tested,
            timeline=timeline(scene, np.arange(accounts.keys.size)),
        )
        return results, table

    def _scene(
        self,
        store: RollupStore,
        parties: Unit,
        accounts: Unit,
        account_p: FloatArray,
        echoes: pa.Table,
        models: pa.Table,
        calibration: Calibration,
        learned_here: bool,
        silent: frozenset[str],
    ) -> Scene:
        tables = SmallTables(store, parties, echoes)
        daily = store.daily()
        account_key = daily.column("account_key").to_numpy()
        return Scene(
            graphs=self._graphs(tables, parties.keys.size, silent),
            parties=parties.profiles,
            scores=parties.scores,
            segments=parties.segments,
            strata=_strata(parties),
            ties=parties.ties,
            calibration=calibration,
            learned_here=learned_here,
            account_ids=accounts.rows.column("account_id").to_pylist(),
            account_party=np.searchsorted(
                parties.keys, accounts.rows.column("party_key").to_numpy()
            ),
            accounts=accounts.profiles,
            account_p=account_p,
            days=(
                np.searchsorted(accounts.keys, account_key),
                daily.column("day").to_numpy().astype(np.int64),
                daily.column("exchanges").to_numpy().astype(np.int64),
            ),
            models=_models_of(models, parties.keys),
            explain_link=lambda name, uses, size: self.linkers[name].explain(uses, size),
            find=self._finder(parties),
            tactics={name: unit.tactics for name, unit in self._all().items()},
        )

    def _graphs(
        self, tables: SmallTables, parties: int, silent: frozenset[str]
    ) -> dict[Family, FamilyGraph]:
        graphs: dict[Family, FamilyGraph] = {}
        for family in FAMILIES:
            linked = [
                Linked(name, linker.proposes, linker.link(tables))
                for name, linker in self.linkers.items()
                if linker.family == family and name not in silent
            ]
            if any(item.incidence.key.size for item in linked):
                graphs[family] = build(family, linked, parties)
        return graphs

    def _finder(self, unit: Unit) -> Callable[[int, str, float], Finding]:
        def find(index: int, name: str, p: float) -> Finding:
            profile = {column: float(values[index]) for column, values in unit.profiles.items()}
            effect = float(unit.scores[name][index])
            return Finding(name, p, effect, self.detectors[name].explain(profile))

        return find

    def _campaigns(self, scene: Scene) -> tuple[list[Assembled], int]:
        fdr = self.settings.scan.fdr
        tested, ranks = self.search.run(scene, self.settings.scan.seed)
        flagged = [item for item in tested if item.q_value < 1.0]
        assembled = [
            made
            for lead, parties in merge(flagged, ranks, fdr)
            if (made := assemble(scene, lead, parties, fdr, ranks.single)) is not None
        ]
        assembled.sort(key=lambda item: (item.campaign.level, item.campaign.q_value))
        queue = [item for item in assembled if item.campaign.level == "review"]
        acted = [item for item in assembled if item.campaign.level == "act"]
        return acted + queue[: self.settings.scan.review_budget], len(tested)

    def _account_table(
        self,
        unit: Unit,
        calibration: Calibration,
        learned_here: bool,
        p_values: FloatArray,
        found: list[Assembled],
    ) -> pa.Table:
        queued = sum(item.campaign.level == "review" for item in found)
        left = max(0, self.settings.scan.review_budget - queued)
        return account_table(
            unit,
            calibration,
            learned_here,
            p_values,
            [item.campaign for item in found],
            left,
            self._finder(unit),
            {name: u.scale_floor for name, u in self.detectors.items() if not u.harvest},
        )


_SELF_CALIBRATED: Final = (
    "the scanned traffic itself: campaigns in it make every rank conservative; "
    "a profile of past traffic (`stillwatch calibrate`) finds more"
)


def _party_uses(rows: pa.Table) -> tuple[IntArray, IntArray]:
    return (
        rows.column("party_key").to_numpy().astype(np.int64),
        rows.column("uses").to_numpy().astype(np.int64),
    )


def _shared_out(rows: pa.Table, parties: IntArray, uses: IntArray) -> tuple[IntArray, IntArray]:
    """Give what a party echoed or replayed to its account, where it has one only."""
    keys = rows.column("party_key").to_numpy().astype(np.int64)
    accounts = rows.column("account_key").to_numpy().astype(np.int64)
    order = np.argsort(keys, kind="stable")
    keys, accounts = keys[order], accounts[order]
    first = np.searchsorted(keys, parties)
    single = np.searchsorted(keys, parties, side="right") - first == 1
    return accounts[first[single]], uses[single]


def _strata(unit: Unit) -> tuple[IntArray, ...]:
    """Return stratum codes, finest first: segment, activity, age, time of day."""
    profiles = unit.profiles
    activity = np.floor(np.log2(np.maximum(profiles["exchanges"], 1.0))).astype(np.int64)
    start = np.min(profiles["first_us"], initial=np.inf) + DAY_US
    late = (profiles["first_us"] >= start).astype(np.int64)
    hours = np.stack([profiles[f"hour_{hour:02d}"] for hour in range(24)])
    fine = hours.reshape(6, 4, -1).sum(axis=1).argmax(axis=0)
    band = hours.reshape(3, 8, -1).sum(axis=1).argmax(axis=0)
    verified = np.nan_to_num(profiles["verified"], nan=2.0).astype(np.int64)
    _, segment = np.unique(unit.segments, return_inverse=True)
    coarse = activity * 2 + late
    return (
        _coded(((coarse * 6 + fine) * 3 + verified) * (segment.max(initial=0) + 1) + segment),
        _coded(coarse * 6 + fine),
        _coded(coarse * 3 + band),
        _coded(coarse),
        _coded(activity),
    )


def _coded(values: IntArray) -> IntArray:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _models_of(models: pa.Table, keys: IntArray) -> Callable[[IntArray], tuple[str, ...]]:
    """Return what names the models that some parties use, the ones of most parties first."""
    party = np.searchsorted(keys, models.column("party_key").to_numpy())

    def used(parties: IntArray) -> tuple[str, ...]:
        rows = models.filter(pa.array(np.isin(party, parties)))
        rows = rows.filter(pc.is_valid(rows.column("model")))
        counts = rows.group_by("model").aggregate([("party_key", "count_distinct")])
        order = [("party_key_count_distinct", "descending"), ("model", "ascending")]
        return tuple(counts.sort_by(order).column("model").to_pylist())

    return used
