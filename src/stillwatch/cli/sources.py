"""`stillwatch sources`: the formats that can be read."""

from __future__ import annotations

import click

from stillwatch.cli._options import example, json_option
from stillwatch.cli._output import print_json, print_table


@click.command(epilog=example("sources"))
@json_option
def sources(as_json: bool) -> None:
    """List the input formats."""
    from stillwatch.core.catalogue import units
    from stillwatch.core.contracts import Source

    found = units("sources", Source)
    if as_json:
        print_json([{"name": name, "summary": unit.summary} for name, unit in found.items()])
    else:
        print_table(("format", "reads"), [(name, unit.summary) for name, unit in found.items()])


COMMAND = sources
