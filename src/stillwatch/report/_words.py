"""The sentences of the report: what was found, how sure it is, what to do, what stays unseen."""

from __future__ import annotations

from typing import Final

from stillwatch.core.records import Family
from stillwatch.core.results import Campaign, Explanation, FamilyTest, Results
from stillwatch.core.wording import plural
from stillwatch.report._format import count, equation, listing, number, percent, span

LOOK_ALIKES: Final = {
    "B1": "Nightly evaluation or regression suite",
    "B2": "Public benchmark on release day",
    "B3": "Academic or safety research",
    "B4": "Synthetic data for one's own narrow model",
    "B5": "Labelling vendor or judge pipeline",
    "B6": "Enterprise agent fleet",
    "B7": "Continuous integration on ephemeral runners",
    "B8": "Gateway, aggregator or privacy proxy",
    "B9": "Shared network: university, company, carrier or VPN",
    "B10": "Popular open-source agent or app template",
    "B11": "Classroom, hackathon or bootcamp",
    "B12": "Explainability, audit, “show your reasoning”",
    "B13": "Retrieval backfill or move to a new key",
    "B14": "Translators and multilingual users",
    "B15": "Failover router over several providers",
    "B16": "Red team or approved security staff",
    "B17": "Model comparison or provider verification",
    "B18": "Memory and summary features quoting earlier output",
}
TACTICS: Final = {
    "A1": "Hydra cluster behind a transfer station",
    "A2": "Mixing with real customers",
    "A3": "Load balancing over accounts",
    "A4": "Low, slow and wide",
    "A5": "Fixed prompt that asks for written reasoning",
    "A6": "Reasoning asked for behind a finished answer",
    "A7": "Debug-mode framing",
    "A8": "Fake system prompt in a user turn",
    "A9": "Translation or script laundering",
    "A10": "Technique search",
    "A11": "Replay of sealed reasoning elsewhere",
    "A12": "Trace inversion from answers and summaries",
    "A13": "Use as judge, grader or reward model",
    "A14": "Censorship-safe rewrites",
    "A15": "Trace cleaning: output fed back",
    "A16": "Silent rerouting of a product's own users",
    "A17": "Replay of agent trajectories",
    "A18": "Release-day retarget",
    "A19": "Automated failover after a block",
    "A20": "Probing for countermeasures",
    "A21": "Bought transcripts or a reseller that logs",
    "A22": "Shell company reselling rivals' models",
    "A23": "Stolen keys or cards, trial farming",
    "A24": "Safeguard arbitrage between models",
    "A25": "Split over several clouds",
    "A26": "Stripped metadata",
}
FAMILY_WORDS: Final[dict[Family, str]] = {
    "content": "what was asked and answered",
    "identity": "who pays and signed up",
    "network": "where the requests came from",
    "timing": "when the accounts were active",
}
VERDICTS: Final = {
    "explains": "explains it",
    "cannot_tell": "cannot be told from this input",
    "does_not_explain": "does not explain it",
}
ROLES: Final = {
    "found": "proposed the group; proves nothing",
    "tested": "tested",
    "abstained": "abstained",
}
LEVELS: Final = {"act": "act", "review": "review", "none": "no level"}


def headline(results: Results) -> str:
    """Say in one line how many campaigns were found, and at which level."""
    act = sum(campaign.level == "act" for campaign in results.campaigns)
    review = len(results.campaigns) - act
    if not results.campaigns:
        return "No campaign found"
    parts = [f"{plural(act, 'campaign')} to act on"] if act else []
    parts += [f"{plural(review, 'campaign')} to review"] if review else []
    return listing(parts)


def error_rate(results: Results) -> str:
    """Say what the false-discovery rate promises, and what it does not."""
    return (
        f"Of the campaigns at level “act”, at most {percent(results.fdr)} is expected to be false "
        f"discoveries, averaged over repeated scans (rule: {results.fdr_rule}). The level "
        "“review” is an ordered queue for an analyst and carries no such promise. A single "
        "campaign can be a mistake; the rate says how often, not which."
    )


def empty_meaning(results: Results) -> tuple[str, str]:
    """Say what an empty list means and what it does not mean."""
    if results.inputs.exchanges == 0:
        return (
            "No exchange could be read, so nothing was tested.",
            "It says nothing about the traffic. Check the input with `stillwatch validate`.",
        )
    if results.candidates_tested == 0:
        meaning = (
            "No group of accounts shared anything rare enough to be proposed as a candidate, "
            "so there was nothing to test."
        )
    else:
        meaning = (
            f"{plural(results.candidates_tested, 'candidate group was', 'candidate groups were')} "
            "tested. None was both coordinated and extracting beyond what chance allows at the "
            f"chosen rate of {percent(results.fdr)}."
        )
    return (
        meaning,
        "Somebody may harvest all the same: a campaign may be too small, too short or too "
        "well mixed to stand out in this input, may use a tactic that leaves no trace in traffic, "
        "or may show only in a column that the input lacks.",
    )


def verdict(campaign: Campaign) -> str:
    """Say in two sentences what the campaign is and how unlikely that is by chance."""
    tested = listing([test.family for test in campaign.tests if test.role == "tested"])
    period = span(campaign.first_us, campaign.last_us)
    return (
        f"{plural(len(campaign.members), 'account')} sent {plural(campaign.exchanges, 'exchange')} "
        f"over {period}. They share more than chance allows in evidence that did not propose the "
        f"group{f' ({tested})' * bool(tested)}, {equation('p', campaign.p_coordinated)}. Their "
        "behaviour is that of a harvest rather than of the benign reference, "
        f"{equation('p', campaign.p_extracting)}."
    )


