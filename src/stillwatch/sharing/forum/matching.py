"""Own identifiers against what others share, and what the default policy makes of it.

A match stays at home: the board hands out whole epochs, the key holder sees blinded elements.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast
from uuid import UUID

import orjson

from stillwatch.sharing.forum import outbox
from stillwatch.sharing.forum.looking_up import tag_keys
from stillwatch.sharing.forum.node import Node
from stillwatch.sharing.forum.pulling import mirror_of
from stillwatch.sharing.forum.standing import NULL, statement_of
from stillwatch.sharing.governance.gate import fields_of
from stillwatch.sharing.node import barred, decisions
from stillwatch.sharing.node.barred import FloodLimits
from stillwatch.sharing.node.evidence import own_e
from stillwatch.sharing.node.policy import BoardState, Standing, Verdict, decide
from stillwatch.sharing.node.received import in_view, why_gone
from stillwatch.sharing.node.statements import Statement, stated_values
from stillwatch.sharing.private.framing import Purpose
from stillwatch.sharing.private.id_types import Epoch, IdType
from stillwatch.sharing.private.identifiers import Identifier
from stillwatch.sharing.private.mirror import Hit
from stillwatch.sharing.private.records import TagKey
from stillwatch.sharing.stix.extensions import Extension
from stillwatch.stats.forum import link_e, support

FAMILY: Final = {
    IdType.PAY_REF: "payment",
    IdType.EMAIL: "registration",
    IdType.EMAIL_ALIAS: "registration",
    IdType.PHONE: "registration",
    IdType.DEVICE_KEY: "registration",
    IdType.ORG_REG: "registration",
    IdType.IP4: "network",
    IdType.IP6_64: "network",
    IdType.BLOB: "blob-replay",
    IdType.CANARY: "canary",
    IdType.TEMPLATE_BAND: "template",
}
"""What kind of link (X1 `link_families`) an equal identifier of a type is."""

GROUPS: Final = 199
"""Groups of ordinary customers that a cluster is ranked among."""
THRESHOLD: Final = 1 / (1 + GROUPS)

_LIMITS: Final = FloodLimits()

Identifiers = Mapping[IdType, Sequence[Identifier]]


@dataclass(frozen=True, slots=True)
class Match:
    """One family of links between this node's cluster and one campaign of the forum.

    Attributes:
        campaign: Id of the campaign object.
        family: Kind of link.
        hits: How many of the cluster's identifiers hit it.
        of: How many were looked up.
        link: L, an e-value for "the cluster matches as ordinary customers do"; 0 without controls.
        verdict: Of the default policy, which never leaves this node.
        decision: Name of the decision in this node's ledger.
    """

    campaign: str
    family: str
    hits: int
    of: int
    link: float
    verdict: Verdict
    decision: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster of this node that is compared.

    Attributes:
        name: What this node calls it; never leaves.
        identifiers: Of its accounts.
        controls: Of ordinary customers; without them no link counts.
        active_accounts: How many accounts this node has seen of late; flood quarantine needs it.
        commitment: Number of the commitment whose evidence counts; None counts none.
        limits: When a tag matches too much.
    """

    name: str
    identifiers: Identifiers
    controls: Identifiers = field(default_factory=dict)
    active_accounts: int = 10_000
    commitment: int | None = None
    limits: FloodLimits = _LIMITS


async def match(node: Node, cluster: Cluster) -> list[Match]:
    """Compare a cluster with every campaign in view; keep what is decided in the node's ledger.

    Raises:
        ProtocolAlarm: Proof or log of the key holder do not hold.
        SharingRefused: The key holder refused, or a decision would rest on what is under review.
        ExternalError: Key holder or disk failed.
    """
    found = await _hits(node, cluster.identifiers, Purpose.SUSPECTED_CLUSTER)
    campaigns = _others_campaigns(node)
    benign = await _hits(node, cluster.controls, Purpose.CONTROL)
    matches = []
    for (campaign, id_type), hits in sorted(
        found.items(), key=lambda kv: (kv[0][0], kv[0][1].code)
    ):
        if campaign in campaigns:
            score, of = len({one.query for one in hits}), len(cluster.identifiers[id_type])
            controls = cluster.controls.get(id_type, ())
            known = {one.query for one in benign.get((campaign, id_type), ())}
            link = _link(score, of, len(controls), known, len(campaigns))
            state = campaigns[campaign]
            matches.append(_decided(node, cluster, campaign, id_type, hits, (link, of), state))
    return matches


