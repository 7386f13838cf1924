"""A progress bar with a rate, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class Silent:
    """Shows nothing: the other end is no terminal."""

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """Begin a stage of `total` units, None when nobody knows how many."""

    def advance(self, amount: int) -> None:
        """Report `amount` more units done."""

    def done(self) -> None:
        """End the stage."""


class Bar:
    """Draws one bar a stage."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID | None = None
        self._unit = ""
        self._shown = 0

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """Begin a stage of `total` units, None when nobody knows how many."""
        self._unit = unit
        self._task = self._bars.add_task(stage, total=total, rate="")

    def advance(self, amount: int) -> None:
        """Report `amount` more units done, and draw the rate."""
        if self._task is None:
            return
        self._bars.advance(self._task, amount)
        speed = next(task.speed for task in self._bars.tasks if task.id == self._task)
        self._bars.update(self._task, rate=_rate(speed, self._unit))

    def done(self) -> None:
        """End the stage; its bar stays, full."""
        if self._task is not None:
            task = next(task for task in self._bars.tasks if task.id == self._task)
            self._bars.update(self._task, total=max(task.completed, 1), completed=task.completed)
            self._bars.stop_task(self._task)
        self._task = None


@contextmanager
def shown_progress() -> Iterator[Bar | Silent]:
    """Give a progress bar on standard error, or a silent stand-in where that is no terminal."""
    if not sys.stderr.isatty():
        yield Silent()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[rate]:>18}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield Bar(bars)


def _rate(per_second: float | None, unit: str) -> str:
    if per_second is None:
        return ""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if per_second >= size:
            return f"{per_second / size:.1f} {letter} {unit}/s"
    return f"{per_second:.0f} {unit}/s"
