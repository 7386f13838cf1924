"""What would leave if a campaign of a scan were shared: field by field, each with its rule.

Reads `campaigns.json` and gives the plain X1 fields; nothing else of the file leaves. What stays is
listed too, with the reason, so that a person can agree to both halves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.node.bands import account_band, rate_band, volume_band
from stillwatch.sharing.node.days import iso_week

Json = Mapping[str, object]

ALLOWED: Final = {
    "tactic_ids": "tactics of a public taxonomy, at most 8 ids",
    "atlas_ids": "ATLAS techniques that the public table gives for these tactics",
    "surfaces": "a closed list of kinds of product, and the sender's choice",
    "target_capability": "one of a closed list of capabilities, and the sender's choice",
    "account_band": "a power of ten, never the number of accounts",
    "volume_band": "a power of ten, of the campaign's exchanges alone, and the sender's choice",
    "rate_band": "a power of ten, of the mean over accounts and days",
    "first_week": "an ISO week, never a day or an hour",
    "last_week": "an ISO week, never a day or an hour",
    "link_families": "kinds of link, never what the accounts share",
    "member_state": "how far the sender's own review has come",
}
"""Every field that can leave, and the rule that lets it."""

WITHHELD: Final = {
    "campaign_id": "made from the members, so whoever guesses them could confirm the guess",
    "level": "a verdict of this node's own thresholds; only the state of the review leaves",
    "q_value": "depends on all other candidates; evidence is stated as a sighting, rounded down",
    "p_coordinated": "evidence is stated as a sighting, from exchanges after a commitment",
    "p_extracting": "evidence is stated as a sighting, from exchanges after a commitment",
    "e_value": "computed on exchanges that also chose the campaign, so it is no evidence to others",
    "families": "the finer link families leave in their place",
    "tactics": "leaves as tactic_ids and atlas_ids",
    "members": "accounts are personal data; only their number leaves, as a power of ten",
    "exchanges": "an exact count; leaves as a power of ten, if the sender chooses",
    "output_tokens": "volume by customer is commercially sensitive",
    "models": "which models are asked for is commercially sensitive",
    "first_seen": "an exact time; leaves as an ISO week",
    "last_seen": "an exact time; leaves as an ISO week",
    "explanations_considered": "free text about accounts",
    "templates": "fingerprints and text; a template is shared apart, as blinded bands",
    "tests": "exact statistics of this node's traffic",
    "harvest": "exact statistics of this node's traffic, and of its other customers",
    "reference_groups": "a count of this node's other customers",
    "detected_at": "an exact time, and how well this node detects",
    "exchanges_before_detection": "an exact count, and how well this node detects",
}
"""Every field of a campaign in `campaigns.json`, and why it stays as it is."""

LINK_FAMILIES: Final = {
    "template": "template",
    "near_duplicate": "template",
    "payment": "payment",
    "email_domain": "registration",
    "sign_up_burst": "registration",
    "co_activity": "timing",
    "network": "network",
    "client": "network",
    "output_echo": "content-echo",
    "blob_replay": "blob-replay",
    "failover": "failover",
}
"""Linker of a scan to X1 link family."""

SURFACES: Final = (
    "first-party-api", "cloud-resale", "aggregator", "consumer-app", "agent-harness",
)  # fmt: skip
CAPABILITIES: Final = (
    "reasoning", "code", "agentic-tools", "math", "judging", "safety-rewrites", "multilingual",
    "general",
)  # fmt: skip
_MOST_TACTICS: Final = 8
_TACTIC: Final = re.compile(r"A([1-9]|1\d|2[0-6])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Choices:
    """What a scan cannot know, or the sender may leave out.

    Attributes:
        surfaces: Of `SURFACES`; left out when empty.
        target_capability: One of `CAPABILITIES`; left out when None.
        confirmed: Whether a person has confirmed the campaign.
        volume: Whether the volume band leaves.
    """

    surfaces: tuple[str, ...] = ()
    target_capability: str | None = None
    confirmed: bool = False
    volume: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the preview: a field, its value, and the rule that allows it or keeps it here."""

    field: str
    value: object
    rule: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Both halves of a campaign.

    Attributes:
        leaves: What would leave; values are text, or tuples of text.
        stays: What would not; the value is None, since nobody needs to see it to agree.
    """

    leaves: tuple[Row, ...]
    stays: tuple[Row, ...]

    def fields(self) -> dict[str, object]:
        """Return the X1 fields as plain JSON values."""
        return {
            row.field: list(row.value) if isinstance(row.value, tuple) else row.value
            for row in self.leaves
        }


def preview(
    content: Json,
    campaign_id: str,
    atlas: Mapping[str, Sequence[str]],
    choices: Choices = Choices(),
) -> Preview:
    """Show what of a campaign would leave; reads only, sends nothing.

    Args:
        content: `campaigns.json` as plain data.
        campaign_id: Which campaign.
        atlas: ATLAS technique ids of each tactic id, such as `{"A5": ["AML.T0065"]}`.
        choices: Of the sender.

    Raises:
        InputError: No such campaign, a file of another shape, or a choice outside its list.
        SharingRefused: No tactic of the taxonomy or no link was recognised, so there is nothing
            to say.
    """
    capability = () if choices.target_capability is None else (choices.target_capability,)
    for chosen, known in ((choices.surfaces, SURFACES), (capability, CAPABILITIES)):
        if set(chosen) - set(known):
            raise InputError("a choice is not in its list", f"choose from: {', '.join(known)}")
    campaign = _find(content, campaign_id)
    try:
        fields = _fields(campaign, atlas, choices)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(
            "the campaign is not in the shape of campaigns.json",
            "write the results again with `stillwatch scan`",
        ) from error
    if not (fields["tactic_ids"] and fields["link_families"]):
        raise SharingRefused(
            "no tactic or no kind of link was recognised: there is nothing to tell others",
            "share campaigns that show at least one of each",
            "sw.campaign.nothing_to_tell",
        )
    leaves = tuple(Row(name, fields[name], rule) for name, rule in ALLOWED.items() if fields[name])
    unknown = "not on the list of what may leave"
    stays = tuple(Row(name, None, WITHHELD.get(name, unknown)) for name in campaign)
    return Preview(leaves, stays)


def _find(content: Json, campaign_id: str) -> dict[str, object]:
    campaigns = content.get("campaigns")
    for campaign in campaigns if isinstance(campaigns, list) else []:
        if isinstance(campaign, dict) and campaign.get("campaign_id") == campaign_id:
            return campaign
    raise InputError(
        "campaigns.json holds no campaign of this id", "take an id from its `campaigns`"
    )


def _fields(
    campaign: dict[str, object], atlas: Mapping[str, Sequence[str]], choices: Choices
) -> dict[str, object]:
    members, exchanges = _list(campaign["members"]), campaign["exchanges"]
    if not (members and isinstance(exchanges, int)):
        raise TypeError
    first, last = (_time(campaign[name]) for name in ("first_seen", "last_seen"))
    days = max((last - first).total_seconds() / 86_400, 1.0)
    named = dict.fromkeys(item for item in _list(campaign["tactics"]) if isinstance(item, str))
    tactics = [tactic for tactic in named if _TACTIC.fullmatch(tactic)][:_MOST_TACTICS]
    evidence = [_dict(item) for one in members for item in _list(_dict(one)["evidence"])]
    # A detector may bear a linker's name; it links nobody.
    linkers = [item["source"] for item in evidence if item["family"] is not None]
    return {
        "tactic_ids": tuple(tactics),
        "atlas_ids": tuple(sorted({technique for t in tactics for technique in atlas.get(t, ())})),
        "surfaces": tuple(dict.fromkeys(choices.surfaces)),
        "target_capability": choices.target_capability,
        "account_band": account_band(len(members)),
        "volume_band": volume_band(exchanges) if choices.volume else None,
        "rate_band": rate_band(exchanges / len(members) / days),
        "first_week": iso_week(first.date()),
        "last_week": iso_week(last.date()),
        "link_families": tuple(
            sorted({family for linker, family in LINK_FAMILIES.items() if linker in linkers})
        ),
        "member_state": "confirmed" if choices.confirmed else "investigating",
    }


def _time(value: object) -> datetime:
    if not isinstance(value, str):
        raise TypeError
    return datetime.fromisoformat(value)


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _dict(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError
    return value
