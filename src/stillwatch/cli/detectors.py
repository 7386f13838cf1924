"""`stillwatch detectors`: what is looked for in one account."""

from __future__ import annotations

import click

from stillwatch.cli._options import json_option
from stillwatch.cli._units import list_units


@click.command()
@click.argument("name", required=False)
@json_option
def detectors(name: str | None, as_json: bool) -> None:
    r"""List the detectors, or show the page of one.

    \b
    Example:
      stillwatch detectors rubric_grading
    """
    from stillwatch.core.contracts import Detector

    list_units("detectors", Detector, name, as_json)


COMMAND = detectors
