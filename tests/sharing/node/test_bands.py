"""Bands: every count in one of them, in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sharing.node.bands import account_band, rate_band, volume_band

BANDS = {
    account_band: ["lt10", "10s", "100s", "1ks", "ge10k"],
    volume_band: ["lt1e3", "1e3", "1e4", "1e5", "1e6", "ge1e7"],
    rate_band: ["lt1", "1s", "10s", "100s", "ge1k"],
}


@pytest.mark.parametrize("band", BANDS, ids=lambda band: band.__name__)
@given(values=st.lists(st.integers(0, 10**9), min_size=2))
def test_larger_counts_are_in_no_lower_band(band, values) -> None:  # type: ignore[no-untyped-def]
    places = [BANDS[band].index(band(value)) for value in sorted(values)]
    assert places == sorted(places)


def test_edges() -> None:
    assert [account_band(n) for n in (9, 10, 99, 100, 999, 1000, 9999, 10000)] == [
        "lt10", "10s", "10s", "100s", "100s", "1ks", "1ks", "ge10k",
    ]  # fmt: skip
    assert [volume_band(n) for n in (999, 1000, 10**4, 10**5, 10**6, 10**7)] == BANDS[volume_band]
    assert [rate_band(x) for x in (0.99, 1, 9.99, 10, 100, 1000)] == [
        "lt1", "1s", "1s", "10s", "100s", "ge1k",
    ]  # fmt: skip
