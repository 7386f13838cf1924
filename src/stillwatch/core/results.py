"""What a scan concludes: campaigns, their members, the evidence and the doubts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from stillwatch.core.records import Family, Level


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason why one account belongs to a campaign, of the account's own.

    Attributes:
        source: Name of the linker or detector.
        family: Evidence family of a linker; None for a detector.
        p_value: How often accounts outside the campaign show as much, in (0, 1].
        why: One sentence, readable by the person accused.
    """

    source: str
    family: Family | None
    p_value: float
    why: str


@dataclass(frozen=True, slots=True)
class Member:
    """An account of a campaign. Times are UTC microseconds since 1970."""

    account_id: str
    level: Level
    p_value: float
    evidence: tuple[Evidence, ...]
    exchanges: int
    output_tokens: int
    first_us: int
    last_us: int
    detected_us: int | None = None
    exchanges_before_detection: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """An innocent explanation that was considered (B1 to B18 of the taxonomy)."""

    id: str
    verdict: Literal["explains", "does_not_explain", "cannot_tell"]
    why: str


@dataclass(frozen=True, slots=True)
class Template:
    """A fingerprint shared by members; `prevalence` is its share among all other accounts."""

    fingerprint: str
    accounts: int
    prevalence: float
    text: str | None = None


@dataclass(frozen=True, slots=True)
class FamilyTest:
    """The coordination test of one evidence family for one candidate.

    Attributes:
        family: The family tested.
        role: `found` when the family proposed the candidate (it then proves nothing), or `tested`.
        statistic: Rarity-weighted sharing inside the candidate, beyond what parties with as many
            keys share by chance, in units of its spread; may be negative.
        expected: Mean of the statistic over draws under the null.
        p_value: None for the family that found the candidate, and where it abstains.
        e_value: Calibrated from the p-value; None with it.
        draws: Number of permutation draws made.
    """

    family: Family
    role: Literal["found", "tested", "abstained"]
    statistic: float
    expected: float
    p_value: float | None
    e_value: float | None
    draws: int


@dataclass(frozen=True, slots=True)
class HarvestMeasure:
    """One harvest behaviour of a candidate beside the benign groups it is ranked among."""

    detector: str
    value: float
    reference_median: float
    reference_q95: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Spoke:
    """One drawn edge of the link graph: an account on a shared key."""

    linker: str
    family: Family
    key: str
    account_id: str
    uses: int


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a time line."""

    start_us: int
    exchanges: int
    accounts: int


@dataclass(frozen=True, slots=True)
class Campaign:
    """A group of accounts that is coordinated and extracting, with its error rates."""

    campaign_id: str
    level: Level
    q_value: float
    p_coordinated: float
    p_extracting: float
    e_value: float
    families: tuple[Family, ...]
    tactics: tuple[str, ...]
    members: tuple[Member, ...]
    exchanges: int
    output_tokens: int
    models: tuple[str, ...]
    first_us: int
    last_us: int
    explanations: tuple[Explanation, ...]
    templates: tuple[Template, ...]
    tests: tuple[FamilyTest, ...] = ()
    harvest: tuple[HarvestMeasure, ...] = ()
    spokes: tuple[Spoke, ...] = ()
    timeline: tuple[Bin, ...] = ()
    reference_groups: int = 0
    detected_us: int | None = None
    exchanges_before_detection: int | None = None


@dataclass(frozen=True, slots=True)
class InputSummary:
    """What was read. exchanges + rejected + duplicates = rows in."""

    exchanges: int
    accounts: int
    from_us: int | None
    to_us: int | None
    rejected: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Abstention:
    """A unit that could not speak, and what it missed."""

    unit: str
    reason: str


@dataclass(frozen=True, slots=True)
class Results:
    """Everything a scan found, before it is written down."""

    engine: str
    fdr: float
    fdr_rule: str
    selection: str
    calibration: str
    inputs: InputSummary
    abstained: tuple[Abstention, ...]
    campaigns: tuple[Campaign, ...]
    candidates_tested: int
    partial: tuple[str, ...] = field(default=())
    timeline: tuple[Bin, ...] = ()
