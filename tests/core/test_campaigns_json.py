"""The campaigns file keeps to its schema."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from stillwatch.core.campaigns_json import iso_time, results_to_json
from stillwatch.core.errors import UnitError
from stillwatch.core.results import Results

Maker = Callable[..., Results]

NOW = datetime(2026, 3, 9, 12, 0, 0, 1, tzinfo=UTC)


def schema() -> Draft202012Validator:
    content = json.loads((files("stillwatch.core") / "schemas" / "campaigns.json").read_text())
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(content)


@pytest.mark.parametrize("replayed", [False, True])
def test_results_keep_to_the_schema(make_results: Maker, replayed: bool) -> None:
    content = results_to_json(make_results(replayed=replayed), NOW)
    schema().validate(json.loads(json.dumps(content)))
    campaign = content["campaigns"][0]  # type: ignore[index]
    assert campaign["first_seen"] == "2026-03-02T00:00:00.000000Z"
    assert ("detected_at" in campaign) is replayed
    assert ("exchanges_before_detection" in campaign["members"][0]) is replayed


def test_the_schema_refuses_what_is_not_in_the_contract(make_results: Maker) -> None:
    content = json.loads(json.dumps(results_to_json(make_results(), NOW)))
    content["campaigns"][0]["p_coordinated"] = 1.5
    content["campaigns"][0]["members"][0]["name"] = "somebody"
    del content["inputs"]["rejected"]
    assert len(list(schema().iter_errors(content))) == 3


def test_times_are_utc_with_microseconds(make_results: Maker) -> None:
    there = timezone(timedelta(hours=5))
    content = results_to_json(make_results(), NOW.astimezone(there))
    assert content["generated_at"] == "2026-03-09T12:00:00.000001Z"
    assert iso_time(-1) == "1969-12-31T23:59:59.999999Z"
    assert iso_time(None) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_refused_and_located(
    make_results: Maker, value: float
) -> None:
    results = make_results()
    campaign = dataclasses.replace(results.campaigns[0], e_value=value)
    with pytest.raises(UnitError, match=r"campaigns\.json: campaigns: e_value is (nan|inf)"):
        results_to_json(dataclasses.replace(results, campaigns=(campaign,)), NOW)
