"""The field gate: what it lets pass, and a corpus of what people would try."""

from __future__ import annotations

import copy
from datetime import date, timedelta
from itertools import product

import pytest
from stix.samples import (
    NOW,
    appeal_fields,
    attribution_fields,
    campaign,
    campaign_fields,
    every_object,
    evidence_fields,
    handling,
    tag_set_fields,
    template_fields,
)

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.governance.banned import CODES as BANNED
from stillwatch.sharing.governance.gate import FieldGate
from stillwatch.sharing.governance.legal_basis import LegalBasis, Register
from stillwatch.sharing.stix import build
from stillwatch.sharing.stix.build import Stix
from stillwatch.sharing.stix.extensions import Extension
from stillwatch.sharing.stix.tlp import MARKING_IDS, TLP_1_IDS, Level

TODAY = NOW.date()
BASIS = LegalBasis("lb-trial", "trial", "none", date(2026, 1, 1), date(2027, 12, 31), "counsel")
GATE = FieldGate(Register([BASIS]))
X1 = str(Extension.CAMPAIGN)

# Where an attempt is made: at the top, in X1, in X0; or as the value of a field that exists.
TOP, IN_X1, IN_X0 = (), ("extensions", X1), ("extensions", str(Extension.HANDLING))

ATTEMPTS: dict[str, list[tuple[tuple[str, ...], str, object]]] = {
    "sw.banned.price": [
        (TOP, "x_price", 12), (IN_X1, "price_per_token", "3e-6"), (IN_X1, "spend_band", "1ks"),
        (IN_X0, "discount", "10s"), (TOP, "cost", "high"), (IN_X1, "list_price_usd", 20),
        (IN_X1, "rebate", True), (TOP, "name", "Campaign worth $40,000"),
        (IN_X1, "target_capability", "EUR 1.20 per million"), (IN_X1, "invoice_ref", "i-7"),
        (TOP, "pricing", {"tier": "pro"}), (IN_X1, "rate_band", "12 usd"),
        (IN_X1, "x_fee", "low"), (IN_X1, "billing_cycle", "monthly"),
    ],
    "sw.banned.volume": [
        (IN_X1, "tokens", 123456789), (IN_X1, "output_tokens_band", "1e6"),
        (IN_X1, "revenue_band", "1e6"), (TOP, "x_market_share", "10s"), (IN_X1, "arr", 5),
        (IN_X1, "usage_volume", "1e5"), (TOP, "turnover", "ge1e7"), (IN_X1, "sales", "1e4"),
        (IN_X1, "tokenCount", 17), (IN_X0, "traffic", "1e4"),
        (IN_X1, "surfaces", ["our traffic share fell"]),
    ],
    "sw.banned.capacity": [
        (IN_X1, "gpu_hours", 400), (IN_X1, "capacity_left", "10s"), (TOP, "x_throughput", 9),
        (IN_X1, "datacenter", "eu-1"), (IN_X1, "utilisation_band", "10s"), (TOP, "racks", 3),
        (IN_X1, "headroom", "lt10"), (IN_X1, "tokens_per_second", 90), (IN_X0, "compute", "low"),
        (IN_X1, "accelerators", "100s"),
    ],
    "sw.banned.roadmap": [
        (IN_X1, "next_model", "q3"), (TOP, "x_release_date", "2027-01-01"),
        (IN_X1, "launch_week", "2027-W02"), (IN_X1, "roadmap", ["a"]),
        (IN_X1, "deprecation", "2027-W09"), (TOP, "upcoming", True), (IN_X0, "milestone", "m2"),
        (IN_X1, "target_capability", "unreleased agent"), (IN_X1, "ship_date", "2027-01-01"),
        (IN_X1, "announcement", "soon"),
    ],
    "sw.banned.model": [
        (IN_X1, "parameter_count", 7), (IN_X1, "model_size", "70b"), (TOP, "weights", "w"),
        (IN_X1, "training_data", ["web"]), (IN_X1, "flops", "1e25"), (IN_X1, "dataset", "d1"),
        (TOP, "x_architecture", "moe"), (IN_X1, "learning_rate", "1e-4"),
        (IN_X1, "modelVersion", "4"), (IN_X1, "checkpoint_id", "c-9"), (IN_X1, "layers", 96),
    ],
    "sw.banned.customer": [
        (IN_X1, "customer", "acme"), (TOP, "x_company", "acme"), (IN_X1, "industry", "banking"),
        (IN_X1, "clients", ["a", "b"]), (IN_X1, "sector", "health"), (TOP, "aliases", ["acme"]),
        (IN_X1, "reseller_name", "r"), (IN_X1, "tenant", "t-1"), (IN_X1, "organisation", "o"),
        (IN_X1, "surfaces", ["the vendor next door"]), (IN_X0, "partner", "p"),
    ],
    "sw.banned.recommendation": [
        (IN_X1, "recommended_action", "block"), (TOP, "x_block", True), (IN_X1, "action", "ban"),
        (IN_X1, "denylist", ["a"]), (IN_X1, "mitigation", "throttle"), (TOP, "suspend", True),
        (IN_X1, "should_block", True), (IN_X1, "target_capability", "refuse these accounts"),
        (TOP, "name", "please block them all"), (IN_X0, "restrict", True),
        (IN_X1, "course_of_action", "x"), (IN_X1, "boycott", True),
    ],
    "sw.banned.personal": [
        (IN_X1, "email", "x"), (TOP, "contact_information", "x"), (IN_X1, "ip", "x"),
        (IN_X1, "surfaces", ["ann@example.org"]), (TOP, "name", "203.0.113.9"),
        (IN_X1, "target_capability", "+44 20 7946 0958"), (IN_X1, "link", "2001:db8::17"),
        (IN_X1, "account_ids", ["a1"]), (IN_X1, "card", "4111 1111 1111 1111"),
        (TOP, "lang", "4111111111111111"), (IN_X1, "api_key", "sk-1"), (IN_X1, "iban", "DE1"),
        (IN_X1, "fullName", "Ann"), (IN_X1, "user_id", 7), (TOP, "labels", ["bob@example.com"]),
        (IN_X0, "passport", "p"), (IN_X1, "address", "street 1"),
    ],
    "sw.banned.exact_count": [
        (IN_X1, "account_band", 1234), (IN_X1, "volume_band", "51837"), (IN_X1, "accounts", 812),
        (TOP, "number_observed", 3), (IN_X1, "request_count", 9), (IN_X1, "exact_count", 44),
        (IN_X1, "rate_band", "37"), (TOP, "count", 9), (IN_X1, "members", 812),
        (IN_X1, "total", 1), (IN_X1, "num_accounts", "n"),
    ],
    "sw.banned.free_text": [
        (TOP, "description", "seen since spring"), (IN_X1, "comment", "c"), (TOP, "labels", ["a"]),
        (IN_X1, "target_capability", "maths olympiad style"), (TOP, "name", "Operation Foo Bar"),
        (IN_X1, "notes", "n"), (TOP, "objective", "steal"), (IN_X1, "prompt", "p"),
        (IN_X1, "reason_text", "t"), (TOP, "x_comment", "hm"), (IN_X1, "abstract", "a"),
        (IN_X1, "member_state", "confirmed by our team"), (IN_X1, "transcript", "t"),
    ],
    "other": [
        (IN_X1, "flavour", "x"), (TOP, "confidence", 80), (TOP, "created_by_ref", "identity--1"),
        (IN_X1, "account_band", None), (IN_X1, "account_band", "many"),
        (IN_X1, "tactic_ids", ["A27"]), (IN_X1, "tactic_ids", []), (IN_X1, "first_week", "2026"),
        (IN_X1, "board_state", "corroborated"), (IN_X0, "contributor", f"identity--{'0' * 8}"),
        (TOP, "granular_markings", []), (TOP, "type", "malware"), (TOP, "spec_version", "2.0"),
        (TOP, "id", "campaign--1"), (TOP, "modified", "yesterday"), (IN_X1, "e_log2", 1.5),
        (IN_X0, "legal_basis", "lb-other"), (TOP, "external_references", []),
        (IN_X1, "first_week", "2026-W99"), (IN_X1, "link_families", ["template", "template"]),
    ],
}  # fmt: skip
FLAT = [(code, *one) for code, tries in ATTEMPTS.items() for one in tries]


