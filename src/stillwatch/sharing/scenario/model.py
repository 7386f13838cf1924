"""The assumed world: how evidence grows at each provider, and how well clusters match.

These are assumptions, not measurements. Each member follows an e-process. On each day its logarithm
grows by b (theta + X) - b^2 / 2 with X standard normal, where b is the member's bet. Without a
campaign theta is 0 and exp of the sum is a martingale; with one theta is b times the strength of
the campaign in this run, normal around 1, so that it grows by b^2 / 2 a day on average: the growth
rate that is stated. X is shared between members in part (one release calendar, one set of public
templates): correlation 0.36 a day.

A cluster's template matches the campaign's with a similarity near 0.85, innocent templates with one
drawn from Beta(2, 10). The link e-value ranks the first among 1,999 of the second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from stillwatch.sharing.node.policy import Prevalence
from stillwatch.stats.forum import link_e

Match = Literal["same-operator", "chance", "certain"]


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What holds in every world.

    Attributes:
        days: Length of a run.
        accounts: Of the campaign, at each provider.
        exchanges_per_account_day: Of the campaign.
        notice_days: From a decision to the step that follows it.
        stopped: Share of the accounts that the step stops.
        report_days: Days between two statements of one member.
        correlation: Of two members' evidence on one day.
        strength_sd: Standard deviation over runs of the strength of the campaign around 1.
        controls: Number of innocent templates that a match is ranked among.
        link_level: Largest p-value of a match, fixed beforehand.
        campaigns: On the board, that each cluster is compared with.
    """

    days: int = 45
    accounts: int = 1000
    exchanges_per_account_day: int = 12
    notice_days: int = 3
    stopped: float = 0.9
    report_days: int = 3
    correlation: float = 0.36
    strength_sd: float = 0.2
    controls: int = 1999
    link_level: float = 1 / 2000
    campaigns: int = 20


@dataclass(frozen=True, slots=True)
class Provider:
    """One forum member.

    Attributes:
        name: For the table.
        growth: Mean growth of ln E a day where a campaign is; 0 for one whose logs say nothing.
        committed: Day of its commitment; None where it fixes no cluster by itself.
        attacked: Whether the cluster is the campaign's; else it is innocent.
        lies: Whether it states the largest value whatever it sees.
    """

    name: str
    growth: float
    committed: int | None
    attacked: bool = True
    lies: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """Who is attacked, who lies, and what links the clusters.

    Attributes:
        providers: The members.
        match: How clusters match the campaign on the board.
        link_family: X1 family of the link.
        prevalence: Of the template, where that is the link.
        eager: Whether members state their evidence from the start, decided or not: the most
            chances for a false alarm.
    """

    providers: tuple[Provider, ...]
    match: Match = "same-operator"
    link_family: str = "template"
    prevalence: Prevalence | None = "rare"
    eager: bool = False


_INNOCENT: Final = (
    Provider("B", 0.65, 5, attacked=False),
    Provider("C", 0.15, 8, attacked=False),
)

WORLDS: Final = {
    "campaign": World((Provider("A", 0.65, 5), Provider("B", 0.15, 8), Provider("C", 0.0, None))),
    "no campaign": World(
        (Provider("A", 0.65, 5, attacked=False), *_INNOCENT), match="chance", eager=True
    ),
    "liar": World(
        (Provider("A", 0.0, 5, attacked=False, lies=True), *_INNOCENT),
        match="certain",
        link_family="payment",
        eager=True,
    ),
    "liar, popular template": World(
        (Provider("A", 0.0, 5, attacked=False, lies=True), *_INNOCENT), match="chance", eager=True
    ),
    "shared proxy": World(
        (Provider("A", 0.65, 5), *_INNOCENT), match="certain", link_family="network"
    ),
    "shared proxy, taken for an operator": World(
        (Provider("A", 0.65, 5), *_INNOCENT), match="certain", link_family="payment"
    ),
}
"""The last one breaks the assumption of the link on purpose: what the rule on families prevents."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What chance decides in one run.

    Attributes:
        growth: Increments of ln E, shape (days + 1, members).
        links: L of each member's cluster to the campaign, shape (members,).
    """

    growth: NDArray[np.float64]
    links: tuple[float, ...]


def draw(world: World, assumed: Assumptions, seed: int) -> Draw:
    """Draw one run; the same seed gives the same run."""
    rng = np.random.default_rng(seed)
    shape = (assumed.days + 1, len(world.providers))
    shared = rng.standard_normal((shape[0], 1)) * math.sqrt(assumed.correlation)
    x = shared + rng.standard_normal(shape) * math.sqrt(1 - assumed.correlation)
    strength = 1 + assumed.strength_sd * rng.standard_normal()
    bets = np.array([math.sqrt(2 * provider.growth) for provider in world.providers])
    theta = np.array([strength * provider.attacked for provider in world.providers]) * bets
    links = tuple(_link(world.match, assumed, rng) for _ in world.providers)
    return Draw(bets * (theta + x) - bets**2 / 2, links)


def _link(match: Match, assumed: Assumptions, rng: np.random.Generator) -> float:
    controls = rng.beta(2, 10, assumed.controls)
    score = {
        "same-operator": rng.normal(0.85, 0.035),
        "chance": rng.beta(2, 10),
        "certain": 1.0,
    }[match]
    return link_e(score, controls, assumed.link_level, assumed.campaigns)
