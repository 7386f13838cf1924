"""What the days of a unit say: prompts that come again, how it began, where it jumped."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.relations.rollups import PAYLOAD_BITS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CAPACITY: Final = len(PAYLOAD_BITS) * 32
ERRORS: Final = 2.0
"""Repetition counts from this many standard errors of the estimated number of prompts on."""
OPENING_DAYS: Final = 2


class Repeats(NamedTuple):
    """Prompts asked again, on days with many exchanges.

    Attributes:
        same_day: Exchanges that ask what was asked on the same day.
        later: Prompts that were asked on an earlier day too, once a day.
        daily: Distinct prompts of each day, summed.
    """

    same_day: FloatArray
    later: FloatArray
    daily: FloatArray


class Course(NamedTuple):
    """How a unit's volume went; NaN before it is known.

    Attributes:
        opening: Exchanges on the busier of the first two days; the first may be part of a day.
        peak: Exchanges on the busiest day.
        days: Days from the first use to the end of the data.
        calm: Exchanges a day before the largest change of volume, from the start of the data.
        jumped: Exchanges a day from that change on.
        calm_days: Days before it.
        moved: Share of the exchanges that went to other models than before it, in [0, 1].
    """

    opening: FloatArray
    peak: FloatArray
    days: FloatArray
    calm: FloatArray
    jumped: FloatArray
    calm_days: FloatArray
    moved: FloatArray


def counted(words: NDArray[np.uint64], capacity: int = CAPACITY) -> tuple[FloatArray, FloatArray]:
    """Return distinct values by linear counting, and the standard error.

    Args:
        words: Bitmap words, one row a unit.
        capacity: Bits of a bitmap.
    """
    zeros = np.maximum(capacity - np.bitwise_count(words).sum(axis=1, dtype=np.float64), 1.0)
    load = -np.log(zeros / capacity)
    return capacity * load, np.sqrt(capacity * np.maximum(np.exp(load) - load - 1.0, 0.0))


def words_of(rows: pa.Table, names: tuple[str, ...]) -> NDArray[np.uint64]:
    """Return bitmap words, one row a row."""
    columns = [rows.column(name).fill_null(0).to_numpy().astype(np.uint64) for name in names]
    return np.stack(columns, axis=1) if columns else np.empty((rows.num_rows, 0), np.uint64)


def repeats(units: IntArray, busy: pa.Table, by: str) -> Repeats:
    """Count the repeated prompts of each unit.

    Args:
        units: Sorted keys.
        busy: Unit, day, exchanges and payload bitmap of the days with many exchanges.
        by: The column of the unit's key.
    """
    place = np.searchsorted(units, _ints(busy, by))
    order = np.argsort(place, kind="stable")
    place, busy = place[order], busy.take(pa.array(order))
    words, exchanges = words_of(busy, PAYLOAD_BITS), _ints(busy, "exchanges").astype(np.float64)
    distinct, error = counted(words)
    distinct = np.minimum(distinct, exchanges)

    def total(values: FloatArray) -> FloatArray:
        return np.bincount(place, weights=values, minlength=units.size).astype(np.float64)

    starts = np.flatnonzero(np.append(True, place[1:] != place[:-1])) if place.size else place[:0]
    ever, ever_error = np.zeros(units.size), np.zeros(units.size)
    if place.size:
        joined = np.bitwise_or.reduceat(words, starts, axis=0)
        ever[place[starts]], ever_error[place[starts]] = counted(joined)
    daily = total(distinct)
    noise = ERRORS * np.sqrt(total(error**2) + ever_error**2)
    return Repeats(
        same_day=total(np.maximum(exchanges - distinct - ERRORS * error, 0.0)),
        later=np.maximum(daily - ever - noise, 0.0),
        daily=daily,
    )


def course(units: IntArray, models: pa.Table, by: str) -> Course:
    """Describe how the volume of each unit went.

    Args:
        units: Sorted keys.
        models: Model rollups, one row an account, model and day.
        by: The column of the unit's key.
    """
    place, day = np.searchsorted(units, _ints(models, by)), _ints(models, "day")
    count = _ints(models, "exchanges").astype(np.float64)
    unknown = np.full(units.size, np.nan)
    if not place.size:
        return Course(*[unknown] * 7)
    begin, end = int(day.min()), int(day.max()) + 1
    span = end - begin
    pairs, inverse = np.unique(place * span + (day - begin), return_inverse=True)
    volume = np.bincount(inverse, weights=count)
    who, when = pairs // span, pairs % span
    starts = np.flatnonzero(np.append(True, who[1:] != who[:-1]))
    seen = who[starts]
    sums = np.append(0.0, np.cumsum(volume))
    base = np.repeat(sums[starts], np.diff(np.append(starts, who.size)))
    total = np.add.reduceat(volume, starts)
    first = np.repeat(when[starts], np.diff(np.append(starts, who.size)))
    opening = np.where(when - first < OPENING_DAYS, volume, 0.0)
    earlier = sums[:-1] - base
    later = total[np.searchsorted(seen, who)] - earlier
    gain = np.where(when > 0, _gain(earlier, when, later, span - when), -1.0)
    best = np.lexsort((-gain, who))[starts]
    calm, jumped = earlier[best] / np.maximum(when[best], 1), later[best] / (span - when[best])
    cut = np.full(units.size, span)
    cut[seen] = when[best]
    values = (
        np.maximum.reduceat(opening, starts),
        np.maximum.reduceat(volume, starts),
        (span - when[starts]).astype(np.float64),
        calm,
        jumped,
        when[best].astype(np.float64),
        _moved(place, models, count, day - begin >= cut[place], units.size)[seen],
    )
    result = []
    for known in values:
        column = unknown.copy()
        column[seen] = known
        result.append(column)
    return Course(*result)


def _gain(before: FloatArray, days: IntArray, after: FloatArray, rest: IntArray) -> FloatArray:
    """Return the log-likelihood gain of two Poisson rates over one."""
    rate = (before + after) / (days + rest)

    def part(count: FloatArray, length: IntArray) -> FloatArray:
        own = count / np.maximum(length, 1)
        return np.where(count > 0, count * np.log(np.maximum(own, 1e-12) / rate), 0.0)

    return part(before, days) + part(after, rest)


def _moved(
    place: IntArray, models: pa.Table, count: FloatArray, late: NDArray[np.bool_], size: int
) -> FloatArray:
    """Return the total variation between the model mixes before and after the change."""
    encoded = models.column("model").combine_chunks().dictionary_encode()
    label = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy().astype(np.int64)
    pairs, inverse = np.unique(place * (len(encoded.dictionary) + 1) + label, return_inverse=True)
    who = pairs // (len(encoded.dictionary) + 1)
    mixes = []
    for part in (late, ~late):
        counts = np.bincount(inverse, weights=count * part)
        sums = np.bincount(who, weights=counts, minlength=size)
        mixes.append(np.divide(counts, sums[who], out=np.zeros_like(counts), where=sums[who] > 0))
    both = np.bincount(who, weights=np.abs(mixes[0] - mixes[1]), minlength=size) / 2.0
    known = np.bincount(place, weights=count * ~late, minlength=size) > 0
    return np.where(known, both, np.nan)


def _ints(rows: pa.Table, name: str) -> IntArray:
    return np.asarray(rows.column(name), dtype=np.int64)
