"""Days, ISO weeks and business days of times in UTC microseconds since 1970."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Final

from stillwatch.core.errors import InputError

DAY_US: Final = 86_400_000_000
HOUR_US: Final = 3_600_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def day_of(at_us: int) -> date:
    """Return the UTC day of a time."""
    return (_EPOCH + timedelta(microseconds=at_us)).date()


def iso_week(day: date) -> str:
    """Return the ISO 8601 week of a day as `YYYY-Www`: the finest time that is shared."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def end_of_week(week: str) -> date:
    """Return the Sunday of an ISO week.

    Raises:
        InputError: The text is no `YYYY-Www` of the calendar.
    """
    year, mark, number = week.partition("-W")
    try:
        if not (mark and len(year) == 4 and len(number) == 2 and week.isascii()):
            raise ValueError
        return date.fromisocalendar(int(year), int(number), 7)
    except ValueError as error:
        raise InputError(
            "an ISO week has the form YYYY-Www", "such as 2026-W09, and 2026-W53 is the last"
        ) from error


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (following - timedelta(days=1)).day))


def business_days_after(day: date, count: int, holidays: Collection[date] = ()) -> date:
    """Return the day by which so many business days have passed.

    Args:
        day: Not counted itself.
        count: Number of business days, at least 0.
        holidays: Days that are none, beside Saturdays and Sundays.
    """
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < 5 and day not in holidays
    return day
