"""`stillwatch detectors`: what is looked for in one account."""

from __future__ import annotations

import click

from stillwatch.cli._options import example, json_option
from stillwatch.cli._units import list_units


@click.command(epilog=example("detectors rubric_grading"))
@click.argument("name", required=False)
@json_option
def detectors(name: str | None, as_json: bool) -> None:
    """List the detectors, or show the page of one."""
    from stillwatch.core.contracts import Detector

    list_units("detectors", Detector, name, as_json)


COMMAND = detectors