def level_meaning(campaign: Campaign) -> str:
    """Say what the level of a campaign allows."""
    if campaign.level == "act":
        return (
            "Level act: both nulls fell, the false-discovery rate over all such campaigns is "
            "controlled, no innocent explanation that was checked accounts for it, and every "
            "member listed as “act” has two kinds of evidence of its own."
        )
    return (
        "Level review: worth an analyst's time. The evidence is not strong enough to act on, and "
        "no error rate is promised for it."
    )


def null_coordinated(campaign: Campaign) -> str:
    """State the first null, its p-value and who randomised what."""
    draws = max((test.draws for test in campaign.tests), default=0)
    drawn = f"It drew up to {count(draws)} random groups" if draws else "It draws random groups"
    return (
        "Null: the members share no more than a random group of as many accounts from the same "
        "strata would (such as plan, verification and activity). Only families that did not "
        f"propose the group are tested. Randomised by: stillwatch. {drawn}; each "
        "party was as likely as any other of its stratum. "
        f"Result: {equation('p', campaign.p_coordinated)}."
    )


def null_extracting(campaign: Campaign) -> str:
    """State the second null, its p-value and who randomised what."""
    groups = campaign.reference_groups
    reference = f"the {count(groups)} units of the benign reference" * bool(groups)
    return (
        "Null: a member picked blindly behaves like the benign reference, so that its harvest "
        f"measures would rank anywhere among {reference or 'it'}. Randomised by: nature. Nobody "
        "drew lots, so the p-value holds as far as these members, were they benign, would be "
        f"exchangeable with that reference. Result: {equation('p', campaign.p_extracting)}."
    )


def both_nulls(campaign: Campaign) -> str:
    """Say how the two nulls are joined."""
    return (
        "Both nulls have to fall: an agent fleet is coordinated and does not extract, an "
        "evaluation run extracts and does not hide. "
        f"{equation('q', campaign.q_value)} "
        "is the lowest false-discovery rate at which this campaign would still be listed. The "
        f"e-value {number(campaign.e_value)} belongs to the weaker of the two: a bet of 1 against "
        "that null has paid this much, and pays at most 1 on average where the null is true. "
        "e-values of several scans may be averaged."
    )


def explained(campaign: Campaign) -> str:
    """Name the innocent explanations that hold, or else how many stay open."""
    holding = [item.id for item in campaign.explanations if item.verdict == "explains"]
    if holding:
        return f"{' '.join(holding)} {'holds' if len(holding) == 1 else 'hold'}"
    return f"{sum(item.verdict == 'cannot_tell' for item in campaign.explanations)} open"


def ordered_explanations(campaign: Campaign) -> list[Explanation]:
    """Put first what explains the group, then what stays open."""
    return sorted(campaign.explanations, key=lambda item: list(VERDICTS).index(item.verdict))


def role(test: FamilyTest) -> str:
    """Say what part a family played for one candidate."""
    return ROLES[test.role]


def next_steps(campaign: Campaign) -> tuple[str, ...]:
    """List the triage steps for a campaign of this level."""
    doubtful = [
        f"{item.id} ({LOOK_ALIKES[item.id]})" if item.id in LOOK_ALIKES else item.id
        for item in ordered_explanations(campaign)
        if item.verdict != "does_not_explain"
    ]
    doubt = (
        f"Settle the explanations that remain open first: {listing(doubtful)}."
        if doubtful
        else "Look for an innocent explanation outside this list, such as an agreed programme."
    )
    if campaign.level == "act":
        return (
            "Read the evidence of ten members from different parts of the member table; check it "
            "against the raw exchanges, where you still have them.",
            doubt,
            "Check the members against your exemptions: research, evaluation, labelling, "
            "registered integrators.",
            "Begin with a reversible step that expires, such as throttling or a request to verify "
            "identity, for members at level act only. Leave members at level review as they are.",
            "A person decides, writes down why, and tells the customer the reason in words the "
            "customer can check. Suspension always needs a person.",
            "Offer an appeal that a person answers and that no detector judges.",
            "Scan again after the step: a campaign that fails over to new accounts (A19) shows "
            "within the next scans.",
        )
    return (
        "Do not act on this campaign alone.",
        doubt,
        "Read the family table below: a family that abstained could not be tested. The section on "
        "how this scan was made names the columns that would let more of them speak.",
        "Scan a longer period, or calibrate on your own history, and see whether the group stays.",
        "Should you act after all, a person decides, records the grounds and offers an appeal.",
    )


BLIND_SPOTS: Final = (
    (
        "A12",
        "Reasoning rebuilt from ordinary answers and summaries leaves no trace in traffic. No scan "
        "of logs can see it.",
    ),
    (
        "A21",
        "Transcripts that were bought, or logged by a reseller, never reach your API under the "
        "buyer's name. That is a question for attribution, not for detection.",
    ),
    (
        "A22",
        "Who owns a company that resells access is not in the traffic.",
    ),
    (
        "A24 and A25",
        "A campaign split over models, clouds or firms is seen only as far as their logs are part "
        "of the input.",
    ),
    (
        "One account alone",
        "Coordination is a property of groups. A single account that harvests can rank high in "
        "accounts.parquet and is never a campaign.",
    ),
    (
        "Nothing shared",
        "Accounts that share no prompt, payment, network or rhythm are never proposed as a group.",
    ),
)
