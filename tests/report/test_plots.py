from __future__ import annotations

import math

import pytest

from stillwatch.core.results import Bin, HarvestMeasure
from stillwatch.report._plots import LEFT, MAX_BARS, PLOT, dots, timeline

HOUR = 3_600_000_000


def test_bars_are_as_high_as_their_counts() -> None:
    plot = timeline([Bin(0, 10, 4), Bin(HOUR, 5, 2), Bin(2 * HOUR, 0, 0)])
    assert plot
    tall, half = plot.panels[0].bars
    assert float(half.height) == pytest.approx(float(tall.height) / 2, abs=0.1)
    assert plot.panels[0].maximum == "10"
    assert tall.title == "1970-01-01 00:00 UTC: 10 exchanges"


def test_a_gap_in_time_is_a_gap_in_the_plot() -> None:
    plot = timeline([Bin(0, 1, 1), Bin(HOUR, 1, 1), Bin(9 * HOUR, 1, 1)])
    assert plot
    places = [float(bar.x) for bar in plot.panels[0].bars]
    assert places[2] - places[1] == pytest.approx(8 * (places[1] - places[0]), abs=0.5)


def test_many_bins_are_merged_without_losing_an_exchange() -> None:
    bins = [Bin(step * HOUR, step % 5, step % 3) for step in range(5_000)]
    plot = timeline(bins)
    assert plot
    assert plot.merged
    assert len(plot.bins) <= MAX_BARS
    assert sum(one.exchanges for one in plot.bins) == sum(one.exchanges for one in bins)
    assert max(one.accounts for one in plot.bins) == 2


@pytest.mark.parametrize("times", [[0], [7, 7], [-(2**62), 2**62], [0, 1, 2**62]])
def test_odd_times_stay_inside_the_plot(times: list[int]) -> None:
    plot = timeline([Bin(time, 1, 1) for time in times])
    assert plot
    for bar in plot.panels[0].bars:
        assert LEFT <= float(bar.x) <= LEFT + PLOT
        assert float(bar.width) >= 1


def test_detection_is_drawn_inside_the_period_alone() -> None:
    bins = [Bin(0, 1, 1), Bin(HOUR, 1, 1)]
    inside, outside = timeline(bins, HOUR), timeline(bins, 9 * HOUR)
    assert inside
    assert inside.detected
    assert float(inside.detected.x) == pytest.approx(LEFT + PLOT / 2, abs=0.1)
    assert outside
    assert outside.detected is None


def test_days_are_named_under_their_bars() -> None:
    week = timeline([Bin(day * 24 * HOUR, 1, 1) for day in range(7)])
    month = timeline([Bin(day * 24 * HOUR, 1, 1) for day in range(30)])
    assert week
    assert [label.text for label in week.labels][:2] == ["1970-01-01", "1970-01-02"]
    assert len(week.labels) == 7
    assert month
    assert [label.text for label in month.labels][:2] == ["1970-01-01", "1970-01-06"]


def test_nothing_to_draw() -> None:
    assert timeline([]) is None
    assert dots([]) == ()


def test_dots_keep_their_order_along_the_scale() -> None:
    (row,) = dots([HarvestMeasure("output_echo", 0.9, 0.1, 0.5, 0.01)])
    assert float(row.median_x) < float(row.q95_x) < float(row.value_x)
    assert row.outside
    assert row.name == "output echo"


@pytest.mark.parametrize("value", [0.0, -2.0, math.nan])
def test_dots_of_odd_values_stay_on_the_track(value: float) -> None:
    (row,) = dots([HarvestMeasure("x", value, 0.0, 0.0, 1.0)])
    assert 260 <= float(row.value_x) <= 640
    assert not row.outside
