"""Objects of every type that the forum shares, for tests."""

from __future__ import annotations

from datetime import UTC, date, datetime

from stillwatch.sharing.stix import build
from stillwatch.sharing.stix.build import Handling, Stix
from stillwatch.sharing.stix.tlp import Level

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AUDIENCE = "aud-00000000000000aa"
RETAIN = date(2027, 3, 1)


def handling(level: Level = Level.GREEN, audience: str | None = None, **more: object) -> Handling:
    if level >= Level.AMBER and audience is None:
        audience = AUDIENCE
    fields = {"retain_until": RETAIN, **more}
    return Handling(level, "lb-trial", "detect", audience=audience, **fields)  # type: ignore[arg-type]


def campaign_fields(**more: object) -> dict[str, object]:
    return {
        "tactic_ids": ["A1", "A5"],
        "atlas_ids": ["AML.T0021", "AML.T0008.005", "AML.T0065"],
        "surfaces": ["first-party-api"],
        "target_capability": "reasoning",
        "account_band": "1ks",
        "volume_band": "1e5",
        "rate_band": "10s",
        "first_week": "2026-W40",
        "last_week": "2026-W46",
        "link_families": ["template", "payment"],
        "member_state": "investigating",
        **more,
    }


def template_fields(**more: object) -> dict[str, object]:
    return {
        "scheme": "mh128-b18r7-v1",
        "epoch_id": 7,
        "band_tags": [f"{band:032x}" for band in range(18)],
        "script": "Latn",
        "accounts_band": "10s",
        "requests_band": "1e3",
        "prevalence": "rare",
        **more,
    }


def tag_set_fields(**more: object) -> dict[str, object]:
    return {
        "id_type": "pay-ref",
        "epoch_id": 7,
        "suite": "ristretto255-SHA512",
        "count_band": "100s",
        "set_root": "ab" * 32,
        "row_first": 0,
        "row_last": 399,
        **more,
    }


def evidence_fields(**more: object) -> dict[str, object]:
    return {
        "null_id": "coordination",
        "e_log2": 4,
        "basis_families": ["timing"],
        "link_families_used": ["template"],
        "selection": "pre-committed",
        "commit_leaf": 12,
        "window_first": "2026-W44",
        "window_last": "2026-W46",
        "calibration_id": "cal-0123456789abcdef",
        **more,
    }


def attribution_fields(**more: object) -> dict[str, object]:
    return {
        "suspect_digest": "cd" * 32,
        "test_id": "canary-recall",
        "null_id": "model-derivation",
        "null_models_band": "10s",
        "p_bound": "1e-3",
        "alternatives_checked": ["web-contamination", "prompt-overlap"],
        "verdict": "inconclusive",
        "prereg_leaf": 3,
        **more,
    }


def appeal_fields(**more: object) -> dict[str, object]:
    return {
        "appeal_state": "open",
        "ground": "benign-persona",
        "persona": "B10",
        "raised_by": "subject-through-member",
        "opened": "2026-11-20",
        "due": "2026-11-27",
        **more,
    }


WITHDRAWAL = {"reason": "appeal-granted", "review_derived": True}
STANCE = {"stance": "positive", "basis": "own-traffic"}


def campaign(level: Level = Level.GREEN, now: datetime = NOW, **more: object) -> Stix:
    return build.campaign(handling(level, **more), now, campaign_fields())


def every_object(level: Level = Level.GREEN, now: datetime = NOW) -> list[Stix]:
    """One object of each kind that a member may post, targets before what refers to them."""
    how = handling(level)
    found = build.campaign(how, now, campaign_fields())
    template = build.template_indicator(how, now, template_fields())
    suspect = build.suspect_model(how, now)
    id_ = str(found["id"])
    return [
        found,
        template,
        build.tag_set_indicator(how, now, tag_set_fields()),
        build.sighting(how, now, id_, evidence_fields()),
        build.sighting(how, now, str(template["id"])),
        build.relationship(how, now, str(template["id"]), "indicates", id_),
        build.opinion(how, now, [id_], STANCE),
        suspect,
        build.contributor(how, now),
        build.attribution_note(how, now, str(suspect["id"]), attribution_fields()),
        build.appeal_note(how, now, [id_], appeal_fields()),
        build.withdrawn(found, now.replace(hour=13), WITHDRAWAL),
    ]
