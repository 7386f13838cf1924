"""Writes down a tested candidate as a campaign: who, why, how sure, what else it could be."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.explanations import Group, consider, median, share
from stillwatch.campaigns.members import MEMBER_ALPHA, Core, Judged, core_hubs, judge
from stillwatch.campaigns.scene import Scene
from stillwatch.campaigns.search import Tested, largest_share
from stillwatch.core.records import FAMILIES, Family, Level
from stillwatch.core.results import (
    Bin,
    Campaign,
    Explanation,
    HarvestMeasure,
    Member,
    Spoke,
    Template,
)
from stillwatch.stats import evalues

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DAY_US: Final = 86_400_000_000
DRAWN_HUBS: Final = 24
DRAWN_SPOKES: Final = 240
SHOWN_MODELS: Final = 8
SHOWN_TEMPLATES: Final = 10
SHORT_LIFE_DAYS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Assembled:
    """A campaign and the party of each account in it."""

    campaign: Campaign
    accounts: IntArray


def assemble(
    scene: Scene, tested: Tested, parties: IntArray, fdr: float, harvest_p: FloatArray
) -> Assembled | None:
    """Return the campaign, or None when no member has evidence of its own.

    Args:
        scene: The traffic.
        tested: The leading candidate.
        parties: Its parties, with those of the candidates merged into it.
        fdr: Level of the false-discovery rate.
        harvest_p: Conformal p-values of all parties' harvest index.
    """
    cores = {family: core_hubs(graph, parties) for family, graph in scene.graphs.items()}
    families = _families(tested, fdr)
    shared = {family: core for family, core in cores.items() if family in families}
    judged = [item for item in judge(scene, parties, shared, harvest_p) if item.level != "none"]
    if not judged:
        return None
    kept = np.array([item.party for item in judged], dtype=np.int64)
    group = _group(scene, kept, judged, cores, families)
    explanations = consider(group)
    level = _level(tested, families, judged, explanations, fdr)
    members, accounts = _members(scene, judged, level)
    profile = {name: scene.parties[name][kept] for name in ("exchanges", "output_tokens")}
    identity = "\n".join(sorted(member.account_id for member in members))
    e_extracting = float(evalues.power_calibrator(tested.p_extracting))
    campaign = Campaign(
        campaign_id="c-" + hashlib.blake2b(identity.encode(), digest_size=6).hexdigest(),
        level=level,
        q_value=tested.q_value,
        p_coordinated=tested.coordination.p_value,
        p_extracting=tested.p_extracting,
        e_value=min(tested.coordination.e_value, e_extracting),
        families=families,
        tactics=_tactics(scene, judged),
        members=members,
        exchanges=int(profile["exchanges"].sum()),
        output_tokens=int(profile["output_tokens"].sum()),
        models=scene.models(kept)[:SHOWN_MODELS],
        first_us=int(scene.parties["first_us"][kept].min()),
        last_us=int(scene.parties["last_us"][kept].max()),
        explanations=explanations,
        templates=_templates(scene, kept, cores),
        tests=tested.coordination.tests,
        harvest=_harvest(scene, kept),
        spokes=_spokes(scene, accounts, cores),
        timeline=timeline(scene, accounts),
        reference_groups=scene.calibration.units(),
    )
    return Assembled(campaign, accounts)


def timeline(scene: Scene, accounts: IntArray) -> tuple[Bin, ...]:
    """Return exchanges and active accounts a day."""
    chosen = np.zeros(len(scene.account_ids), dtype=bool)
    chosen[accounts] = True
    account, day, exchanges = scene.days
    rows = chosen[account]
    days, place = np.unique(day[rows], return_inverse=True)
    counts = np.bincount(place, weights=exchanges[rows], minlength=days.size)
    active = np.bincount(place, minlength=days.size)
    return tuple(
        Bin(int(d) * DAY_US, int(n), int(a)) for d, n, a in zip(days, counts, active, strict=True)
    )


def _families(tested: Tested, fdr: float) -> tuple[Family, ...]:
    """Return the family that proposed the group and those in which its test fell."""
    tests = tested.coordination.tests
    count = sum(test.p_value is not None for test in tests)
    return tuple(
        test.family
        for test in tests
        if test.role == "found" or (test.p_value is not None and test.p_value * count <= fdr)
    )


def _level(
    tested: Tested,
    families: tuple[Family, ...],
    judged: list[Judged],
    explanations: tuple[Explanation, ...],
    fdr: float,
) -> Level:
    explained = any(answer.verdict == "explains" for answer in explanations)
    own = any(item.level == "act" for item in judged)
    sure = (
        tested.q_value <= fdr and len(families) >= 2 and own and not explained and not tested.apart
    )
    return "act" if sure else "review"


def _members(
    scene: Scene, judged: list[Judged], level: Level
) -> tuple[tuple[Member, ...], IntArray]:
    """Return the members; who shares an organisation also needs behaviour of the account's own."""
    by_party = {item.party: item for item in judged}
    alone = np.bincount(scene.account_party, minlength=scene.size) == 1
    own = alone[scene.account_party] | (scene.account_p <= MEMBER_ALPHA)
    accounts = np.flatnonzero(np.isin(scene.account_party, np.array(sorted(by_party))))
    columns = {
        name: scene.accounts[name] for name in ("exchanges", "output_tokens", "first_us", "last_us")
    }
    members = []
    for account in accounts.tolist():
        item = by_party[int(scene.account_party[account])]
        members.append(
            Member(
                account_id=scene.account_ids[account],
                level="act" if level == item.level == "act" and own[account] else "review",
                p_value=item.p_value,
                evidence=item.evidence,
                exchanges=int(columns["exchanges"][account]),
                output_tokens=int(columns["output_tokens"][account]),
                first_us=int(columns["first_us"][account]),
                last_us=int(columns["last_us"][account]),
            )
        )
    order = sorted(
        range(len(members)),
        key=lambda i: (members[i].level, members[i].p_value, members[i].account_id),
    )
    return tuple(members[i] for i in order), accounts


