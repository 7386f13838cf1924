"""Settings: layers, faults, units."""

from __future__ import annotations

import pytest

from stillwatch.core.config import Layer, Settings, configured, effective, make_settings
from stillwatch.core.contracts import Detector
from stillwatch.core.errors import ConfigError
from stillwatch.core.keyed import PUBLIC_KEY


def test_defaults_when_nothing_is_set() -> None:
    settings = make_settings([])
    assert settings == Settings()
    assert settings.sketch_key == PUBLIC_KEY
    assert {row.origin for row in effective(settings)} == {"default"}


def test_a_later_layer_wins_and_is_named_as_the_origin() -> None:
    settings = make_settings(
        [
            Layer("stillwatch.toml", {"scan": {"fdr": 0.05, "seed": 7}}),
            Layer("command line", {"scan": {"fdr": 0.02}}),
        ]
    )
    assert (settings.scan.fdr, settings.scan.seed) == (0.02, 7)
    origin = {row.key: row.origin for row in effective(settings)}
    assert origin["scan.fdr"] == "command line"
    assert origin["scan.seed"] == "stillwatch.toml"
    assert origin["scan.threads"] == "default"


def test_every_fault_is_reported_at_once_with_what_is_allowed() -> None:
    layer = Layer(
        "here.toml",
        {
            "top": 1,
            "detectors": {"steady_load": {"min_exchange": 3, "min_exchanges": "3"}, "nope": {}},
            "linkers": 3,
            "scan": {
                "fdr": 1.0,
                "threds": 2,
                "seed": True,
                "memory_limit": "2 gigs",
                "max_rejected": float("nan"),
            },
        },
    )
    with pytest.raises(ConfigError) as caught:
        make_settings([layer], sketch_key="short")
    lines = caught.value.message.splitlines()
    assert lines[0] == "11 faults in the settings"
    for expected in (
        "here.toml: [top]: unknown; allowed: scan, detectors, linkers",
        "detectors.steady_load.min_exchange: unknown; allowed: min_exchanges",
        "detectors.steady_load.min_exchanges: input should be a valid integer",
        "[detectors.nope]: unknown; allowed: account_takeover,",
        "linkers: must be a table",
        "scan.fdr: input should be less than 1",
        "scan.threds: unknown; allowed: fdr, review_budget",
        "scan.seed: input should be a valid integer",
        "scan.memory_limit: string should match",
        "scan.max_rejected: ",
        "environment: STILLWATCH_SKETCH_KEY: must have 16 to 64 bytes",
    ):
        assert any(expected in line for line in lines), expected
    assert "short" not in caught.value.message


def test_the_sketch_key_shows_in_no_text() -> None:
    settings = make_settings([], sketch_key="a-secret-of-this-deployment")
    assert settings.sketch_key == b"a-secret-of-this-deployment"
    assert "secret-of" not in repr(settings)
    assert not any("secret-of" in str(row) for row in effective(settings))


def test_units_get_the_operators_values_and_the_catalogue_keeps_its_own() -> None:
    settings = make_settings(
        [
            Layer("file", {"detectors": {"steady_load": {"min_exchanges": 3}}}),
            Layer("file", {"detectors": {"output_echo": {"prior_exchanges": 4}}}),
        ]
    )
    detectors = configured("detectors", Detector, settings)
    assert detectors["steady_load"].min_exchanges == 3  # type: ignore[attr-defined]
    assert detectors["output_echo"].prior_exchanges == 4.0  # type: ignore[attr-defined]
    assert configured("detectors", Detector, Settings())["steady_load"].min_exchanges == 48  # type: ignore[attr-defined]
