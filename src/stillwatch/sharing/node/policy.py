"""What a node does by default with a shared campaign; pure, and its outcome never leaves the node.

A member decides alone. Nothing here is a field of any object: no member can ask another to act.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from stillwatch.stats.forum import Support, own_question

BoardState = Literal["single-source", "corroborated", "disputed", "expired"]
Prevalence = Literal["rare", "uncommon", "common"]

REVERSIBLE_AT: Final = 20.0
"""T for a step that is disclosed and can be undone: reached by chance once in 20."""
IRREVERSIBLE_AT: Final = 100.0
"""E or T for a step that cannot be undone, after a person has looked."""

SAME_OPERATOR: Final = frozenset({"template", "payment", "blob-replay", "canary"})
"""Link families for which a link plausibly implies one operator; a template must be rare too.
Addresses, resellers and proxies carry innocents, and so do registration, timing and failover."""

_NONE: Final = Support(0.0, 0.0)


class Step(StrEnum):
    """What is done, from least to most; the order of the members is the order of force."""

    IGNORE = "ignore"
    INVESTIGATE = "investigate"
    REVERSIBLE = "reversible"
    IRREVERSIBLE_AFTER_REVIEW = "irreversible-after-human-review"


class Reason(StrEnum):
    """Why; one for every way through the policy."""

    WARNING_LISTED = "warning-listed"
    FLOOD_QUARANTINE = "flood-quarantine"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    TOO_LITTLE = "too-little-evidence"
    LINK_CARRIES_INNOCENTS = "link-carries-innocents"
    OWN_EVIDENCE = "own-evidence"
    WITH_OTHERS = "with-others-evidence"
    CORROBORATED = "corroborated"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a node knows of one cluster of its own and one campaign of the board.

    Attributes:
        own_e: E of the cluster, from exchanges after the commitment.
        support: V in both forms, from `stats.forum.support`.
        link_family: Family of the link between cluster and campaign (X1 `link_families`).
        prevalence: Of the template, where that is the link.
        board_state: What the board says of the campaign.
        barred: Why nothing is to rest on the campaign or its tags; None where nothing bars it.
    """

    own_e: float
    support: Support
    link_family: str
    board_state: BoardState
    prevalence: Prevalence | None = None
    barred: Reason | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A step, its reason, and the evidence it rests on: what the ledger keeps."""

    step: Step
    reason: Reason
    own_e: float
    total_e: float


def carries(link_family: str, prevalence: Prevalence | None) -> bool:
    """Say whether others' evidence may pass over a link: whether it implies one operator."""
    if link_family == "template" and prevalence != "rare":
        return False
    return link_family in SAME_OPERATOR


def decide(standing: Standing) -> Verdict:
    """Return the default step.

    What is barred, or linked only by what innocents share, adds no evidence; a member's own
    evidence stands by itself. One contributor could be lying, so nothing irreversible rests on
    evidence that a single liar could have made, nor on anything but `corroborated`; and a person
    looks first in any case.
    """
    barred = standing.barred or (Reason.EXPIRED if standing.board_state == "expired" else None)
    passes = carries(standing.link_family, standing.prevalence) and barred is None
    v = standing.support if passes else _NONE
    total, despite_liar = (
        float(own_question(standing.own_e, value)) for value in (v.value, v.despite_liar)
    )
    corroborated = passes and standing.board_state == "corroborated"
    if standing.own_e >= IRREVERSIBLE_AT:
        step, reason = Step.IRREVERSIBLE_AFTER_REVIEW, Reason.OWN_EVIDENCE
    elif corroborated and despite_liar >= IRREVERSIBLE_AT:
        step, reason = Step.IRREVERSIBLE_AFTER_REVIEW, Reason.CORROBORATED
    elif total >= REVERSIBLE_AT:
        alone = float(own_question(standing.own_e, 0.0)) >= REVERSIBLE_AT
        step, reason = Step.REVERSIBLE, Reason.OWN_EVIDENCE if alone else Reason.WITH_OTHERS
    elif barred is not None:
        step, reason = Step.IGNORE, barred
    else:
        step = Step.INVESTIGATE
        reason = Reason.TOO_LITTLE if passes else Reason.LINK_CARRIES_INNOCENTS
    return Verdict(step, reason, standing.own_e, total)
