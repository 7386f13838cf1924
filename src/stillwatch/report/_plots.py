"""Geometry of the plots: where each bar, dot and label of a time line or a dot plot goes.

The templates draw what is computed here, so that every text still passes their escaping.
Lengths are user units of the SVG's view box.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stillwatch.core.results import Bin, HarvestMeasure
from stillwatch.report._format import moment, number, unit_name

WIDTH: Final = 720
LEFT: Final = 56
PLOT: Final = WIDTH - LEFT - 12
MAX_BARS: Final = 180
DAY_US: Final = 86_400_000_000
_LABELS: Final = 7
_MANY_DAYS: Final = 60
_PANELS: Final = ((38, 92), (162, 40))


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its corner, its size and what it stands for."""

    x: str
    y: str
    width: str
    height: str
    title: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One row of bars with its scale."""

    name: str
    top: int
    base: int
    maximum: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """Text at a place on the x axis."""

    x: str
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A time line of two panels, with the bins it shows."""

    panels: tuple[Panel, ...]
    labels: tuple[Label, ...]
    detected: Label | None
    bins: tuple[Bin, ...]
    merged: bool
    summary: str


@dataclass(frozen=True, slots=True)
class Dots:
    """One row of the dot plot: the group's value beside its benign reference."""

    name: str
    y: int
    median_x: str
    q95_x: str
    value_x: str
    value: str
    outside: bool
    measure: HarvestMeasure


@dataclass(frozen=True, slots=True)
class _Axis:
    """Maps times to places along the x axis."""

    start: int
    length: int

    def x(self, time_us: int) -> float:
        return LEFT + PLOT * (time_us - self.start) / self.length

    def labels(self, bins: Sequence[Bin], step: int) -> tuple[Label, ...]:
        """Name some days under the middle of their bars, or else begin, middle and end."""
        if step % DAY_US == 0 and self.length // step <= _MANY_DAYS:
            every = math.ceil(len(bins) / _LABELS)
            return tuple(
                Label(
                    f"{self.x(one.start_us + step // 2):.1f}", moment(one.start_us)[:10], "middle"
                )
                for one in bins[::every]
            )
        times = (self.start, self.start + self.length // 2, self.start + self.length)
        return tuple(
            Label(f"{self.x(time):.1f}", moment(time).removesuffix(" UTC"), anchor)
            for time, anchor in zip(times, ("start", "middle", "end"), strict=True)
        )

    def detected(self, time_us: int | None) -> Label | None:
        if time_us is None or not self.start <= time_us <= self.start + self.length:
            return None
        place = self.x(time_us)
        anchor = "end" if place > LEFT + PLOT / 2 else "start"
        return Label(f"{place:.1f}", f"detected {moment(time_us)}", anchor)


def timeline(bins: Sequence[Bin], detected_us: int | None = None) -> Timeline | None:
    """Lay out exchanges and active accounts over time; None where there is nothing to draw.

    More than 180 bins are merged into equal stretches: exchanges are added, and of the accounts
    the largest bin is kept, since an account may be active in several.

    Args:
        bins: Bars in any order.
        detected_us: When the campaign would have been detected; drawn as a line where it falls
            inside the period.
    """
    ordered = sorted(bins, key=lambda one: one.start_us)
    if not ordered:
        return None
    step = _step(ordered)
    shown = _merge(ordered, step) if len(ordered) > MAX_BARS else ordered
    step = _step(shown) if len(shown) > 1 else step
    start = shown[0].start_us
    length = shown[-1].start_us + step - start

    axis = _Axis(start, length)
    series = (
        ("exchanges", [one.exchanges for one in shown]),
        ("accounts active", [one.accounts for one in shown]),
    )
    panels = tuple(
        _panel(place, *one, shown, step, axis) for place, one in zip(_PANELS, series, strict=True)
    )
    peak = max(shown, key=lambda one: one.exchanges)
    summary = (
        f"{len(shown):,} bars from {moment(start)} on. The most exchanges in one bar are "
        f"{peak.exchanges:,}, at {moment(peak.start_us)}."
    )
    return Timeline(
        panels,
        axis.labels(shown, step),
        axis.detected(detected_us),
        tuple(shown),
        len(shown) < len(ordered),
        summary,
    )


def _panel(
    place: tuple[int, int],
    name: str,
    values: Sequence[int],
    bins: Sequence[Bin],
    step: int,
    axis: _Axis,
) -> Panel:
    top, height = place
    largest = max(1, *values)
    width = max(1.0, PLOT * step / axis.length - 1)
    bars = tuple(
        Bar(
            f"{axis.x(one.start_us):.1f}",
            f"{top + height - height * value / largest:.1f}",
            f"{width:.1f}",
            f"{height * value / largest:.1f}",
            f"{moment(one.start_us)}: {value:,} {name}",
        )
        for one, value in zip(bins, values, strict=True)
        if value
    )
    return Panel(name, top, top + height, f"{largest:,}", bars)


def _step(ordered: Sequence[Bin]) -> int:
    gaps = [b.start_us - a.start_us for a, b in itertools.pairwise(ordered)]
    return min((gap for gap in gaps if gap > 0), default=3_600_000_000)


def _merge(ordered: Sequence[Bin], step: int) -> list[Bin]:
    start = ordered[0].start_us
    cells = math.ceil((ordered[-1].start_us + step - start) / step)
    width = step * math.ceil(cells / MAX_BARS)
    merged: dict[int, Bin] = {}
    for one in ordered:
        cell = start + (one.start_us - start) // width * width
        before = merged.get(cell, Bin(cell, 0, 0))
        merged[cell] = Bin(
            cell, before.exchanges + one.exchanges, max(before.accounts, one.accounts)
        )
    return [merged[cell] for cell in sorted(merged)]


def dots(measures: Sequence[HarvestMeasure]) -> tuple[Dots, ...]:
    """Lay out harvest measures, one row each on its own scale from zero to the largest mark."""
    return tuple(_dots(row, measure) for row, measure in enumerate(measures))


def _dots(row: int, measure: HarvestMeasure) -> Dots:
    marks = [
        0.0 if math.isnan(mark) else mark
        for mark in (measure.reference_median, measure.reference_q95, measure.value)
    ]
    low, high = min(0.0, *marks), max(0.0, *marks)
    scale = (high - low) or 1.0
    places = [f"{260 + 380 * (mark - low) / scale:.1f}" for mark in marks]
    return Dots(
        name=unit_name(measure.detector),
        y=30 + 34 * row,
        median_x=places[0],
        q95_x=places[1],
        value_x=places[2],
        value=number(measure.value),
        outside=measure.value > measure.reference_q95,
        measure=measure,
    )
