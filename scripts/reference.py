"""Writes docs/reference/{cli,units,settings}.md from the code: `python scripts/reference.py`.

`tests/test_docs.py` fails when the pages in the repository are not what this writes.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from stillwatch.cli import cli
from stillwatch.core import errors
from stillwatch.core.catalogue import units
from stillwatch.core.config import ScanSettings, Settings, effective

FOLDER: Final = Path(__file__).parents[1] / "docs" / "reference"
GENERATED: Final = "<!-- Written by scripts/reference.py: change the code, not this page. -->"
KINDS: Final = {
    "sources": "Sources: what can be read",
    "sketches": "Content sketches: what is scored in a prompt",
    "detectors": "Detectors: what is looked for in one account",
    "linkers": "Linkers: what is looked for between accounts",
    "range.baselines": "Baselines that the range shows beside stillwatch",
    "range.personas": "Personas of the composed traffic",
    "range.campaigns": "Campaigns of the demo week",
    "range.tactics": "Tactics of the composed campaigns",
}


def pages() -> dict[str, str]:
    """Return the pages by file name."""
    return {
        name: "\n".join([GENERATED, "", *lines]).rstrip() + "\n"
        for name, lines in (
            ("cli.md", _commands()),
            ("units.md", _units()),
            ("settings.md", _settings()),
        )
    }


def command_names() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command, sub-commands after their group, with the words that call it."""
    context = click.Context(cli, info_name="stillwatch")
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        if command is None:
            continue
        yield (name,), command
        if isinstance(command, click.Group):
            for inner in sorted(command.commands):
                yield (name, inner), command.commands[inner]


def _commands() -> Iterator[str]:
    yield from (
        "# Commands",
        "",
        "Every command prints a table on a terminal, plain columns into a pipe and JSON with",
        "`--json`. A progress bar shows on a terminal only. `stillwatch --debug COMMAND` adds the",
        "traceback to an internal error.",
        "",
        "| exit code | meaning |",
        "|---|---|",
        "| 0 | done |",
        "| 1 | a unit failed and was left out, and the results say which; or an internal error |",
        "| 2 | settings, options or data are wrong; or the results are written, but more rows were "
        "rejected than `--max-rejected` allows |",
        "| 3 | the disk or a peer failed; the hint says what to do |",
        "| 130 | interrupted |",
        "",
        "## Errors",
        "",
        "Every error is a sentence and a hint. In Python all are `StillwatchError`s.",
        "",
        "| error | exit code | meaning |",
        "|---|---|---|",
        *_errors(),
        "",
        "## Completion",
        "",
        "Completion for your shell:",
        "",
        "```sh",
        'eval "$(_STILLWATCH_COMPLETE=bash_source stillwatch)"   # bash',
        'eval "$(_STILLWATCH_COMPLETE=zsh_source stillwatch)"    # zsh',
        "_STILLWATCH_COMPLETE=fish_source stillwatch | source    # fish",
        "```",
        "",
    )
    for words, command in command_names():
        title = " ".join(("stillwatch", *words))
        context = click.Context(command, info_name=title, **cli.context_settings)
        context.max_content_width = context.terminal_width = 96
        yield from (f"## {title}", "", "```text", command.get_help(context), "```", "")


def _errors() -> Iterator[str]:
    for name, error in inspect.getmembers(errors, inspect.isclass):
        if issubclass(error, errors.StillwatchError):
            meaning = inspect.cleandoc(error.__doc__ or "").splitlines()[0]
            yield f"| `{name}` | {error.exit_code} | {meaning} |"


def _units() -> Iterator[str]:
    yield from (
        "# Units",
        "",
        "Every unit is one file in the folder of its kind. A1 to A26 are tactics, B1 to B18",
        "innocent look-alikes. Outside packages add units through an entry point of the group",
        "`stillwatch.units`, named `<folder>.<unit>`.",
        "",
    )
    for folder, title in KINDS.items():
        yield from (f"## {title}", "")
        for name, unit in units(folder, object).items():
            yield from (f"### {name}", "", *_page(unit, name, folder), "")


def _page(unit: object, name: str, folder: str) -> Iterator[str]:
    module = sys.modules.get(f"stillwatch.{folder}.{name}") or sys.modules[type(unit).__module__]
    for line in inspect.cleandoc(module.__doc__ or "").splitlines():
        # A section begins a paragraph of its own; what follows it belongs to it.
        section = re.match(r"[A-Z][a-z-]+( [a-z]+)?: ", line)
        if section:
            yield ""
            yield f"**{section[0].strip()}** {line[section.end() :]}"
        else:
            yield line.strip()
    if source := getattr(unit, "source", ""):
        yield from ("", f"**Source:** {source}.")
    for example in getattr(unit, "examples", ()):
        kind = str(getattr(example, "kind", "")).replace("_", " ")
        yield from (
            ("", f"- *{kind}*: {example.name}")
            if kind == "fires"
            else (f"- *{kind}*: {example.name}",)
        )


def _settings() -> Iterator[str]:
    yield from (
        "# Settings",
        "",
        "One file, `stillwatch.toml` in the working folder, or where `--config` or",
        "`STILLWATCH_CONFIG` point. Options of the command line win over the file. An unknown",
        "section or key is an error, and all faults are reported together.",
        "`stillwatch config show --origin` says where each value comes from.",
        "",
        "```toml",
        "[scan]",
        "fdr = 0.01",
        "",
        "[detectors.steady_load]",
        "min_exchanges = 48",
        "```",
        "",
        "The environment holds the one secret: `STILLWATCH_SKETCH_KEY`, 16 to 64 bytes, keys all",
        "tokens in sketches. Without it a public key is used, and anybody can test a guessed value",
        "against a token. Sketches made with different keys cannot be scanned together.",
        "",
        "| setting | default | meaning |",
        "|---|---|---|",
    )
    for row in effective(Settings()):
        yield f"| `{row.key}` | `{row.default}` | {_meaning(row.key)} |"


def _meaning(key: str) -> str:
    """Return what the class says of a field under `Attributes`."""
    *path, field = key.split(".")
    owner = ScanSettings if path == ["scan"] else type(units(path[0], object)[path[1]])
    text = inspect.cleandoc(owner.__doc__ or "")
    match = re.search(rf"^ +{field}: (.+(?:\n {{8,}}.+)*)", text, re.MULTILINE)
    return " ".join(match[1].split()) if match else ""


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
