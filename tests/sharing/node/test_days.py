"""Weeks and business days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import InputError
from stillwatch.sharing.node.days import (
    business_days_after,
    day_of,
    end_of_week,
    iso_week,
    months_after,
)

DAYS = st.dates(date(1990, 1, 1), date(2200, 1, 1))


@given(DAYS)
def test_a_day_lies_in_the_week_that_it_names(day: date) -> None:
    end = end_of_week(iso_week(day))
    assert end.weekday() == 6
    assert timedelta(0) <= end - day < timedelta(7)


@given(DAYS, st.integers(0, 30), st.sets(st.integers(0, 60), max_size=4))
def test_business_days_are_counted(day: date, count: int, off: set[int]) -> None:
    holidays = {day + timedelta(days=n) for n in off}
    due = business_days_after(day, count, holidays)
    passed = [day + timedelta(days=n) for n in range(1, (due - day).days + 1)]
    assert sum(d.weekday() < 5 and d not in holidays for d in passed) == count


def test_worked_days() -> None:
    assert business_days_after(date(2026, 12, 18), 5) == date(2026, 12, 25)
    assert business_days_after(date(2026, 12, 18), 5, {date(2026, 12, 25)}) == date(2026, 12, 28)
    assert months_after(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_after(date(2026, 12, 15), 12) == date(2027, 12, 15)
    assert months_after(date(2024, 2, 29), 24) == date(2026, 2, 28)
    assert iso_week(date(2027, 1, 1)) == "2026-W53"
    assert day_of(-1) == date(1969, 12, 31)


@pytest.mark.parametrize(
    "text", ["", "2026-W54", "2025-W53", "2026-W00", "2026W01", "26-W01", "2026-W1", "٢٠٢٦-W01"]
)
def test_what_is_no_week_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="YYYY-Www"):
        end_of_week(text)
