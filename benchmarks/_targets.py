"""What is expected on the range, as numbers; and the gate that false positives have to pass."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stillwatch.core.config import Settings
from stillwatch.range.evaluate import Share, share
from stillwatch.range.pooling import Pool, Stored, pools
from stillwatch.stats.intervals import binomial_upper_tail

NOMINAL = Settings().scan.fdr
"""The rate that a scan promises by default."""
LEVEL = 0.01
"""Chance that the gate fails code which keeps its promise."""

STRESS = ("dense_week",)
"""Scenarios that break the assumption of the rate on purpose: shown, and no part of the gate."""

Figure = Callable[[Pool], "Measured | None"]


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its interval: exact at 95 % for shares, the range over runs for the others."""

    value: float
    low: float
    high: float
    counts: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of a scenario beside what it should be.

    Attributes:
        scenario: Name.
        figure: Key of `FIGURES`, with an archetype behind a colon where it takes one.
        bar: The figure to reach; None where it is only shown.
        side: Whether the bar is a floor or a ceiling.
    """

    scenario: str
    figure: str
    bar: float | None = None
    side: Literal["at least", "at most"] = "at least"

    def met_by(self, value: float) -> bool | None:
        if self.bar is None:
            return None
        return value >= self.bar if self.side == "at least" else value <= self.bar


def _share(one: Share) -> Measured | None:
    if not one.of:
        return None
    return Measured(one.value, one.low, one.high, f"{one.count:,} of {one.of:,}")


def _spread(values: Sequence[float | None]) -> Measured | None:
    """Return the largest of a figure over the runs that have it: a target is for each of them."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    return Measured(max(known), min(known), max(known), f"largest of {len(known)} runs")


def _typical(values: Sequence[float | None]) -> Measured | None:
    """Return the median of a figure over the runs that have it."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    return Measured(statistics.median(known), known[0], known[-1], f"median of {len(known)} runs")


def _innocent_of_act(pool: Pool) -> Measured | None:
    true = pool.whole.true_at_act
    if not true.of:
        return None
    wrong = true.of - true.count
    return Measured(wrong / true.of, 1 - true.high, 1 - true.low, f"{wrong:,} of {true.of:,}")


def _merging_runs(pool: Pool) -> Measured | None:
    return _share(share(sum(run.merges > 0 for run in pool.runs), len(pool.runs)))


FIGURES: Mapping[str, tuple[str, Figure]] = {
    "recall_act": ("members at act", lambda pool: _share(pool.whole.members.act)),
    "recall_review": (
        "members at act or review",
        lambda pool: _share(pool.whole.members.flagged),
    ),
    "innocent_act": ("innocent accounts at act", lambda pool: _share(pool.whole.innocent.act)),
    "innocent_flagged": (
        "innocent accounts at act or review",
        lambda pool: _share(pool.whole.innocent.flagged),
    ),
    "innocent_of_act": ("innocent among the accounts at act", _innocent_of_act),
    "members_of_queue": (
        "members among the accounts at act or review",
        lambda pool: _share(pool.whole.true_in_queue),
    ),
    "merging_runs": ("runs that merge hidden campaigns", _merging_runs),
    "false_runs": ("runs that accuse falsely", lambda pool: _share(pool.false_runs)),
    "q_value": (
        "rate at which it is listed",
        lambda pool: _typical([one.q_value for run in pool.runs for one in run.hidden]),
    ),
    "detected_hours": (
        "hours to detection",
        lambda pool: _spread([one.detected_hours for run in pool.runs for one in run.hidden]),
    ),
    "served": (
        "share of exchanges served before detection",
        lambda pool: _spread([one.served for run in pool.runs for one in run.hidden]),
    ),
}

TARGETS = (
    Target("benign_week", "false_runs", NOMINAL, "at most"),
    Target("benign_week", "innocent_act"),
    Target("dense_week", "false_runs"),
    Target("dense_week", "innocent_act"),
    Target("permuted_week", "false_runs", 0.0, "at most"),
    Target("null_attack", "recall_act", 0.0, "at most"),
    Target("null_attack", "innocent_act", 0.0, "at most"),
    Target("template_400", "recall_act", 0.95),
    Target("template_400", "q_value"),
    Target("template_400", "detected_hours", 24.0, "at most"),
    Target("template_400", "served", 0.05, "at most"),
    Target("cover_90", "recall_act", 0.85),
    Target("cover_90", "q_value"),
    Target("paraphrase_40", "recall_act", 0.80),
    Target("paraphrase_40", "q_value"),
    Target("shards_leak_10", "recall_review", 0.50),
    Target("shards_leak_10", "q_value"),
    Target("twelve_slow", "recall_review", 0.50),
    Target("twelve_slow", "q_value"),
    Target("judge_loop", "recall_act", 0.90),
    Target("judge_loop", "q_value"),
    Target("release_failover", "recall_act", 0.90),
    Target("release_failover", "q_value"),
    Target("technique_search", "recall_act", 0.90),
    Target("technique_search", "q_value"),
    Target("two_operators", "merging_runs", 0.0, "at most"),
    Target("two_operators", "innocent_act", 0.0, "at most"),
    Target("hard_pair_gsm8k", "recall_review", 0.50),
    Target("hard_pair_gsm8k", "q_value"),
    Target("hard_pair_gsm8k", "innocent_act:B1", 0.0, "at most"),
    Target("hard_pair_tools", "recall_review"),
    Target("hard_pair_tools", "innocent_act:tools", 0.0, "at most"),
    Target("hydra_20000", "recall_act", 0.90),
    Target("hydra_20000", "innocent_of_act", 0.01, "at most"),
    Target("hydra_20000", "served", 0.01, "at most"),
)
"""Without a number in words: found is half of the members in the queue, spared is none at act."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A target and what was measured; None where nothing was."""

    target: Target
    what: str
    measured: Measured | None
    met: bool | None
    runs_met: int
    runs: int

    def to_json(self) -> dict[str, Any]:
        assert self.measured is not None
        return {
            "what": f"{self.target.scenario}: {self.what}",
            "bar": self.target.bar,
            "side": self.target.side,
            "measured": self.measured.value,
            "low": self.measured.low,
            "high": self.measured.high,
            "met": self.met,
            "runs_met": self.runs_met,
            "runs": self.runs,
        }


