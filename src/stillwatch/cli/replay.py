"""`stillwatch replay`: when would each campaign have been found?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli._options import (
    example,
    format_option,
    inputs_argument,
    json_option,
    out_option,
    profile_option,
    seconds,
    settings_from,
    settings_options,
)
from stillwatch.cli._progress import shown_progress

if TYPE_CHECKING:
    from stillwatch.core.config import Settings


@click.command(epilog=example("replay logs/ --every 1h --profile profile.json --out replayed"))
@inputs_argument
@out_option
@click.option(
    "--every",
    "every_seconds",
    metavar="TIME",
    callback=seconds,
    default="1h",
    show_default=True,
    help="Time between two looks at the data, as 30m, 1h or 1d.",
)
@profile_option
@format_option
@settings_options("fdr", "review_budget", "max_rejected", "seed", "threads", "memory_limit")
@json_option
def replay(
    inputs: tuple[str, ...],
    out: Path,
    every_seconds: int,
    profile: Path | None,
    source: str | None,
    as_json: bool,
    config: Path | None,
    **flags: object,
) -> int:
    """Scan past traffic as if it were live.

    Looks at the data again after every step, and adds to every campaign and member when it was
    first flagged, and how many of its exchanges had passed by then.
    """
    settings: Settings = settings_from(config, flags)
    from stillwatch import pipeline
    from stillwatch.cli._outcome import finish

    with shown_progress() as progress:
        outcome = pipeline.replay(
            inputs,
            out,
            settings,
            every_seconds=every_seconds,
            profile=profile,
            format=source,
            progress=progress,
        )
    return finish(outcome, settings, as_json)


COMMAND = replay
