"""Counts with their nouns, for every sentence a person reads."""

from __future__ import annotations


def plural(number: int, noun: str, many: str | None = None) -> str:
    """Write a count with its noun: `1 account`, `2,000 accounts`."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"
