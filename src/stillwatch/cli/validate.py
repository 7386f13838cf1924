"""`stillwatch validate`: what would be read, and what not."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from stillwatch.cli._options import (
    example,
    format_option,
    inputs_argument,
    json_option,
    settings_from,
    settings_options,
)
from stillwatch.cli._output import print_json, print_table, printable
from stillwatch.cli._progress import shown_progress

if TYPE_CHECKING:
    from stillwatch.pipeline import Validation

_MOST_REASONS: Final = 20


@click.command(epilog=example("validate logs/"))
@inputs_argument
@format_option
@settings_options("max_rejected")
@json_option
def validate(
    inputs: tuple[str, ...],
    source: str | None,
    as_json: bool,
    config: Path | None,
    **flags: object,
) -> int:
    """Say what a scan of these logs would read.

    Reads without scanning: which rows are rejected, which columns are missing, which units
    would abstain.
    """
    settings = settings_from(config, flags)
    from stillwatch import pipeline
    from stillwatch.cli._outcome import too_many_rejected

    with shown_progress() as progress:
        report = pipeline.validate(inputs, settings, format=source, progress=progress)
    if as_json:
        print_json(_plain(asdict(report)))
    else:
        _print(report)
    rows = sum(file.rows for file in report.files)
    rejected = sum(file.rejected for file in report.files)
    where = "a scan would end with exit code 2 as well"
    return too_many_rejected(rejected, rows, settings, where)


def _print(report: Validation) -> None:
    print_table(
        ("file", "format", "rows", "rejected"),
        [(file.path, file.source, file.rows, file.rejected) for file in report.files],
    )
    click.echo()
    filled = [(name, f"{share:.1%}") for name, share in report.columns.items() if share]
    print_table(("column", "filled"), filled)
    empty = [name for name, share in report.columns.items() if not share]
    if empty:
        click.echo()
        click.echo(textwrap.fill(f"empty: {', '.join(empty)}", 96, subsequent_indent="  "))
    _list("unknown columns, ignored", [printable(name) for name in report.unknown])
    _list("rejected", _reasons(report.reasons))
    _list("would abstain", [f"{item.unit}: {item.reason}" for item in report.abstaining])


def _reasons(reasons: dict[str, int]) -> list[str]:
    lines = [
        f"{count:,} x {printable(why)}" for why, count in list(reasons.items())[:_MOST_REASONS]
    ]
    rest = len(reasons) - len(lines)
    return [*lines, f"and {rest:,} more; --json lists them"] if rest else lines


def _list(title: str, lines: list[str]) -> None:
    if lines:
        click.echo(f"\n{title}:")
        for line in lines:
            click.echo(f"  {line}")


def _plain(value: object) -> object:
    """Turn paths into text, all the way down."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


COMMAND = validate