def _tactics(scene: Scene, judged: list[Judged]) -> tuple[str, ...]:
    """Return the tactics that the evidence of at least a tenth of the members points at."""
    counts: dict[str, int] = {}
    for item in judged:
        for source in {evidence.source for evidence in item.evidence}:
            counts[source] = counts.get(source, 0) + 1
    named = {
        tactic
        for source, count in counts.items()
        if 10 * count >= len(judged)
        for tactic in scene.tactics.get(source, ())
    }
    return tuple(sorted(named, key=lambda tactic: int(tactic[1:])))


def _group(
    scene: Scene,
    parties: IntArray,
    judged: list[Judged],
    cores: Mapping[Family, Core],
    families: tuple[Family, ...],
) -> Group:
    column = {name: values[parties] for name, values in scene.parties.items()}
    total = float(column["exchanges"].sum())
    start = float(np.min(scene.parties["first_us"])) + DAY_US
    late = (column["first_us"] >= start) & (column["span_days"] <= SHORT_LIFE_DAYS)

    def part(name: str) -> float:
        return share(float(np.nansum(column[name])), total)

    return Group(
        parties=parties.size,
        families=frozenset(families),
        exchanges=total,
        repeated=1.0 - part("distinct_payloads"),
        elicitation=part("reasoning_elicitation_hits"),
        grading=part("rubric_grading_hits"),
        echo=part("echo_foreign"),
        end_users=part("with_end_user"),
        worded=median(column["shared_wording"]),
        short_lived=float(np.mean(late)),
        median_exchanges=median(column["exchanges"]),
        prefixes=_covering(scene, parties),
        one_payer=largest_share(scene.graphs.get("identity"), parties),
        one_place=largest_share(scene.graphs.get("network"), parties),
        template_users=_template_users(scene, cores),
        corroborated=float(np.mean([len(item.families) >= 2 for item in judged])),
        blocked=float(np.nansum(column["blocked"])),
        failed=float(np.nansum(column["failed"])),
    )