def tried(path: tuple[str, ...], key: str, value: object) -> Stix:
    stix = copy.deepcopy(campaign())
    place: dict[str, object] = stix
    for part in path:
        place = place[part]  # type: ignore[assignment]
    place[key] = value
    return stix


def code_of(stix: Stix, today: date = TODAY) -> str:
    with pytest.raises(SharingRefused) as refused:
        GATE.check(stix, today)
    return refused.value.code


@pytest.mark.parametrize(("code", "path", "key", "value"), FLAT)
def test_the_red_team_is_refused(code: str, path: tuple[str, ...], key: str, value: object) -> None:
    found = code_of(tried(path, key, value))
    if code == "other":
        assert found not in BANNED or found == "sw.banned.exact_count", found
    else:
        assert found == code


def test_the_corpus_is_large_and_covers_every_class() -> None:
    assert len(FLAT) >= 100
    assert set(BANNED) < set(ATTEMPTS)


def test_a_refusal_repeats_nothing_of_the_value() -> None:
    for _, path, key, value in FLAT:
        with pytest.raises(SharingRefused) as refused:
            GATE.check(tried(path, f"planted_{key}", f"planted {value}"), TODAY)
        assert "planted" not in str(refused.value)


def legal() -> list[Stix]:
    """Objects that a member may share, over the values that the schemas allow."""
    found = [stix for level in list(Level)[1:] for stix in every_object(level)]
    how = handling()
    bands = ("lt10", "10s", "100s", "1ks", "ge10k")
    for band, state in product(bands, ("investigating", "confirmed", "withdrawn")):
        fields = campaign_fields(account_band=band, member_state=state)
        found.append(build.campaign(how, NOW, fields))
    varied = [{"tactic_ids": [f"A{number}"]} for number in range(1, 27)]
    surfaces = ("cloud-resale", "aggregator", "consumer-app", "agent-harness", "unknown")
    varied += [{"surfaces": [one]} for one in surfaces]
    found += [build.campaign(how, NOW, campaign_fields(**one)) for one in varied]
    kinds = ("email", "email-alias", "phone", "ip4", "ip6-64", "pay-ref", "device-key", "org-reg",
             "blob", "canary", "tmpl-band")  # fmt: skip
    found += [build.tag_set_indicator(how, NOW, tag_set_fields(id_type=kind)) for kind in kinds]
    for script, prevalence in product(("Latn", "Hans", "Cyrl"), ("rare", "uncommon", "common")):
        fields = template_fields(script=script, prevalence=prevalence)
        found.append(build.template_indicator(how, NOW, fields))
    target = str(found[0]["id"])
    for value, null in product(range(11), ("automation", "coordination", "extraction")):
        fields = evidence_fields(e_log2=value, null_id=null)
        found.append(build.sighting(how, NOW, target, fields))
    for stance, basis in product(
        ("investigate", "positive", "negative"), ("own-traffic", "own-outcome", "appeal", "review")
    ):
        found.append(build.opinion(how, NOW, [target], {"stance": stance, "basis": basis}))
    for state, number in product(("open", "granted", "rejected"), range(1, 19)):
        fields = appeal_fields(appeal_state=state, persona=f"B{number}")
        found.append(build.appeal_note(how, NOW, [target], fields))
    suspect = str(build.suspect_model(how, NOW)["id"])
    for bound in ("1e-1", "1e-2", "1e-3", "1e-4"):
        fields = attribution_fields(p_bound=bound)
        found.append(build.attribution_note(how, NOW, suspect, fields))
    return found


