"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import Final

import click

_GAP: Final = "  "


def print_json(content: object) -> None:
    """Print an object as JSON, indented, keys as they come."""
    from stillwatch.core.json_bytes import INDENTED, json_bytes

    click.echo(json_bytes(content, INDENTED).decode(), nl=False)


def print_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print aligned columns: numbers to the right, the last column cut to the terminal's width.

    A pipe gets the same columns uncut and without colour.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    right = [
        bool(rows) and all(isinstance(v, int | float) for v in column)
        for column in zip(*rows, strict=True)
    ] or [False] * len(headers)
    click.echo(click.style(_line(headers, widths, right), bold=True))
    for row in cells:
        click.echo(_line(row, widths, right))


def printable(text: str) -> str:
    """Replace control characters: ids come from traffic, and terminals obey them."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 account`, `1,024 accounts`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, int):
        return f"{value:,}"
    return printable(str(value))


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if flush else cell.ljust(width)
        for cell, width, flush in zip(cells, widths, right, strict=True)
    ]
    line = _GAP.join(padded).rstrip()
    return line[: shutil.get_terminal_size().columns] if sys.stdout.isatty() else line
