"""`stillwatch linkers`: what is looked for between accounts."""

from __future__ import annotations

import click

from stillwatch.cli._options import example, json_option
from stillwatch.cli._units import list_units


@click.command(epilog=example("linkers payment"))
@click.argument("name", required=False)
@json_option
def linkers(name: str | None, as_json: bool) -> None:
    """List the linkers, or show the page of one."""
    from stillwatch.core.contracts import Linker

    list_units("linkers", Linker, name, as_json)


COMMAND = linkers
