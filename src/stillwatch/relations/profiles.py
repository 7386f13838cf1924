"""Profiles: what is known of an account, or of a party, as one number a column.

The counts come from the rollups; what needs the whole traffic (a model's release day, who was
blocked when) is added here, on small tables.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.relations import _days
from stillwatch.relations.rollups import DAY_US, HOURS, PAYLOAD_BITS, SCORES

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Profiles = dict[str, FloatArray]

RELEASE_PARTIES: Final = 5
"""Parties that must use a model on a day before that day counts as its release."""
USUAL: Final = 0.9
"""A header is usual on a surface when this share of its units send it, most of the time."""

_COUNTS: Final = (
    "exchanges",
    "input_tokens",
    "output_tokens",
    *(f"{score}_hits" for score in SCORES),
    "refused",
    "blocked",
    "limited",
    "failed",
    "with_end_user",
    "answers",
    "hours",
    "hours_squared",
    "refused_hours",
    *HOURS,
    "first_us",
    "last_us",
    "first_block_us",
    "last_block_us",
    "account_created_us",
    "verified",
    "accounts",
)


def profile_columns(
    rows: pa.Table,
    models: pa.Table,
    echoed: IntArray,
    echo_uses: IntArray,
    by: str,
    busy: pa.Table | None = None,
    replayed: tuple[IntArray, IntArray] | None = None,
    worded: tuple[IntArray, IntArray] | None = None,
) -> Profiles:
    """Return the profile columns of the units in `rows`, one value a unit.

    Args:
        rows: Merged rollups, one row a unit, sorted by the column `by`.
        models: Model rollups, one row an account, model and day.
        echoed: Key of each unit that fed back other parties' outputs.
        echo_uses: How often it did.
        by: `account_key` or `party_key`.
        busy: Days with many exchanges; None where they were not looked at.
        replayed: Key of each unit that presented blobs of others, and how often; None likewise.
        worded: Key of each unit that asks for material as others do, and how often; None likewise.
    """
    units = _ints(rows, by)
    nothing = np.full(units.size, np.nan)
    profiles = {name: _floats(rows, name) for name in _COUNTS}
    profiles["distinct_payloads"] = _distinct(rows)
    profiles["echo_foreign"] = _sum_at(units, echoed, echo_uses.astype(np.float64))
    profiles["span_days"] = (profiles["last_us"] - profiles["first_us"]) / DAY_US
    before, after = _release_counts(units, models, by)
    profiles["before_release"], profiles["after_release"] = before, after
    profiles["gap_after_block_us"] = _gap_after_block(profiles)
    profiles["blob_foreign"] = (
        _sum_at(units, replayed[0], replayed[1].astype(np.float64)) if replayed else nothing
    )
    profiles["shared_wording"] = (
        _sum_at(units, worded[0], worded[1].astype(np.float64)) if worded else nothing
    )
    profiles["distinct_prefixes"] = _small(rows, "prefix")
    profiles["distinct_clients"] = _small(rows, "client")
    profiles["distinct_refused_heads"] = _small(rows, "refused_head")
    profiles["missing_headers"] = _missing_headers(rows, profiles["exchanges"])
    again = _days.repeats(units, busy, by) if busy is not None else _days.Repeats(*[nothing] * 3)
    profiles["same_day_repeats"] = again.same_day
    profiles["later_repeats"] = again.later
    profiles["daily_distinct"] = again.daily
    course = _days.course(units, models, by)
    profiles["opening_per_day"], profiles["peak_per_day"] = course.opening, course.peak
    profiles["days_watched"] = course.days
    profiles["calm_per_day"], profiles["jumped_per_day"] = course.calm, course.jumped
    profiles["calm_days"], profiles["moved_models"] = course.calm_days, course.moved
    profiles["from_the_start"] = _from_the_start(profiles["first_us"])
    return profiles


def _ints(rows: pa.Table, name: str) -> IntArray:
    return np.asarray(rows.column(name), dtype=np.int64)


def _floats(rows: pa.Table, name: str) -> FloatArray:
    return np.asarray(rows.column(name).cast(pa.float64()), dtype=np.float64)


def _distinct(rows: pa.Table) -> FloatArray:
    """Estimate the number of distinct payloads by linear counting, at most about 3,000."""
    found, _ = _days.counted(_days.words_of(rows, PAYLOAD_BITS))
    return np.asarray(np.minimum(found, _floats(rows, "exchanges")))


def _small(rows: pa.Table, name: str) -> FloatArray:
    """Estimate a number of distinct values from two words, at most about 260."""
    found, _ = _days.counted(_days.words_of(rows, (f"{name}_00", f"{name}_01")), 64)
    return np.asarray(np.minimum(found, _floats(rows, "exchanges")))


def _missing_headers(rows: pa.Table, exchanges: FloatArray) -> FloatArray:
    """Count the exchanges that lack a header which is usual on the unit's surface.

    NaN where no header is usual: what a surface never passes on is absent by contract.
    """
    encoded = rows.column("surface").combine_chunks().dictionary_encode()
    place = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy().astype(np.int64)
    units = np.bincount(place)
    result = np.full(exchanges.size, np.nan)
    for name in ("without_user_agent", "without_tls"):
        missing = _floats(rows, name)
        send = np.bincount(place, weights=missing < exchanges / 2)
        usual = (send >= USUAL * units)[place]
        result = np.where(usual, np.fmax(result, missing), result)
    return result


def _from_the_start(first: FloatArray) -> FloatArray:
    """Say with 1 that a unit was there in the first day of the data: its start is not seen."""
    start = np.min(first, initial=np.inf)
    return np.where(np.isnan(first), np.nan, (first < start + DAY_US).astype(np.float64))


def _sum_at(units: IntArray, keys: IntArray, values: FloatArray) -> FloatArray:
    place = np.searchsorted(units, keys)
    return np.bincount(place, weights=values, minlength=units.size).astype(np.float64)


def _release_counts(units: IntArray, models: pa.Table, by: str) -> tuple[FloatArray, FloatArray]:
    """Count a unit's exchanges on the two days from a release: on other models, and on the new one.

    A release is the first day on which enough parties use a model that was not there on the first
    day of the data. Units see the release that moved them most.
    """
    encoded = models.column("model").combine_chunks().dictionary_encode()
    names, labels = encoded.dictionary.to_pylist(), encoded.indices.fill_null(-1).to_numpy()
    days, parties = _ints(models, "day"), _ints(models, "party_key")
    counts, keys = _ints(models, "exchanges").astype(np.float64), _ints(models, by)
    total, moved = np.zeros(units.size), np.zeros(units.size)
    if not names:
        return total, moved
    for model in sorted(range(len(names)), key=names.__getitem__):
        release = _release_day(days, parties, labels == model)
        if release is None or release == days.min():
            continue
        window = (days >= release) & (days <= release + 1)
        here = _sum_at(units, keys[window], counts[window])
        new = _sum_at(units, keys[window & (labels == model)], counts[window & (labels == model)])
        better = new > moved
        total, moved = np.where(better, here, total), np.where(better, new, moved)
    return total - moved, moved


def _release_day(days: IntArray, parties: IntArray, mask: NDArray[np.bool_]) -> int | None:
    for day in np.unique(days[mask]):
        if np.unique(parties[mask & (days == day)]).size >= RELEASE_PARTIES:
            return int(day)
    return None


def _gap_after_block(profiles: Profiles) -> FloatArray:
    """Return the time from the last block of anybody else to a unit's first exchange.

    NaN for units that were there in the first day of the data, whose start is not seen.
    """
    first = profiles["first_us"]
    if not first.size:
        return first
    times = np.sort(profiles["last_block_us"][~np.isnan(profiles["last_block_us"])])
    place = np.searchsorted(times, first, side="left") - 1
    gap = np.where(
        place >= 0, first - times[np.maximum(place, 0)] if times.size else np.nan, np.nan
    )
    return np.where(first >= first.min() + DAY_US, gap, np.nan)
