"""One campaign over three providers, alone and together; and what becomes of innocents.

Run: python -m benchmarks sharing_scenario
By simulation from assumed growth rates (`stillwatch.sharing.scenario.model` states the model); the
rules are the functions of the node. Seeds are not chosen: they count from 0. A day of 45 stands for
never.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks._measure import Row, show
from stillwatch.sharing.scenario.model import WORLDS, Assumptions
from stillwatch.sharing.scenario.outcomes import Effect, Estimate, Harm, effect, harm

RUNS = 2000


def main(out: Path = Path("build/benchmarks"), size: float = 1.0) -> None:
    seeds, assumed = range(max(10, int(RUNS * size))), Assumptions()
    print(f"\n{len(seeds):,} runs of {assumed.days} days; intervals at 95 %")
    found = effect(WORLDS["campaign"], assumed, seeds)
    names = [provider.name for provider in WORLDS["campaign"].providers]
    _table(names, found)
    rows = list(_effect_rows(names, found))
    for name in list(WORLDS)[1:]:
        rows += _harm_rows(name, harm(WORLDS[name], assumed, seeds))
    show("sharing_scenario", rows, out)


def _table(names: list[str], found: Effect) -> None:
    print("\n| | alone: day of the decision | alone: leaked | together: day | together: leaked |")
    print("|---|---|---|---|---|")
    columns = (
        found.detected_alone,
        found.leaked_alone,
        found.detected_together,
        found.leaked_together,
    )
    for name, *cells in zip(names, *columns, strict=True):
        print(f"| {name} | " + " | ".join(map(_written, cells)) + " |")
    print(f"| sum | | {_written(found.total_alone)} | | {_written(found.total_together)} |")


def _written(one: Estimate) -> str:
    return f"{one.value:,.0f} ({one.low:,.0f} to {one.high:,.0f})"


def _percent(what: str, one: Estimate, bar: float | None = None) -> Row:
    span = f"{100 * one.low:.2f} to {100 * one.high:.2f}"
    return Row(f"{what} ({span})", 100 * one.value, "%", bar)


def _effect_rows(names: list[str], found: Effect) -> Iterator[Row]:
    for place, name in enumerate(names):
        for how, days in (("alone", found.detected_alone), ("together", found.detected_together)):
            one = days[place]
            what = f"{name} {how}: median day of the decision ({one.low:.0f} to {one.high:.0f})"
            yield Row(what, one.value, "")
    for how, total in (("alone", found.total_alone), ("together", found.total_together)):
        what = f"{how}: median of exchanges leaked ({total.low:,.0f} to {total.high:,.0f})"
        yield Row(what, total.value, "")
    medians = 100 * found.total_together.value / found.total_alone.value
    yield Row("leaked together, of alone: ratio of the medians", medians, "%", 65)
    yield _percent("leaked together, of alone: median of the ratio in each run", found.ratio, 65)
    yield _percent("runs in which more leaked together", found.worse)
    yield _percent("runs in which the board said `corroborated`", found.corroborated)


def _harm_rows(world: str, found: Harm) -> list[Row]:
    # A liar's word may lead to a step that can be undone, and only to that; the last world breaks
    # the assumption of the link on purpose. Neither has a bar there.
    trusted = world in {"liar", "shared proxy, taken for an operator"}
    return [
        _percent(f"{world}: innocent clusters acted on alone", found.acted_alone, 5),
        _percent(
            f"{world}: innocent clusters acted on together", found.acted, None if trusted else 5
        ),
        _percent(
            f"{world}: of them through what others stated",
            found.through_others,
            0 if world == "shared proxy" else None,
        ),
        _percent(f"{world}: offered a step that cannot be undone", found.irreversible, 1),
        _percent(f"{world}: runs in which the board said `corroborated`", found.corroborated, 5),
    ]