def judged(added: Sequence[Pool]) -> list[Judged]:
    """Hold each target against what was measured, in sum and run by run."""
    by_name = {pool.scenario: pool for pool in added}
    return [_judged(target, by_name.get(target.scenario)) for target in [*TARGETS, *_shown(added)]]


def _shown(added: Sequence[Pool]) -> list[Target]:
    """Return rows without a bar: of scenarios that hide several campaigns, and of those apart."""
    return [
        Target(pool.scenario, f"recall_{level}:{one.members.name}")
        for pool in added
        if len(pool.whole.hidden) > 1 or "." in pool.scenario
        for one in pool.whole.hidden
        for level in ("act", "review")
    ]


def _judged(target: Target, pool: Pool | None) -> Judged:
    what, figure = figure_of(target.figure)
    measured = None if pool is None else figure(pool)
    singles = [] if pool is None else [
        figure(one) for run in pool.runs for one in pools([Stored(pool.scenario, run)])
    ]  # fmt: skip
    known = [one for one in singles if one is not None]
    met = None if measured is None else target.met_by(measured.value)
    return Judged(
        target,
        what,
        measured,
        met,
        sum(bool(target.met_by(one.value)) for one in known),
        len(known),
    )


def figure_of(key: str) -> tuple[str, Figure]:
    """Return the words and the function of a figure, of one archetype or campaign where named."""
    name, _, part = key.partition(":")
    words, figure = FIGURES[name]
    if not part:
        return words, figure

    def of_part(pool: Pool) -> Measured | None:
        groups = [one.members for one in pool.whole.hidden] + list(pool.whole.archetypes)
        found = next((group for group in groups if group.name == part), None)
        if found is None:
            return None
        return _share(found.act if name.endswith("act") else found.flagged)

    return f"{words}, {part}", of_part


@dataclass(frozen=True, slots=True)
class Gate:
    """An exact binomial test of a count of false alarms against the nominal rate."""

    what: str
    count: int
    of: int
    p_value: float
    level: float

    @property
    def passed(self) -> bool:
        return self.p_value >= self.level


def gates(added: Sequence[Pool]) -> tuple[Gate, Gate]:
    """Test whether more is accused falsely than the nominal rate allows.

    Where nothing is hidden, the false-discovery rate is the chance of any false campaign at `act`
    in a run, and runs are independent: the first test is exact. Elsewhere it bounds the expected
    share of false ones among the campaigns at `act`; the second test takes those as independent
    and their number as given. The level is halved, one half for each. Both are tests: a single
    false alarm among ten runs passes, since code that keeps its promise gives one as often as one
    time in ten.
    """
    quiet = [pool for pool in added if not pool.whole.hidden and pool.scenario not in STRESS]
    loud = [pool for pool in added if pool.whole.hidden]
    weeks = sum(pool.false_runs.count for pool in quiet), sum(len(pool.runs) for pool in quiet)
    found = (
        sum(pool.whole.false_at_act for pool in loud),
        sum(pool.whole.campaigns_at_act for pool in loud),
    )
    return (
        _gate("runs without a harvest in which any account is at act", *weeks),
        _gate("false ones among the campaigns at act elsewhere", *found),
    )


def _gate(what: str, count: int, of: int) -> Gate:
    return Gate(what, count, of, float(binomial_upper_tail(count, of, NOMINAL)), LEVEL / 2)
