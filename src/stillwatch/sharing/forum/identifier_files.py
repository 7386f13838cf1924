"""Identifiers that an operator gives: a file of lines `type value`, which stays on this machine.

No message repeats a value: a fault is told by its line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.private.id_types import IdType
from stillwatch.sharing.private.identifiers import Identifier, Normaliser

MOST_LINES: Final = 1_000_000


def read_identifiers(path: Path) -> Mapping[IdType, list[Identifier]]:
    """Return the identifiers of a file by their type, each once, in the order of the file.

    Empty lines and lines that begin with `#` do not count.

    Raises:
        InputError: The file cannot be read, is too long, or a line is no identifier.
        SharingRefused: A line is of a class that is never shared, or that a rule keeps at home.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path}: cannot be read", "give a text file, UTF-8") from None
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        raise InputError(f"{path}: more than {MOST_LINES:,} lines", "split the file")
    normaliser, found = Normaliser(), defaultdict[IdType, dict[Identifier, None]](dict)
    for number, line in enumerate(lines, 1):
        label, _, value = line.strip().partition(" ")
        if not label or label.startswith("#"):
            continue
        try:
            one = normaliser.identifier(label, value)
        except SharingRefused as refused:
            message = f"{path}, line {number}: {refused.message}"
            raise SharingRefused(message, refused.hint, refused.code) from None
        except InputError as error:
            hint = error.hint or "a line is a type and a value, such as `email a@example.org`"
            raise InputError(f"{path}, line {number}: {error.message}", hint) from None
        found[one.id_type][one] = None
    return {id_type: list(ones) for id_type, ones in found.items()}
