"""Adds up evaluations: several seeds of a scenario, or all scenarios.

Counts are summed and their exact intervals computed anew; nothing is averaged that can be counted.
The intervals take accounts as independent. Members of one campaign are not, since a campaign is
found as a whole or not at all: how many runs fared how says more there than the interval.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from stillwatch.core.errors import InputError
from stillwatch.range.evaluate import (
    BASE_RATES,
    QUANTILES,
    SCHEMA,
    Evaluation,
    Group,
    Hidden,
    Share,
    precision_at,
    read_json,
    share,
)

_READ_HINT: Final = "give files that `stillwatch range evaluate --out` wrote"


@dataclass(frozen=True, slots=True)
class Stored:
    """An evaluation and the name of the scenario it is of."""

    scenario: str
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class Pool:
    """All evaluations of one scenario.

    Attributes:
        scenario: Its name.
        runs: The evaluations.
        whole: Their sum.
        false_runs: Share of runs with a false campaign at `act`, or, where nothing is hidden, with
            any innocent account at `act`.
        replays: Runs that give times of detection.
    """

    scenario: str
    runs: tuple[Evaluation, ...]
    whole: Evaluation
    false_runs: Share
    replays: int


def pools(stored: Iterable[Stored]) -> tuple[Pool, ...]:
    """Group evaluations by scenario, in the order of names."""
    by_name: dict[str, list[Evaluation]] = {}
    for one in stored:
        by_name.setdefault(one.scenario, []).append(one.evaluation)
    return tuple(_pool(name, runs) for name, runs in sorted(by_name.items()))


def _pool(scenario: str, runs: Sequence[Evaluation]) -> Pool:
    timed = sum(any(one.served is not None for one in run.hidden) for run in runs)
    false = sum(map(is_false, runs))
    return Pool(scenario, tuple(runs), pool(runs), share(false, len(runs)), timed)


def is_false(run: Evaluation) -> bool:
    """Tell whether a run accuses where it should not."""
    return run.false_at_act > 0 or (not run.hidden and run.innocent.act.count > 0)


def pool(runs: Sequence[Evaluation]) -> Evaluation:
    """Add up evaluations.

    Purity and the share served are means, the time to detection is a median, over the runs that
    have them. Hidden campaigns of one name count as one.

    Raises:
        ValueError: There is none.
    """
    if not runs:
        raise ValueError("nothing to add up")
    innocent = _groups(run.innocent for run in runs)[0]
    members = _groups(run.members for run in runs)[0]
    return Evaluation(
        innocent=innocent,
        archetypes=_groups(one for run in runs for one in run.archetypes),
        languages=_groups(one for run in runs for one in run.languages),
        hidden=_hidden(one for run in runs for one in run.hidden),
        members=members,
        true_at_act=_sum(run.true_at_act for run in runs),
        true_in_queue=_sum(run.true_in_queue for run in runs),
        campaigns_at_act=sum(run.campaigns_at_act for run in runs),
        false_at_act=sum(run.false_at_act for run in runs),
        merges=sum(run.merges for run in runs),
        splits=sum(run.splits for run in runs),
        precision={
            f"{rate:g}": precision_at(members.act, innocent.act, rate) for rate in BASE_RATES
        },
        p_values=_quantiles(runs),
        null_share=_null_share(runs),
        seconds=sum(run.seconds for run in runs),
    )


def _sum(shares: Iterable[Share]) -> Share:
    counts = [(one.count, one.of) for one in shares]
    return share(sum(count for count, _ in counts), sum(of for _, of in counts))


def _groups(groups: Iterable[Group]) -> tuple[Group, ...]:
    by_name: dict[str, list[Group]] = {}
    for group in groups:
        by_name.setdefault(group.name, []).append(group)
    return tuple(
        Group(name, _sum(one.act for one in parts), _sum(one.flagged for one in parts))
        for name, parts in sorted(by_name.items())
    )


def _hidden(found: Iterable[Hidden]) -> tuple[Hidden, ...]:
    by_name: dict[str, list[Hidden]] = {}
    for one in found:
        by_name.setdefault(one.members.name, []).append(one)
    return tuple(_one_hidden(parts) for _, parts in sorted(by_name.items()))


def _one_hidden(parts: Sequence[Hidden]) -> Hidden:
    purity = [one.purity for one in parts if one.purity is not None]
    q_values = [one.q_value for one in parts if one.q_value is not None]
    hours = [one.detected_hours for one in parts if one.detected_hours is not None]
    served = [one.served for one in parts if one.served is not None]
    tokens = [one.tokens for one in parts if one.tokens is not None]
    return Hidden(
        members=_groups(one.members for one in parts)[0],
        found_as=tuple(name for one in parts for name in one.found_as),
        q_value=statistics.median(q_values) if q_values else None,
        purity=statistics.fmean(purity) if purity else None,
        detected_hours=statistics.median(hours) if hours else None,
        served=statistics.fmean(served) if served else None,
        tokens=sum(tokens) if tokens else None,
    )


def _null_share(runs: Sequence[Evaluation]) -> dict[str, Share]:
    thresholds = sorted({key for run in runs for key in run.null_share}, key=float)
    return {
        key: _sum(run.null_share[key] for run in runs if key in run.null_share)
        for key in thresholds
    }


def _quantiles(runs: Sequence[Evaluation]) -> tuple[float, ...]:
    """Return the quantiles of the mixture, each run weighted by its number of p-values."""
    weighed = [(run.p_values, _p_values(run)) for run in runs if run.p_values]
    if not weighed:
        return ()
    values = np.concatenate([quantiles for quantiles, _ in weighed])
    weights = np.concatenate([np.full(len(q), n / len(q)) for q, n in weighed])
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weights[order]) / weights.sum()
    levels = np.arange(1, QUANTILES + 1) / QUANTILES
    place = np.minimum(np.searchsorted(mass, levels - 1e-9), len(values) - 1)
    return tuple(float(value) for value in values[order][place])


def _p_values(run: Evaluation) -> int:
    return max((one.of for one in run.null_share.values()), default=run.innocent.act.of)


def read(path: Path) -> Stored:
    """Read an evaluation that `range evaluate` wrote; without a scenario it is named as the file.

    Raises:
        InputError: The file is missing, or is no evaluation.
    """
    content = read_json(path)
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise InputError(f"{path} is no evaluation", _READ_HINT)
    try:
        return Stored(str(content.get("scenario") or path.stem), evaluation_from(content))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is no evaluation: {error!r}", _READ_HINT) from error


def evaluation_from(content: Mapping[str, Any]) -> Evaluation:
    """Build an evaluation from what `Evaluation.to_json` returned."""
    built: dict[str, Any] = {field.name: content[field.name] for field in fields(Evaluation)}
    for name in ("innocent", "members"):
        built[name] = _group(built[name])
    for name in ("archetypes", "languages"):
        built[name] = tuple(map(_group, built[name]))
    for name in ("true_at_act", "true_in_queue"):
        built[name] = Share(**built[name])
    built["hidden"] = tuple(
        Hidden(**{**one, "members": _group(one["members"]), "found_as": tuple(one["found_as"])})
        for one in built["hidden"]
    )
    built["precision"] = {key: (seen, worst) for key, (seen, worst) in built["precision"].items()}
    built["p_values"] = tuple(map(float, built["p_values"]))
    built["null_share"] = {key: Share(**one) for key, one in built["null_share"].items()}
    return Evaluation(**built)


def _group(content: Mapping[str, Any]) -> Group:
    return Group(content["name"], Share(**content["act"]), Share(**content["flagged"]))
