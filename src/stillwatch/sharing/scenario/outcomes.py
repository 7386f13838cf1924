"""What many runs of the scenario come to: medians and shares, each with an interval at 95 %."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from stillwatch.sharing.scenario.model import Assumptions, World, draw
from stillwatch.sharing.scenario.run import Fate, Run, alone, together
from stillwatch.stats.intervals import clopper_pearson


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Effect:
    """What sharing changes in a world with a campaign; tuples are in the order of the members.

    Attributes:
        detected_alone: Median day of the decision; the last day of the run stands for never.
        detected_together: The same in the forum.
        leaked_alone: Median number of exchanges answered, by member.
        leaked_together: The same in the forum.
        total_alone: Median over runs of the sum over members.
        total_together: The same in the forum.
        ratio: Median over runs of the sum together over the sum alone.
        worse: Share of runs in which more leaked together than alone.
        corroborated: Share of runs in which the board came to say so.
    """

    detected_alone: tuple[Estimate, ...]
    detected_together: tuple[Estimate, ...]
    leaked_alone: tuple[Estimate, ...]
    leaked_together: tuple[Estimate, ...]
    total_alone: Estimate
    total_together: Estimate
    ratio: Estimate
    worse: Estimate
    corroborated: Estimate


@dataclass(frozen=True, slots=True)
class Harm:
    """What happens to innocent clusters: shares of clusters, and of runs for `corroborated`.

    Clusters of one run share their shocks; the intervals take them as independent.

    Attributes:
        acted_alone: A step was taken without a forum.
        acted: A step was taken in the forum.
        through_others: A step was taken that rested on what others stated.
        irreversible: The policy offered a step that cannot be undone.
        corroborated: The board came to say so.
    """

    acted_alone: Estimate
    acted: Estimate
    through_others: Estimate
    irreversible: Estimate
    corroborated: Estimate


def median(values: Sequence[float]) -> Estimate:
    """Return the median and an interval between order statistics; exact for any distribution.

    Args:
        values: At least one.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    below = int(stats.binom.ppf(0.025, ordered.size, 0.5))
    low = max(below - 1, 0)
    return Estimate(
        float(np.median(ordered)), float(ordered[low]), float(ordered[ordered.size - 1 - low])
    )


def rate(happened: Iterable[bool]) -> Estimate:
    """Return the share of what happened, with its exact interval."""
    seen = list(happened)
    low, high = clopper_pearson(sum(seen), len(seen))
    return Estimate(sum(seen) / len(seen), float(low), float(high))


def effect(world: World, assumed: Assumptions, seeds: Iterable[int]) -> Effect:
    """Run a world with and without a forum, on the same draws, and compare.

    Args:
        world: With a campaign.
        assumed: What holds in it.
        seeds: One run each; at least one.
    """
    apart, joint = _runs(world, assumed, seeds)

    def by_member(runs: list[Run], figure: Callable[[Fate], float]) -> tuple[Estimate, ...]:
        members = range(len(world.providers))
        return tuple(median([figure(run.fates[m]) for run in runs]) for m in members)

    def day(fate: Fate) -> float:
        return assumed.days if fate.detected is None else fate.detected

    totals = [[sum(f.leaked for f in run.fates) for run in runs] for runs in (apart, joint)]
    ratios = [b / a for a, b in zip(*totals, strict=True)]
    return Effect(
        detected_alone=by_member(apart, day),
        detected_together=by_member(joint, day),
        leaked_alone=by_member(apart, lambda fate: fate.leaked),
        leaked_together=by_member(joint, lambda fate: fate.leaked),
        total_alone=median(totals[0]),
        total_together=median(totals[1]),
        ratio=median(ratios),
        worse=rate(ratio > 1 + 1e-9 for ratio in ratios),
        corroborated=rate(run.corroborated for run in joint),
    )


def harm(world: World, assumed: Assumptions, seeds: Iterable[int]) -> Harm:
    """Run a world and see what happens to the clusters that are innocent.

    Args:
        world: With at least one innocent cluster.
        assumed: What holds in it.
        seeds: One run each; at least one.
    """
    apart, joint = _runs(world, assumed, seeds)
    innocent = [m for m, p in enumerate(world.providers) if not (p.attacked or p.lies)]
    fates = [run.fates[m] for run in joint for m in innocent]
    return Harm(
        acted_alone=rate(run.fates[m].detected is not None for run in apart for m in innocent),
        acted=rate(fate.detected is not None for fate in fates),
        through_others=rate(fate.through_others for fate in fates),
        irreversible=rate(fate.irreversible for fate in fates),
        corroborated=rate(run.corroborated for run in joint),
    )


def _runs(world: World, assumed: Assumptions, seeds: Iterable[int]) -> tuple[list[Run], list[Run]]:
    drawn = [draw(world, assumed, seed) for seed in seeds]
    return (
        [alone(world, assumed, one) for one in drawn],
        [together(world, assumed, one) for one in drawn],
    )
