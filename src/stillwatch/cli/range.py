"""`stillwatch range`: composes labelled traffic and holds results against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli._options import example, json_option
from stillwatch.cli._output import print_json, print_table
from stillwatch.core.wording import plural

if TYPE_CHECKING:
    from stillwatch.range.evaluate import Evaluation, Group


@click.group(name="range")
def range_group() -> None:
    """Compose labelled traffic, and measure a detector on it."""


@range_group.command("list", epilog=example("range list"))
@json_option
def list_units(as_json: bool) -> int:
    """List scenarios, tactics and personas, and the tactics that leave no trace."""
    from stillwatch.core.catalogue import units
    from stillwatch.range.contracts import UNOBSERVABLE, Persona, Tactic
    from stillwatch.range.scenario import scenarios

    known = scenarios()
    tactics, personas = units("range.tactics", Tactic), units("range.personas", Persona)
    if as_json:
        print_json(
            {
                "scenarios": {s.name: {"summary": s.summary, "target": s.target}
                              for s in known.values()},
                "tactics": {t.name: {"summary": t.summary, "tactics": t.tactics,
                                     "source": t.source} for t in tactics.values()},
                "personas": {p.name: {"summary": p.summary, "look_alike": p.look_alike}
                             for p in personas.values()},
                "unobservable": UNOBSERVABLE,
            }
        )  # fmt: skip
        return 0
    print_table(("scenario", "what it hides"), [(s.name, s.summary) for s in known.values()])
    click.echo()
    print_table(
        ("tactic", "ids", "what it does"),
        [(t.name, " ".join(t.tactics) or "evasion", t.summary) for t in tactics.values()],
    )
    click.echo()
    print_table(
        ("persona", "look-alike", "who"),
        [(p.name, p.look_alike or "-", p.summary) for p in personas.values()],
    )
    click.echo("\nnot composed, as no request shows them:")
    print_table(("tactic", "why"), list(UNOBSERVABLE.items()))
    return 0


@range_group.command("compose", epilog=example("range compose template_400 --out range"))
@click.argument("scenario", nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="range",
    show_default=True,
    help="Folder; each scenario gets a folder of its own in it.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    envvar="STILLWATCH_DATA",
    help="Folder of real prompts and arrivals; else text and times of our own making.",
)
@click.option(
    "--scale",
    type=click.FloatRange(0.01, 100),
    help="Multiplies the number of benign accounts, instead of the scenario's own.",
)
@json_option
def compose(scenario: tuple[str, ...], out: Path, seed: int, data: Path | None,
            scale: float | None, as_json: bool) -> int:  # fmt: skip
    """Compose labelled traffic of each SCENARIO: a built-in name or a TOML file.

    Writes traffic.parquet and, apart from it, the truth as labels.parquet.
    """
    from dataclasses import replace

    from stillwatch.outputs import disk_errors
    from stillwatch.range.compose import write
    from stillwatch.range.scenario import compose as composed
    from stillwatch.range.scenario import find

    plans = [find(name) for name in scenario]
    if scale is not None:
        plans = [replace(plan, scale=scale) for plan in plans]
    made = []
    for plan in plans:
        week = composed(plan, seed, data)
        folder = out / plan.name
        with disk_errors(folder):
            traffic, labels = write(week, folder)
        rows, accounts = week.exchanges.num_rows, week.labels.num_rows
        hidden = len(week.labels["campaign_id"].drop_null())
        made.append(
            {
                "scenario": plan.name,
                "exchanges": rows,
                "accounts": accounts,
                "members": hidden,
                "campaigns": [campaign.name for campaign in plan.campaigns],
                "traffic": str(traffic),
                "labels": str(labels),
            }
        )
        if not as_json:
            click.echo(
                f"{plan.name}: {rows:,} exchanges of {plural(accounts, 'account')}, "
                f"{hidden:,} of them in {plural(len(plan.campaigns), 'hidden campaign')}\n"
                f"  {traffic}\n  {labels}"
            )
    if as_json:
        print_json({"composed": made})
    return 0


@range_group.command(
    "evaluate", epilog=example("range evaluate results range/template_400/labels.parquet")
)
@click.argument("results", type=click.Path(path_type=Path, file_okay=False))
@click.argument("labels", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def evaluate(results: Path, labels: Path, as_json: bool) -> int:
    """Hold the RESULTS of a scan or replay against the LABELS."""
    from stillwatch.range.evaluate import evaluate as evaluated

    found = evaluated(results, labels)
    if as_json:
        print_json(found.to_json())
        return 0
    _print(found)
    return 0


def _print(found: Evaluation) -> None:
    print_table(
        (
            "hidden campaign",
            "accounts",
            "act",
            "review",
            "act, 95 % interval",
            "found as",
            "purity",
        ),
        [
            (*_levels(item.members), _interval(item.members), len(item.found_as), item.purity)
            for item in found.hidden
        ],
    )
    for title, groups in (("archetype", found.archetypes), ("language", found.languages)):
        if groups:
            click.echo()
            print_table(
                (f"innocent, by {title}", "accounts", "act", "review", "act, 95 %"),
                [(*_levels(group), _interval(group)) for group in groups],
            )
    act, queue = found.true_at_act, found.true_in_queue
    click.echo(
        f"\nat act: {act.count:,} members of {act.of:,} flagged; "
        f"in the whole queue {queue.count:,} of {queue.of:,}"
    )
    click.echo(
        f"campaigns at act: {found.campaigns_at_act}, false {found.false_at_act}, "
        f"merged {found.merges}, split {found.splits}"
    )
    for rate, (measured, worst) in found.precision.items():
        seen = "-" if measured is None else f"{measured:.3f}"
        click.echo(
            f"precision at act at a base rate of 1 in {1 / float(rate):,.0f}: {seen}; "
            f"at the upper limit of the false-positive rate {worst:.3f}"
        )


def _levels(group: Group) -> tuple[str, int, int, int]:
    return group.name, group.act.of, group.act.count, group.flagged.count - group.act.count


def _interval(group: Group) -> str:
    return f"{100 * group.act.low:.2f} to {100 * group.act.high:.2f} %"


COMMAND = range_group
