"""Innocent explanations of a group, each considered and answered.

An explanation that holds lowers a campaign to `review`; none can raise anything. Where the logs
cannot answer, that is said, and a person has to ask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from stillwatch.core.records import Family
from stillwatch.core.results import Explanation

Verdict = Literal["explains", "does_not_explain", "cannot_tell"]

NEARLY_ALL: Final = 0.8
"""What covers more than this share of a group is said to cover it."""

FAILING: Final = 0.03
"""Share of exchanges that fail on our side where failing over is what they are about: a few times
what fails anyway."""


@dataclass(frozen=True, slots=True)
class Group:
    """What the explanations look at: pooled over the members.

    Attributes:
        parties: Number of members (organisations or accounts).
        families: Families in which the group shares more than chance.
        exchanges: Total exchanges.
        repeated: Share of exchanges whose payload repeats an earlier one of the same member.
        elicitation, grading, echo: Shares of exchanges.
        end_users: Share of exchanges that carry an end user's id.
        worded: Median times that a member asks for material in a wording that others use for it.
        short_lived: Share of members that began after the first day and lived three days at most.
        median_exchanges: Median exchanges a member.
        prefixes: Number of network prefixes or addresses that cover half of the members; NaN when
            nothing is known of the network.
        one_payer: Share of the members that hold the most common payment instrument; NaN when
            nothing is known of identity.
        one_place: Share of the members on the most common address or prefix; NaN likewise.
        template_users: Users of the group's most shared template, inside and outside.
        corroborated: Share of members with links of a second family.
        blocked, failed: Exchanges answered 403, and 5xx.
    """

    parties: int
    families: frozenset[Family]
    exchanges: float
    repeated: float
    elicitation: float
    grading: float
    echo: float
    end_users: float
    worded: float
    short_lived: float
    median_exchanges: float
    prefixes: float
    one_payer: float
    one_place: float
    template_users: int
    corroborated: float
    blocked: float
    failed: float


def _one_customer(g: Group) -> tuple[bool | None, str]:
    if np.isnan(g.one_payer):
        return None, "whether the members are one customer is not in the logs"
    return (
        g.one_payer > NEARLY_ALL,
        f"{g.one_payer:.0%} of the members hold one payment instrument",
    )


def _evaluation(g: Group) -> tuple[bool, str]:
    return g.repeated > 0.6, f"{g.repeated:.0%} of the prompts repeat earlier ones"


def _labelling(g: Group) -> tuple[bool, str]:
    return (
        g.grading > 0.3 and g.echo < 0.05 and g.elicitation < 0.2,
        f"{g.grading:.0%} of the prompts grade texts and {g.echo:.0%} of them hold answers "
        "given to other customers",
    )


def _gateway(g: Group) -> tuple[bool, str]:
    return g.end_users > 0.5, f"{g.end_users:.0%} of the exchanges name an end user"


def _shared_address(g: Group) -> tuple[bool, str]:
    if g.one_place > NEARLY_ALL:
        return True, f"one address or prefix covers {g.one_place:.0%} of the members"
    return (
        g.families <= {"network", "timing"},
        "they share more than an address: " + ", ".join(sorted(g.families)),
    )


def _popular_template(g: Group) -> tuple[bool, str]:
    return (
        g.corroborated < 0.2,
        f"{g.template_users} accounts use the template and {g.corroborated:.0%} of the members "
        "share something else as well",
    )


def _classroom(g: Group) -> tuple[bool, str]:
    return (
        g.short_lived > 0.7 and g.median_exchanges <= 40 and not g.prefixes > 3,
        f"{g.short_lived:.0%} of the members are new and short-lived, with a median of "
        f"{g.median_exchanges:.0f} exchanges",
    )


def _show_your_work(g: Group) -> tuple[bool, str]:
    return (
        0.05 < g.elicitation < 0.2 and g.grading < 0.2 and g.echo < 0.05 and g.worded < 2,
        f"{g.elicitation:.0%} of the prompts ask for the model's own reasoning, the median member "
        f"{g.worded:.0f} times in a wording that others use for it",
    )


def _router(g: Group) -> tuple[bool, str]:
    return (
        g.families == {"content", "timing"} and g.failed > max(g.blocked, FAILING * g.exchanges),
        f"{g.blocked:.0f} exchanges were blocked and {g.failed:.0f} failed on our side",
    )


def _own_memory(g: Group) -> tuple[bool, str]:
    return False, f"{g.echo:.0%} of the prompts hold answers given to others, not to themselves"


_CHECKS: Final[dict[str, Callable[[Group], tuple[bool | None, str]]]] = {
    "B1": _evaluation,
    "B5": _labelling,
    "B6": _one_customer,
    "B8": _gateway,
    "B9": _shared_address,
    "B10": _popular_template,
    "B11": _classroom,
    "B12": _show_your_work,
    "B15": _router,
    "B18": _own_memory,
}
_UNKNOWABLE: Final = {
    "B3": "whether this is declared research is not in the logs",
    "B4": "whether the customer trains a narrow model of its own is not in the logs",
    "B16": "whether this is an approved red team is not in the logs",
}


def consider(group: Group) -> tuple[Explanation, ...]:
    """Answer every innocent explanation that is known, in the order of its number."""
    answers = [Explanation(name, "cannot_tell", why) for name, why in _UNKNOWABLE.items()]
    for name, check in _CHECKS.items():
        holds, why = check(group)
        verdict: Verdict = (
            "cannot_tell" if holds is None else "explains" if holds else "does_not_explain"
        )
        answers.append(Explanation(name, verdict, why))
    return tuple(sorted(answers, key=lambda answer: int(answer.id[1:])))


def share(part: float, whole: float) -> float:
    """Return part / whole, 0 when there is nothing."""
    return float(part / whole) if whole else 0.0


def median(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Return the median, 0 of nothing."""
    return float(np.median(values)) if values.size else 0.0
