"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Final

import click

_GAP: Final = "  "
_NARROWEST: Final = 8


def print_json(content: object) -> None:
    """Print an object as JSON, indented, keys as they come."""
    from stillwatch.core.json_bytes import INDENTED, json_bytes

    click.echo(json_bytes(content, INDENTED).decode(), nl=False)


def print_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print aligned columns: numbers to the right, the last column folded to the terminal's width.

    A pipe gets the same columns, one line a row and without colour.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    right = [
        bool(rows) and all(isinstance(v, int | float) for v in column)
        for column in zip(*rows, strict=True)
    ] or [False] * len(headers)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    click.echo(click.style(_line(headers, widths, right), bold=True))
    for row in cells:
        for line in _folded(row, widths, width):
            click.echo(_line(line, widths, right))


def printable(text: str) -> str:
    """Replace control characters: ids come from traffic, and terminals obey them."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, int):
        return f"{value:,}"
    return printable(str(value))


def _folded(row: Sequence[str], widths: Sequence[int], width: int | None) -> list[list[str]]:
    """Fold the last cell into lines of a terminal; where there is no room, leave it whole."""
    room = 0 if width is None else width - sum(widths[:-1]) - len(_GAP) * (len(widths) - 1)
    if room < _NARROWEST or len(row[-1]) <= room:
        return [list(row)]
    lines = textwrap.wrap(row[-1], room, break_on_hyphens=False) or [""]
    return [
        [*(row[:-1] if number == 0 else [""] * (len(row) - 1)), line]
        for number, line in enumerate(lines)
    ]


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if flush else cell.ljust(width)
        for cell, width, flush in zip(cells, widths, right, strict=True)
    ]
    return _GAP.join(padded).rstrip()
