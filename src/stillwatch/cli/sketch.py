"""`stillwatch sketch`: drop the text, keep what a scan needs."""

from __future__ import annotations

from pathlib import Path

import click

from stillwatch.cli._options import (
    example,
    format_option,
    inputs_argument,
    json_option,
    out_option,
    settings_from,
    settings_options,
)
from stillwatch.cli._output import print_json
from stillwatch.cli._progress import shown_progress
from stillwatch.core.wording import plural


@click.command(epilog=example("sketch logs/ --out sketches"))
@inputs_argument
@out_option
@format_option
@settings_options("max_rejected", "threads")
@json_option
def sketch(
    inputs: tuple[str, ...],
    out: Path,
    source: str | None,
    as_json: bool,
    config: Path | None,
    **flags: object,
) -> int:
    """Drop the text, keep what a scan needs.

    A scan of the sketches finds the same campaigns as a scan of the logs. Set
    STILLWATCH_SKETCH_KEY, so that nobody without it can test a guessed prompt or address
    against a sketch.
    """
    settings = settings_from(config, flags)
    from stillwatch import pipeline
    from stillwatch.cli._outcome import too_many_rejected
    from stillwatch.outputs import REJECTED

    with shown_progress() as progress:
        outcome = pipeline.sketch(inputs, out, settings, format=source, progress=progress)
    if as_json:
        print_json(
            {
                "out": str(out),
                "exchanges": outcome.exchanges,
                "rejected": outcome.rejected,
                "files": [str(path) for path in outcome.files],
            }
        )
    else:
        click.echo(
            f"sketched {plural(outcome.exchanges, 'exchange')}, "
            f"rejected {outcome.rejected:,}: {out}"
        )
    rows = outcome.exchanges + outcome.rejected + outcome.duplicates
    where = f"{out / f'_{REJECTED}'} says why; the sketches are written"
    return too_many_rejected(outcome.rejected, rows, settings, where)


COMMAND = sketch
