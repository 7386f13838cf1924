"""Turns an exception into words and an exit code."""

from __future__ import annotations

import traceback

import click

from stillwatch.cli._output import printable
from stillwatch.core.errors import StillwatchError


def explain(error: Exception, debug: bool) -> int:
    """Print what went wrong and what to do, and return the exit code.

    Args:
        error: What was raised.
        debug: Whether to print the traceback of an error that is not the user's.
    """
    if isinstance(error, OSError):
        return explain(_from_disk(error), debug)
    if isinstance(error, MemoryError):
        _say("error: out of memory", "set --memory-limit or --threads lower")
        return 1
    if isinstance(error, StillwatchError):
        _say(f"error: {error.message}", error.hint)
        return error.exit_code
    # The text of an unforeseen error may quote the data: only its kind is shown.
    _say(
        f"internal error: {type(error).__name__}",
        "please report it, with the output of `stillwatch --debug ...` where it holds no data",
    )
    if debug:
        click.echo("".join(traceback.format_exception(error)), err=True)
    return 1


def _from_disk(error: OSError) -> Exception:
    from pathlib import Path

    from stillwatch.outputs import disk_errors

    try:
        with disk_errors(Path(str(error.filename or "disk"))):
            raise error
    except StillwatchError as translated:
        return translated


def _say(message: str, hint: str) -> None:
    for line in message.splitlines():
        click.echo(click.style(printable(line), fg="red"), err=True)
    for line in hint.splitlines():
        click.echo(f"  hint: {printable(line)}", err=True)
