"""`stillwatch config`: the settings in force."""

from __future__ import annotations

from pathlib import Path

import click

from stillwatch.cli._options import example, json_option, settings_from, settings_options
from stillwatch.cli._output import print_json, print_table


@click.group()
def config() -> None:
    """Show the settings."""


@config.command(epilog=example("config show --origin"))
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@settings_options()
@json_option
def show(origin: bool, as_json: bool, config: Path | None) -> None:
    """Show every setting in force, its default, and where it comes from."""
    settings = settings_from(config, {})
    from stillwatch.core.config import effective
    from stillwatch.core.keyed import PUBLIC_KEY

    public = settings.sketch_key == PUBLIC_KEY
    key_origin = "default (public)" if public else "environment"
    rows = effective(settings)
    if as_json:
        print_json(
            {
                "settings": [
                    {"key": r.key, "value": r.value, "default": r.default, "origin": r.origin}
                    for r in rows
                ],
                "sketch_key": key_origin,
            }
        )
        return
    table = [(r.key, _toml(r.value), _toml(r.default), r.origin) for r in rows]
    table.append(("STILLWATCH_SKETCH_KEY", "(secret)", "public", key_origin))
    width = 4 if origin else 3
    print_table(("setting", "value", "default", "origin")[:width], [row[:width] for row in table])


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


COMMAND = config