async def _hits(
    node: Node, identifiers: Identifiers, purpose: Purpose
) -> dict[tuple[str, IdType], list[Hit]]:
    keys: Mapping[Epoch, Sequence[TagKey]] = await tag_keys(node, identifiers, purpose)
    found: defaultdict[tuple[str, IdType], list[Hit]] = defaultdict(list)
    for epoch, ones in keys.items():
        for hit in mirror_of(node).search(epoch, ones, node.clock()).hits:
            campaign = f"campaign--{UUID(bytes=hit.record.campaign)}"
            found[campaign, epoch.id_type].append(hit)
    return found


def _others_campaigns(node: Node) -> dict[str, BoardState]:
    own = {parcel.campaign_id for parcel in outbox.every(node.folder)}
    found: dict[str, BoardState] = {}
    for body in in_view(node.state, "campaign", node.now_us):
        stix = orjson.loads(body)
        if stix["id"] not in own:
            state = fields_of(stix, Extension.CAMPAIGN)["board_state"]
            found[stix["id"]] = cast(BoardState, state)  # the gate let it in
    return found


def _link(score: int, of: int, controls: int, known: set[int], campaigns: int) -> float:
    """Rank the cluster among random groups of ordinary customers of the same size."""
    if controls < of:
        return 0.0
    draw = random.Random(0)  # noqa: S311 (the same groups in every run; nobody gains by guessing)
    drawn = [len(known.intersection(draw.sample(range(controls), of))) for _ in range(GROUPS)]
    return link_e(score, drawn, THRESHOLD, campaigns)


def _decided(
    node: Node,
    cluster: Cluster,
    campaign: str,
    id_type: IdType,
    hits: Sequence[Hit],
    ranked: tuple[float, int],
    state: BoardState,
) -> Match:
    tags = {one.row.tag for one in hits}
    for one in hits:
        name = f"{cluster.name}/{one.query}"
        barred.hit(
            node.state, one.row.tag, name, cluster.active_accounts, node.now_us, cluster.limits
        )
    why = why_gone(node.state, campaign, node.now_us) or barred.why_barred(node.state, tags)
    sightings = _sightings(node, campaign)
    statements = [one for _, one in sightings]
    others = stated_values(statements, NULL, node.facts.members, _own_name(node, campaign))
    own = 0.0 if cluster.commitment is None else own_e(node.state, cluster.commitment)
    family = FAMILY[id_type]
    verdict = decide(Standing(own, support(ranked[0], others), family, state, barred=why))
    decision = f"{cluster.name}/{campaign}/{family}/{node.now_us}"
    sources = {campaign, *(id_ for id_, _ in sightings)}
    decisions.record(node.state, decision, cluster.name, verdict, sorted(sources), node.now_us)
    score = len({one.query for one in hits})
    return Match(campaign, family, score, ranked[1], ranked[0], verdict, decision)


def _sightings(node: Node, campaign: str) -> list[tuple[str, Statement]]:
    found: list[tuple[str, Statement]] = []
    for body in in_view(node.state, "sighting", node.now_us):
        stix = orjson.loads(body)
        statement = statement_of(stix)
        if stix["sighting_of_ref"] == campaign and statement is not None:
            found.append((str(stix["id"]), statement))
    return found


def _own_name(node: Node, campaign: str) -> str:
    """Return this member's pseudonym in a campaign, if it has spoken there."""
    path = node.folder / "contributors" / campaign
    return path.read_text("utf-8") if path.is_file() else "nobody"
