"""How long each type may be kept at most.

Campaigns 12 months after their last week, what rests on an epoch's tags until the longest epoch is
over, everything else 24 months.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.stix.extensions import Extension

_YEAR: Final = timedelta(days=366)
_LONGEST_EPOCH: Final = timedelta(days=180)
_TWO_YEARS: Final = timedelta(days=731)


def last_day(stix: Mapping[str, object]) -> date:
    """Return the latest `retain_until` that an object of a valid type may state.

    Raises:
        SharingRefused: A week or a date is none of the calendar.
    """
    try:
        modified = date.fromisoformat(str(stix["modified"])[:10])
        if stix["type"] == "campaign":
            return _week_end(stix) + _YEAR
    except ValueError as error:
        raise SharingRefused("a date is none of the calendar", "", "sw.schema.value") from error
    return modified + (_LONGEST_EPOCH if stix["type"] == "indicator" else _TWO_YEARS)


def _week_end(stix: Mapping[str, object]) -> date:
    extensions = stix["extensions"]
    assert isinstance(extensions, Mapping)  # noqa: S101 (the schema said so)
    year, week = str(extensions[str(Extension.CAMPAIGN)]["last_week"]).split("-W")
    return date.fromisocalendar(int(year), int(week), 7)
