"""The preview: what leaves is in its lists and bands, and nothing else of the file gets through."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.campaigns_json import results_to_json
from stillwatch.core.catalogue import units
from stillwatch.core.contracts import Linker
from stillwatch.core.errors import InputError, SharingRefused, StillwatchError
from stillwatch.core.results import Results
from stillwatch.sharing.node.preview import (
    ALLOWED,
    CAPABILITIES,
    LINK_FAMILIES,
    SURFACES,
    WITHHELD,
    Choices,
    preview,
)

NOW = datetime(2026, 3, 9, tzinfo=UTC)
ATLAS = {"A1": ["AML.T0021", "AML.T0008.005"], "A13": ["AML.T0024.002"]}
ALL = Choices(SURFACES, "code", confirmed=True, volume=True)
X1 = {
    "tactic_ids": {f"A{n}" for n in range(1, 27)},
    "surfaces": {*SURFACES, "unknown"},
    "target_capability": {*CAPABILITIES, "unknown"},
    "account_band": {"lt10", "10s", "100s", "1ks", "ge10k"},
    "volume_band": {"lt1e3", "1e3", "1e4", "1e5", "1e6", "ge1e7"},
    "rate_band": {"lt1", "1s", "10s", "100s", "ge1k"},
    "link_families": {
        "template", "payment", "registration", "timing", "network", "content-echo", "blob-replay",
        "failover", "canary",
    },
    "member_state": {"investigating", "confirmed", "withdrawn"},
}  # fmt: skip


@pytest.fixture
def content(make_results: Callable[..., Results]) -> dict[str, object]:
    plain: dict[str, object] = json.loads(
        json.dumps(results_to_json(make_results(replayed=True), NOW))
    )
    return plain


def keeps_to_x1(fields: dict[str, object]) -> None:
    assert set(fields) <= set(ALLOWED)
    for name, value in fields.items():
        values = value if isinstance(value, list) else [value]
        if name in X1:
            assert set(values) <= X1[name], name
        if name in {"first_week", "last_week"}:
            assert datetime.strptime(f"{value}-1", "%G-W%V-%u")  # noqa: DTZ007
    assert 1 <= len(fields["tactic_ids"]) <= 8  # type: ignore[arg-type]


def test_a_campaign_field_by_field(content: dict[str, object]) -> None:
    shown = preview(content, "c-0", ATLAS, ALL)
    assert shown.fields() == {
        "tactic_ids": ["A1", "A13"],
        "atlas_ids": ["AML.T0008.005", "AML.T0021", "AML.T0024.002"],
        "surfaces": list(SURFACES),
        "target_capability": "code",
        "account_band": "lt10",
        "volume_band": "lt1e3",
        "rate_band": "10s",
        "first_week": "2026-W10",
        "last_week": "2026-W10",
        "link_families": ["template"],
        "member_state": "confirmed",
    }
    assert all(row.rule for row in (*shown.leaves, *shown.stays))
    assert not any(row.value for row in shown.stays)


def test_what_the_sender_does_not_choose_stays(content: dict[str, object]) -> None:
    fields = preview(content, "c-0", ATLAS).fields()
    assert not {"volume_band", "surfaces", "target_capability"} & set(fields)
    assert fields["member_state"] == "investigating"


def test_every_field_of_the_contract_has_a_reason_to_stay(content: dict[str, object]) -> None:
    schema = json.loads((files("stillwatch.core") / "schemas" / "campaigns.json").read_text())
    assert set(schema["properties"]["campaigns"]["items"]["properties"]) == set(WITHHELD)
    content["campaigns"][0]["added_later"] = "planted"  # type: ignore[index]
    shown = preview(content, "c-0", ATLAS)
    assert {row.field for row in shown.stays} == {*WITHHELD, "added_later"}
    assert "planted" not in str(shown)


def test_a_detector_of_a_linkers_name_links_nobody(content: dict[str, object]) -> None:
    for member in content["campaigns"][0]["members"]:  # type: ignore[index]
        member["evidence"] = [
            {"source": "blob_replay", "family": None, "p_value": 0.1, "why": "replays"}
        ]
    with pytest.raises(SharingRefused, match="no kind of link"):
        preview(content, "c-0", ATLAS)


def test_every_linker_has_a_family() -> None:
    names = set(units("linkers", Linker))
    assert names == set(LINK_FAMILIES)
    assert set(LINK_FAMILIES.values()) <= X1["link_families"]


def test_planted_values_do_not_get_through(content: dict[str, object]) -> None:
    """Every text and number of the file is replaced by one that can be recognised."""
    campaign = content["campaigns"][0]  # type: ignore[index]
    kept = {name: campaign[name] for name in ("first_seen", "last_seen", "campaign_id", "tactics")}
    campaign.update({**_planted(campaign), **kept})
    campaign["tactics"] = ["A5", "planted", "A99", "A5"]
    campaign["members"][0]["evidence"][0]["source"] = "template"
    campaign["exchanges"] = 7_654_321
    shown = preview(content, "c-0", ATLAS, ALL)
    keeps_to_x1(shown.fields())
    assert "planted" not in str(shown)
    assert "7654321" not in str(shown)
    assert shown.fields()["tactic_ids"] == ["A5"]


def _planted(value: object) -> object:
    if isinstance(value, dict):
        return {name: _planted(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_planted(item) for item in value]
    return "planted-value" if isinstance(value, str) else value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@given(name=st.sampled_from(sorted(WITHHELD)), value=JSON)
def test_no_shape_of_file_is_a_traceback_or_a_leak(
    make_results: Callable[..., Results], name: str, value: object
) -> None:
    content = copy.deepcopy(results_to_json(make_results(), NOW))
    content = json.loads(json.dumps(content))
    content["campaigns"][0][name] = value  # type: ignore[index]
    try:
        shown = preview(content, "c-0", ATLAS, ALL)
    except StillwatchError:
        return
    keeps_to_x1(shown.fields())


@given(JSON)
def test_any_other_json_is_no_campaigns_file(value: object) -> None:
    with pytest.raises(InputError):
        preview({"campaigns": value}, "c-0", ATLAS)


def test_what_cannot_be_shared_is_said(content: dict[str, object]) -> None:
    with pytest.raises(InputError, match="no campaign"):
        preview(content, "unknown", ATLAS)
    with pytest.raises(InputError, match="not in its list"):
        preview(content, "c-0", ATLAS, Choices(surfaces=("my customers",)))
    with pytest.raises(InputError, match="not in its list"):
        preview(content, "c-0", ATLAS, Choices(target_capability="my product"))
    content["campaigns"][0]["tactics"] = ["B1"]  # type: ignore[index]
    with pytest.raises(SharingRefused) as refused:
        preview(content, "c-0", ATLAS)
    assert refused.value.code == "sw.campaign.nothing_to_tell"


@pytest.mark.slow
def test_a_real_scan(tmp_path: Path) -> None:
    from stillwatch.cli import run

    assert run(["demo", "--out", str(tmp_path), "--scale", "0.3", "--json"]) == 0
    path = tmp_path / "results" / "campaigns.json"
    content = json.loads(path.read_text("utf-8"))
    assert content["campaigns"]
    for campaign in content["campaigns"]:
        shown = preview(content, campaign["campaign_id"], ATLAS, ALL)
        keeps_to_x1(shown.fields())
        assert set(shown.fields()) >= {"account_band", "link_families", "first_week"}
        assert not [m for m in campaign["members"] if m["account_id"] in str(shown)]
