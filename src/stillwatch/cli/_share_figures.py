"""The statistics of the scenario, which no week of traffic can show: by simulation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

import click

from stillwatch.cli._output import print_table

_WORLDS: Final = ("no campaign", "liar", "shared proxy")
_HARMS: Final = ("acted", "through_others", "irreversible", "corroborated")


def figures(seeds: Iterable[int]) -> dict[str, Any]:
    """Return `campaign`, an `Effect`, and for each world without one its `Harm`, as plain data."""
    from stillwatch.sharing.scenario.model import WORLDS, Assumptions
    from stillwatch.sharing.scenario.outcomes import effect, harm

    runs, assumed = list(seeds), Assumptions()
    worlds = {name: asdict(harm(WORLDS[name], assumed, runs)) for name in _WORLDS}
    return {
        "runs": len(runs),
        "campaign": asdict(effect(WORLDS["campaign"], assumed, runs)),
        **worlds,
    }


def print_figures(found: dict[str, Any]) -> None:
    """Print days and exchanges alone and together, and what happens to the innocent."""
    one = found["campaign"]
    click.echo(
        f"\nSimulated: {found['runs']} runs of 45 days, 1,000 accounts a provider, medians:\n"
    )
    print_table(
        ("provider", "decides alone on day", "together", "exchanges leaked alone", "together"),
        [
            (
                name,
                *(
                    f"{one[key][at]['value']:.0f}"
                    for key in ("detected_alone", "detected_together")
                ),
                *(f"{one[key][at]['value']:,.0f}" for key in ("leaked_alone", "leaked_together")),
            )
            for at, name in enumerate("ABC")
        ],
    )
    ratio = one["ratio"]
    click.echo(
        f"\nin all, together {100 * ratio['value']:.0f} % of alone "
        f"(95 %: {100 * ratio['low']:.0f} to {100 * ratio['high']:.0f}); "
        "day 45 stands for never\n"
    )
    print_table(
        ("world", "innocents acted on", "through others' word", "beyond undoing", "corroborated"),
        [
            (
                name,
                *(_share(found[name][key]) for key in _HARMS),
            )
            for name in _WORLDS
        ],
    )

    click.echo(
        "\nIn the liar's world it knows an identifier of each innocent cluster: every such "
        "cluster meets a step that can be undone, and none beyond that."
    )


def _share(estimate: dict[str, float]) -> str:
    return f"{100 * estimate['value']:.1f} % (to {100 * estimate['high']:.1f})"
