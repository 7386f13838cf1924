"""Values as people read them, and hostile text as inert text."""

from __future__ import annotations

import math
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Final

from stillwatch.core.wording import plural

NONE: Final = "–"
ID_LENGTH: Final = 56
TEXT_LENGTH: Final = 600
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TAIL: Final = 8
_MARKS: Final = 2
_SUPERSCRIPT: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def clean(text: str, limit: int = TEXT_LENGTH) -> str:
    """Make untrusted text safe to look at: bounded, with nothing invisible or reordering in it.

    Control, format, private and unassigned characters, lone surrogates, odd spaces and all but
    the first two combining marks in a row become codes such as `‹U+202E›`. Longer text keeps its
    beginning and its last eight characters, so that two long names stay apart. HTML is escaped
    by the template, not here.

    Args:
        text: Any text.
        limit: Characters kept, at least 16.
    """
    if len(text) > limit:
        head, tail = text[: limit - _TAIL], text[-_TAIL:]
        return f"{_visible(head)}…{_visible(tail)} ({len(text):,} characters)"
    return _visible(text)


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category.startswith("M") else 0
        hidden = (
            category.startswith("C")
            or (category.startswith("Z") and character != " ")
            or marks > _MARKS
        )
        shown.append(f"‹U+{ord(character):04X}›" if hidden else character)
    return "".join(shown)


def count(value: int) -> str:
    """Write a count with thousands separators."""
    return f"{value:,}"


def number(value: float | None) -> str:
    """Write a measure with three significant digits; a dash where there is none."""
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value != 0 and not 1e-4 <= abs(value) < 1e7:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"
    if abs(value) >= 1000 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.3g}"


def chance(value: float | None) -> str:
    """Write a p-value or q-value: `< 0.0001`, else two significant digits."""
    if value is None or math.isnan(value):
        return NONE
    if value < 1e-4:
        return "< 0.0001"
    return f"{value:.2g}"


def equation(symbol: str, value: float | None) -> str:
    """Write `p < 0.0001` or `p = 0.012`."""
    shown = chance(value)
    return f"{symbol} {shown}" if shown.startswith("<") else f"{symbol} = {shown}"


def percent(value: float) -> str:
    """Write a share as a percentage with up to two significant digits."""
    if math.isnan(value):
        return NONE
    if 0 < value < 1e-4:
        return "< 0.01 %"
    return f"{value * 100:.2g} %" if value < 0.995 else f"{value * 100:.0f} %"


def moment(time_us: int | None) -> str:
    """Write UTC microseconds since 1970 as a minute, such as `2026-02-03 14:05 UTC`."""
    if time_us is None:
        return NONE
    try:
        return f"{_EPOCH + timedelta(microseconds=time_us):%Y-%m-%d %H:%M} UTC"
    except OverflowError:
        return "outside the calendar"


def span(from_us: int | None, to_us: int | None) -> str:
    """Write the length of a stretch of time in days, hours or minutes."""
    if from_us is None or to_us is None:
        return NONE
    minutes = max(0, to_us - from_us) / 60e6
    for size, unit in ((1440, "day"), (60, "hour")):
        if minutes >= size:
            return plural(round(minutes / size), unit)
    return plural(round(minutes), "minute")


def listing(items: tuple[str, ...] | list[str]) -> str:
    """Join words as in a sentence: `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def unit_name(name: str) -> str:
    """Write the name of a unit as words: `steady_load` becomes `steady load`."""
    return name.replace("_", " ")
