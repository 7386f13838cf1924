"""`stillwatch calibrate`: learn what ordinary traffic looks like."""

from __future__ import annotations

from pathlib import Path

import click

from stillwatch.cli._options import (
    example,
    format_option,
    inputs_argument,
    json_option,
    settings_from,
    settings_options,
)
from stillwatch.cli._output import print_json
from stillwatch.cli._progress import shown_progress
from stillwatch.core.wording import plural


@click.command(epilog=example("calibrate logs/2026-02/ --out profile.json"))
@inputs_argument
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for the profile.",
)
@format_option
@settings_options("seed", "threads", "memory_limit")
@json_option
def calibrate(
    inputs: tuple[str, ...],
    out: Path,
    source: str | None,
    as_json: bool,
    config: Path | None,
    **flags: object,
) -> None:
    """Learn what ordinary traffic looks like.

    Reads your own past traffic. The profile holds scores by segment, no text and no ids.
    Give it to `scan --profile`.
    """
    settings = settings_from(config, flags)
    from stillwatch import pipeline

    with shown_progress() as progress:
        outcome = pipeline.calibrate(inputs, out, settings, format=source, progress=progress)
    if as_json:
        print_json({"out": str(out), "exchanges": outcome.exchanges, "accounts": outcome.accounts})
    else:
        learnt = f"{plural(outcome.exchanges, 'exchange')} of {plural(outcome.accounts, 'account')}"
        click.echo(f"learnt from {learnt}: {out}")


COMMAND = calibrate