def test_legal_objects_pass() -> None:
    every = legal()
    assert len(every) >= 200
    refused = []
    for stix in every:
        try:
            GATE.check(stix, TODAY)
        except SharingRefused as error:
            refused.append(error)
    assert len(refused) <= len(every) / 100, refused[:5]


def test_what_the_board_adds_passes_as_served_only() -> None:
    stix = tried(IN_X1, "board_state", "single-source")
    GATE.check(stix, TODAY, posted=False)
    assert code_of(stix) == "sw.board_only"


def test_two_sided_fields_need_one_side() -> None:
    both = evidence_fields(p_bound="1e-2")
    neither = {key: value for key, value in evidence_fields().items() if key != "e_log2"}
    for fields in (both, neither):
        code_of(build.sighting(handling(), NOW, str(campaign()["id"]), fields))
    code_of(build.template_indicator(handling(), NOW, template_fields(prevalence="listed")))
    opposed = build.opinion(handling(), NOW, [str(campaign()["id"])],
                            {"stance": "positive", "basis": "review"})  # fmt: skip
    assert code_of({**opposed, "opinion": "disagree"}) == "sw.schema.value"


def test_a_withdrawal_and_revoked_go_together() -> None:
    gone = build.withdrawn(campaign(), NOW, {"reason": "error", "review_derived": False})
    GATE.check(gone, TODAY)
    code_of({key: value for key, value in gone.items() if key != "revoked"})
    code_of({**campaign(), "revoked": True})


