"""The command line. One file a command; thin: parse, call the library, print."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Sequence

import click

from stillwatch import __version__

_INTERRUPTED = 130


class _Commands(click.Group):
    """Imports a command when it is asked for, so that `--version` need not wait for any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands: the files of this folder."""
        del ctx
        return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name[0] != "_")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{__name__}.{cmd_name}").COMMAND
        assert isinstance(command, click.Command)  # noqa: S101 (for the type checker)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="stillwatch")
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
def cli(debug: bool) -> None:
    """Find adversarial distillation in API traffic, with an error rate on every alarm."""
    del debug


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; whatever fails, it says so in words.

    Args:
        arguments: Without the program's name; None takes the process's own.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = cli.main(words, prog_name="stillwatch", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return _INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:
        from stillwatch.cli._failures import explain

        return explain(error, debug="--debug" in words)
    return code if isinstance(code, int) else 0


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run())


def _reader_left() -> int:
    """Keep quiet when whoever read our output has closed it, as `head` does."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


__all__ = ["cli", "main", "run"]
