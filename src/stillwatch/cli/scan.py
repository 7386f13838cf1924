"""`stillwatch scan`: from logs to campaigns."""

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
    settings_from,
    settings_options,
)
from stillwatch.cli._progress import shown_progress

if TYPE_CHECKING:
    from stillwatch.core.config import Settings


@click.command(epilog=example("scan logs/ --profile profile.json --out results"))
@inputs_argument
@out_option
@profile_option
@format_option
@click.option("--show-text", is_flag=True, help="Put the text of shared templates in the report.")
@settings_options("fdr", "review_budget", "max_rejected", "seed", "threads", "memory_limit")
@json_option
def scan(
    inputs: tuple[str, ...],
    out: Path,
    profile: Path | None,
    source: str | None,
    show_text: bool,
    as_json: bool,
    config: Path | None,
    **flags: object,
) -> int:
    """Find campaigns in request logs or sketches.

    INPUT is a file, a folder or a quoted glob. Results appear in the folder --out, all at once:
    campaigns.json, accounts.parquet, report.html, rejected.jsonl and run.json.
    """
    settings: Settings = settings_from(config, flags)
    from stillwatch import pipeline
    from stillwatch.cli._outcome import finish

    with shown_progress() as progress:
        outcome = pipeline.scan(
            inputs,
            out,
            settings,
            profile=profile,
            format=source,
            show_text=show_text,
            progress=progress,
        )
    return finish(outcome, settings, as_json)


COMMAND = scan
