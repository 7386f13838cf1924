"""`stillwatch demo`: campaigns hidden in composed traffic, and what a scan finds of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from stillwatch.cli._options import example, json_option, settings_from, settings_options
from stillwatch.cli._output import print_json, print_table
from stillwatch.cli._progress import shown_progress
from stillwatch.core.wording import plural

if TYPE_CHECKING:
    import pyarrow as pa

    from stillwatch.core.results import Results

_HISTORY_SEED: Final = 1_000_003
_HISTORY_SCALE: Final = 3.0
"""The history sees more accounts than a week: a rank is no finer than their number."""


@click.command(epilog=example("demo --out demo"))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="demo",
    show_default=True,
    help="Folder for the traffic and the results.",
)
@click.option("--days", type=click.IntRange(2, 60), default=7, show_default=True, help="Length.")
@click.option(
    "--scale",
    type=click.FloatRange(0.01, 100),
    default=1.0,
    show_default=True,
    help="Multiplies the number of accounts.",
)
@settings_options("seed", "threads", "memory_limit")
@json_option
def demo(
    out: Path, days: int, scale: float, as_json: bool, config: Path | None, **flags: object
) -> int:
    """Find the campaigns in a composed week.

    Composes labelled traffic, calibrates on another week without campaigns, scans, and compares
    with the truth. Needs no data and no network.
    """
    settings = settings_from(config, flags)
    from stillwatch import pipeline
    from stillwatch.cli._outcome import finish, summary

    with shown_progress() as progress:
        progress.start("compose", 2, "weeks")
        seed = settings.scan.seed
        history = _compose(
            out / "history", seed + _HISTORY_SEED, days, _HISTORY_SCALE * scale, campaigns=False
        )[0]
        progress.advance(1)
        traffic, labels = _compose(out / "week", seed, days, scale, campaigns=True)
        progress.advance(1)
        progress.done()
        profile = out / "profile.json"
        pipeline.calibrate([str(history)], profile, settings, progress=progress)
        outcome = pipeline.scan(
            [str(traffic)], out / "results", settings, profile=profile, progress=progress
        )
    if as_json:
        print_json({**summary(outcome), "truth": compare(outcome.results, labels)})
        return 0
    code = finish(outcome, settings, as_json=False)
    _print_truth(compare(outcome.results, labels))
    return code


def compare(results: Results, labels: pa.Table) -> dict[str, object]:
    """Hold what was found against the truth.

    Args:
        results: What a scan concluded.
        labels: `LABEL_SCHEMA`: who belongs to which campaign.

    Returns:
        `campaigns`: for each true one its accounts and how many were flagged at each level;
        `benign`: the same for each innocent archetype.
    """
    level = {m.account_id: m.level for c in results.campaigns for m in c.members}
    found: dict[str, Counter[str]] = {}
    benign: dict[str, Counter[str]] = {}
    for row in labels.to_pylist():
        groups, name = found, row["campaign_id"]
        if name is None:
            groups, name = benign, row["archetype"]
        groups.setdefault(name, Counter())[level.get(row["account_id"], "none")] += 1
    return {
        "campaigns": _counted("campaign", found),
        "benign": _counted("archetype", benign),
        "benign_accounts": sum(levels.total() for levels in benign.values()),
    }


def _counted(kind: str, groups: dict[str, Counter[str]]) -> list[dict[str, object]]:
    return [
        {
            kind: name,
            "accounts": levels.total(),
            **{key: levels[key] for key in ("act", "review", "none")},
        }
        for name, levels in sorted(groups.items(), key=lambda item: (len(item[0]), item[0]))
    ]


def _compose(
    folder: Path, seed: int, days: int, scale: float, *, campaigns: bool
) -> tuple[Path, pa.Table]:
    from stillwatch.outputs import disk_errors
    from stillwatch.range.compose import compose_demo, write

    composition = compose_demo(seed, days=days, scale=scale, campaigns=campaigns)
    with disk_errors(folder):
        return write(composition, folder)[0], composition.labels


def _print_truth(truth: dict[str, object]) -> None:
    from stillwatch.report import LOOK_ALIKES

    campaigns, benign = truth["campaigns"], truth["benign"]
    assert isinstance(campaigns, list)  # noqa: S101 (for the type checker)
    assert isinstance(benign, list)  # noqa: S101
    click.echo("\nAgainst the truth, which the scan was not shown:\n")
    print_table(
        ("hidden campaign", "accounts", "act", "review", "missed"),
        [tuple(row.values()) for row in campaigns],
    )
    click.echo()
    flagged = [row for row in benign if row["act"] or row["review"]]
    innocent = plural(int(str(truth["benign_accounts"])), "innocent account")
    if not flagged:
        click.echo(f"none of {innocent} flagged")
        return
    print_table(
        ("innocent", "accounts", "act", "review"),
        [
            (
                f"{row['archetype']} {LOOK_ALIKES.get(row['archetype'], '')}".rstrip(),
                *(row[key] for key in ("accounts", "act", "review")),
            )
            for row in flagged
        ],
    )
    totals = (sum(row[key] for row in benign) for key in ("act", "review"))
    click.echo("in all: {:,} at act and {:,} at review, of ".format(*totals) + innocent)


COMMAND = demo
