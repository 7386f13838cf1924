"""Options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

if TYPE_CHECKING:
    from stillwatch.core.config import Settings

Command = TypeVar("Command", bound=Callable[..., object])

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LONGEST: Final = 520 * 604800

_SCAN: Final = {
    "fdr": click.option(
        "--fdr", type=float, help="False-discovery rate over everything flagged act. [0.01]"
    ),
    "review_budget": click.option(
        "--review-budget", type=int, help="Most accounts at level review. [50]"
    ),
    "max_rejected": click.option(
        "--max-rejected",
        type=float,
        help="Share of unreadable rows above which the exit code is 2. [0.01]",
    ),
    "seed": click.option("--seed", type=int, help="Seed of every draw. [0]"),
    "threads": click.option("--threads", type=int, help="Threads; 0 is one a core. [0]"),
    "memory_limit": click.option(
        "--memory-limit", metavar="SIZE", help="Memory of the relational engine. [2GB]"
    ),
}

inputs_argument = click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
out_option = click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the results.",
)
profile_option = click.option(
    "--profile",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What `calibrate` learned of ordinary traffic.",
)
format_option = click.option(
    "--format", "source", metavar="NAME", help="Input format, when it is not to be detected."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file. [$STILLWATCH_CONFIG, else ./stillwatch.toml]",
)


def example(line: str) -> str:
    """Return the example below a command's help; the backspace keeps its lines as they are."""
    return f"\b\nExample:\n  stillwatch {line}"


def settings_options(*names: str) -> Callable[[Command], Command]:
    """Add `--config` and the options of `[scan]` that a command heeds.

    The command gets them as keyword arguments and hands them to `settings_from`.
    """

    def decorate(command: Command) -> Command:
        for name in reversed(names):
            command = _SCAN[name](command)
        return _config_option(command)

    return decorate


def settings_from(config: Path | None, flags: dict[str, object]) -> Settings:
    """Return the settings in force under the options given.

    Raises:
        ConfigError: The file or an option is wrong.
    """
    from stillwatch.settings import load_settings

    return load_settings(config, {"scan": flags})


def seconds(context: click.Context, parameter: click.Parameter, value: str) -> int:
    """Return a length of time such as `30m`, `1h` or `7d` in seconds; an option's callback.

    Raises:
        click.BadParameter: It is written otherwise.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smhdw])", value)
    if match is None:
        raise click.BadParameter("write a length of time as 30m, 1h or 7d", context, parameter)
    length = int(match[1]) * _SECONDS[match[2]]
    if length > _LONGEST:
        raise click.BadParameter("choose at most 520w, ten years", context, parameter)
    return length