def _covering(scene: Scene, parties: IntArray) -> float:
    """Return how many network keys it takes to cover half of the members, greedily by size."""
    graph = scene.graphs.get("network")
    if graph is None:
        return float("nan")
    left = set(parties.tolist())
    proposing = np.flatnonzero(graph.hub_proposes)
    spokes = np.isin(graph.party, parties)
    inside = np.bincount(graph.hub[spokes], minlength=graph.hub_size.size)
    wanted, used = parties.size / 2, 0
    for hub in proposing[np.argsort(-inside[proposing], kind="stable")][:50]:
        if parties.size - len(left) >= wanted or not inside[hub]:
            break
        left.difference_update(graph.members(int(hub)).tolist())
        used += 1
    return float(used) if parties.size - len(left) >= wanted else float(parties.size)


def _template_users(scene: Scene, cores: Mapping[Family, Core]) -> int:
    core = cores.get("content")
    if core is None or not core.hubs.size:
        return 0
    return int(scene.graphs["content"].hub_size[core.hubs].max())


def _templates(
    scene: Scene, parties: IntArray, cores: Mapping[Family, Core]
) -> tuple[Template, ...]:
    core = cores.get("content")
    if core is None or not core.hubs.size:
        return ()
    graph = scene.graphs["content"]
    outside = max(scene.size - parties.size, 1)
    order = np.lexsort((graph.hub_key[core.hubs], -core.members))[:SHOWN_TEMPLATES]
    return tuple(
        Template(
            fingerprint=_hex(graph.hub_key[core.hubs[i]]),
            accounts=int(core.members[i]),
            prevalence=max(0.0, float(graph.hub_size[core.hubs[i]] - core.members[i]) / outside),
        )
        for i in order
    )


def _harvest(scene: Scene, parties: IntArray) -> tuple[HarvestMeasure, ...]:
    measures = []
    for name, values in scene.scores.items():
        if name not in scene.calibration.scales:
            continue  # no harvest behaviour
        inside = values[parties]
        inside = inside[~np.isnan(inside)]
        sample = scene.calibration.scores["*"].get(name, np.empty(0))
        sample = sample[~np.isnan(sample)]
        if inside.size and sample.size:
            middle = float(np.median(inside))
            above = int(np.count_nonzero(sample >= middle))
            measures.append(
                HarvestMeasure(
                    detector=name,
                    value=middle,
                    reference_median=float(np.median(sample)),
                    reference_q95=float(np.quantile(sample, 0.95)),
                    p_value=(1 + above) / (1 + sample.size),
                )
            )
    return tuple(measures)


def _spokes(scene: Scene, accounts: IntArray, cores: Mapping[Family, Core]) -> tuple[Spoke, ...]:
    """Return the heaviest core hubs with some of their members, to be drawn."""
    account_of: dict[int, int] = {}
    for account in accounts.tolist():
        account_of.setdefault(int(scene.account_party[account]), account)
    drawn: list[Spoke] = []
    for family in FAMILIES:
        core = cores.get(family)
        if core is None or not core.hubs.size:
            continue
        graph = scene.graphs[family]
        strength = core.members * graph.weight[core.hubs]
        for hub in core.hubs[np.argsort(-strength, kind="stable")][: DRAWN_HUBS // 4]:
            first, last = graph.starts[hub], graph.starts[hub + 1]
            spokes = [i for i in range(first, last) if int(graph.party[i]) in account_of]
            drawn.extend(
                Spoke(
                    linker=graph.linkers[int(graph.hub_linker[hub])],
                    family=family,
                    key=_hex(graph.hub_key[hub]),
                    account_id=scene.account_ids[account_of[int(graph.party[i])]],
                    uses=int(graph.uses[i]),
                )
                for i in spokes[: DRAWN_SPOKES // DRAWN_HUBS]
            )
    return tuple(drawn)


def _hex(key: np.int64) -> str:
    return f"{int(key) & 0xFFFFFFFFFFFFFFFF:016x}"
