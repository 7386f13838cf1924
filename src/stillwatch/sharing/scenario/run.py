"""One run of the scenario, day by day, by the rules that a node follows.

Commitment, statement, link, support and policy are the functions of the node and of `stats`, so
what comes out is what they do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from stillwatch.sharing.node.evidence import may_count
from stillwatch.sharing.node.policy import (
    REVERSIBLE_AT,
    BoardState,
    Reason,
    Standing,
    Step,
    decide,
)
from stillwatch.sharing.scenario.model import Assumptions, Draw, Provider, World
from stillwatch.stats.forum import E_LOG2_MAX, at_least, counted, e_log2, support

_ACTS: Final = {Step.REVERSIBLE, Step.IRREVERSIBLE_AFTER_REVIEW}


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one member's cluster.

    Attributes:
        detected: Day on which the member decided on a step; None if it never did.
        effective: Day from which the step worked; None with it.
        leaked: Exchanges of the campaign that were answered, or of innocents in the same place.
        irreversible: Whether the policy ever offered a step that cannot be undone.
        through_others: Whether the step rested on what other members stated.
    """

    detected: int | None
    effective: int | None
    leaked: float
    irreversible: bool
    through_others: bool


@dataclass(frozen=True, slots=True)
class Run:
    """What became of all clusters, in the order of the members, liars included."""

    fates: tuple[Fate, ...]
    corroborated: bool


@dataclass(slots=True)
class _Member:
    provider: Provider
    link: float
    log_e: float = 0.0
    linked: bool = False
    detected: int | None = None
    through_others: bool = False
    irreversible: bool = False
    statements: list[tuple[int, float]] = field(default_factory=list)

    def own_e(self) -> float:
        """Return E; a member that fixed no cluster has none to speak of."""
        return 0.0 if self.provider.committed is None else math.exp(min(self.log_e, 700.0))

    def stated(self, day: int) -> float:
        """Return what others can see on a day: what was stated before it, NaN for silence."""
        return next((value for at, value in reversed(self.statements) if at < day), math.nan)


def together(world: World, assumed: Assumptions, drawn: Draw) -> Run:
    """Run the members of a forum: each sees on the next day what the others stated."""
    members = [_Member(*pair) for pair in zip(world.providers, drawn.links, strict=True)]
    corroborated = False
    for day in range(assumed.days + 1):
        on_board = [member.stated(day) for member in members]
        now = float(at_least(on_board, 2)) >= REVERSIBLE_AT
        corroborated |= now
        for place, member in enumerate(members):
            _grow(member, day, float(drawn.growth[day, place]), assumed)
            if not member.provider.lies:
                others = on_board[:place] + on_board[place + 1 :]
                _judge(member, world, others, "corroborated" if now else "single-source", day)
            _state(member, world, day, assumed)
    return Run(tuple(_fate(member, assumed) for member in members), corroborated)


def alone(world: World, assumed: Assumptions, drawn: Draw) -> Run:
    """Run the same members without a forum: each acts on its own E, which it need not halve."""
    members = [_Member(provider, 0.0) for provider in world.providers]
    for day in range(assumed.days + 1):
        for place, member in enumerate(members):
            _grow(member, day, float(drawn.growth[day, place]), assumed)
            if member.detected is None and member.own_e() >= REVERSIBLE_AT:
                member.detected = day
    return Run(tuple(_fate(member, assumed) for member in members), corroborated=False)


def _grow(member: _Member, day: int, growth: float, assumed: Assumptions) -> None:
    """Count a day's exchanges, if they came after the commitment and before the step."""
    committed = member.provider.committed
    stopped = member.detected is not None and day > member.detected + assumed.notice_days
    if committed is not None and may_count(committed, day) and not stopped:
        member.log_e += growth


def _judge(member: _Member, world: World, others: list[float], board: BoardState, day: int) -> None:
    member.linked |= any(value > 0 for value in others)
    v = support(member.link if member.linked else 0.0, others)
    standing = Standing(member.own_e(), v, world.link_family, board, world.prevalence)
    verdict = decide(standing)
    member.irreversible |= verdict.step is Step.IRREVERSIBLE_AFTER_REVIEW
    if member.detected is None and verdict.step in _ACTS:
        member.detected = day
        member.through_others = verdict.reason in {Reason.WITH_OTHERS, Reason.CORROBORATED}


def _state(member: _Member, world: World, day: int, assumed: Assumptions) -> None:
    """State evidence on the day of the decision, and every few days after."""
    started = member.detected
    if (world.eager or member.provider.lies) and member.provider.committed is not None:
        started = member.provider.committed
    last = member.statements[-1][0] if member.statements else -assumed.report_days
    if started is not None and day >= max(started, last + assumed.report_days):
        stated = E_LOG2_MAX if member.provider.lies else e_log2(member.own_e())
        member.statements.append((day, counted(stated)))


def _fate(member: _Member, assumed: Assumptions) -> Fate:
    daily = assumed.accounts * assumed.exchanges_per_account_day
    effective, full = None, assumed.days
    if member.detected is not None:
        effective = member.detected + assumed.notice_days
        full = min(effective, assumed.days)
    leaked = daily * (full + (1 - assumed.stopped) * (assumed.days - full))
    return Fate(member.detected, effective, leaked, member.irreversible, member.through_others)