@pytest.mark.parametrize(
    ("markings", "code"),
    [
        ([], "sw.tlp.missing"),
        (None, "sw.tlp.missing"),
        ("marking", "sw.tlp.missing"),
        ([7], "sw.tlp.unknown"),
        ([sorted(TLP_1_IDS)[0]], "sw.tlp.version"),
        ([MARKING_IDS[Level.GREEN], sorted(TLP_1_IDS)[1]], "sw.tlp.version"),
        (["marking-definition--f88d31f6-1f26-4a72-a073-be5a1b2c5b2f"], "sw.tlp.unknown"),
    ],
)
def test_markings(markings: object, code: str) -> None:
    assert code_of({**campaign(), "object_marking_refs": markings}) == code


def test_the_strictest_marking_wins() -> None:
    both = [MARKING_IDS[Level.GREEN], MARKING_IDS[Level.RED]]
    stix = {**campaign(Level.AMBER), "object_marking_refs": both}
    assert GATE.check(stix, TODAY).level is Level.RED


def test_audiences() -> None:
    needless = {**campaign(Level.AMBER), "object_marking_refs": [MARKING_IDS[Level.GREEN]]}
    missing = {**campaign(), "object_marking_refs": [MARKING_IDS[Level.AMBER]]}
    assert code_of(needless) == "sw.audience.needless"
    assert code_of(missing) == "sw.audience.missing"


def test_dates() -> None:
    assert code_of(campaign(retain_until=TODAY - timedelta(days=1))) == "sw.retention.past"
    assert code_of(campaign(retain_until=date(2027, 11, 18))) == "sw.retention.long"
    GATE.check(campaign(retain_until=date(2027, 11, 16)), TODAY)
    swapped = campaign_fields(first_week="2026-W46", last_week="2026-W40")
    assert code_of(build.campaign(handling(), NOW, swapped)) == "sw.schema.order"
    early = {**campaign(), "modified": "2026-01-01T00:00:00Z"}
    assert code_of(early) == "sw.schema.order"


@pytest.mark.parametrize("value", ["\ud800", "x" * 10**6, 10**30, -1, [[]] * 100, {"a": {}}])
def test_odd_values_are_refused(value: object) -> None:
    for path, key in ((IN_X1, "account_band"), (TOP, "name"), (TOP, "id"), (IN_X0, "usage")):
        code_of(tried(path, key, value))


@pytest.mark.parametrize("stix", [{}, {"type": []}, {"type": "bundle"}, {"type": "campaign"}])
def test_things_that_are_no_object(stix: Stix) -> None:
    code_of(stix)
