"""Loose columns in, `EXCHANGE_SCHEMA` out; a row that does not fit is rejected, never dropped.

Columns that already have the right type pass through untouched, other types are cast a column at
a time, and only a column with a value that does not fit is walked value by value.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core.contracts import RejectSink
from stillwatch.core.records import EXCHANGE_SCHEMA, TIMESTAMP, Reject
from stillwatch.sources._values import INT64, RULES, Kind, Unfit

MAX_ROWS: Final = 16_384
MAX_BYTES: Final = 32 * 1024 * 1024
DAY_US: Final = 86_400_000_000
OLDEST_US: Final = int(datetime(2015, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
"""No exchange with a language model is older; a time before it is a broken clock or unit."""
RELEASED_US: Final = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
"""A machine whose clock is behind this version of the software does not judge what is future."""
REQUIRED: Final = ("time", "account_id")
KNOWN: Final = frozenset(EXCHANGE_SCHEMA.names)
_TEXTS: Final = ("messages", "tools", "response")
_ARROW: Final = {"text": pa.string(), "id": pa.string(), "time": pa.int64()}


@runtime_checkable
class ColumnSink(Protocol):
    """A reject sink that also wants to know which columns were not understood."""

    def unknown(self, names: Sequence[str]) -> None:
        """Note columns that are not in the schema."""


def kind_of(name: str) -> Kind:
    """Return which rule of `_values` a column of the schema follows."""
    kind = EXCHANGE_SCHEMA.field(name).type
    if kind == pa.string():
        return "text" if name in _TEXTS else "id"
    if kind == TIMESTAMP:
        return "time"
    if kind == pa.float64():
        return "number"
    if kind == pa.bool_():
        return "flag"
    if kind == pa.int64():
        return "seed" if name == "seed" else "count"
    return "ids"


def canonicalise(
    columns: Mapping[str, pa.Array | list[object]],
    lines: Sequence[int],
    file: str,
    rejects: RejectSink,
) -> pa.RecordBatch:
    """Return the rows that fit as a batch of `EXCHANGE_SCHEMA`, in order.

    Args:
        columns: Name to values, one a row; a missing column is all null, an unknown one is named
            to the sink and left out.
        lines: Line or row number of each row, for the rejects.
        file: Name of the file, for the rejects.
        rejects: Gets one entry a row that does not fit: its first field at fault, and why.
    """
    rows = len(lines)
    unknown = sorted(columns.keys() - KNOWN)
    if unknown and isinstance(rejects, ColumnSink):
        rejects.unknown(unknown)
    faults: dict[int, tuple[str, str]] = {}
    arrays = {}
    for field in EXCHANGE_SCHEMA:
        values = columns.get(field.name)
        if values is None:
            arrays[field.name] = pa.nulls(rows, field.type)
        else:
            arrays[field.name] = _column(field, values, faults)
    _judge(arrays, faults)
    batch = pa.RecordBatch.from_arrays(list(arrays.values()), schema=EXCHANGE_SCHEMA)
    if faults:
        keep = np.ones(rows, dtype=np.bool_)
        for row in sorted(faults):
            keep[row] = False
            name, reason = faults[row]
            rejects.add(Reject(file, lines[row], name, reason))
        batch = batch.filter(pa.array(keep))
    return _with_ids(batch)


def _column(
    field: pa.Field, values: pa.Array | list[object], faults: dict[int, tuple[str, str]]
) -> pa.Array:
    kind = kind_of(field.name)
    fitted = _fast(kind, values)
    if fitted is None:
        fitted = _slow(field, kind, values, faults)
    return fitted.cast(TIMESTAMP) if kind == "time" else fitted


def _fast(kind: Kind, values: pa.Array | list[object]) -> pa.Array | None:
    """Convert a whole column at once, or return None where some value needs a closer look."""
    try:
        if isinstance(values, list):
            if kind in {"text", "ids"} and not {list, dict}.isdisjoint(map(type, values)):
                return None  # Arrow would build nested columns that nobody needs
            values = pa.array(values)
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if pa.types.is_null(values.type):
            return values.cast(_ARROW.get(kind) or _target(kind))
        return _FAST[kind](values)
    except (pa.ArrowException, OverflowError, UnicodeError):
        return None


def _target(kind: Kind) -> pa.DataType:
    return {"number": pa.float64(), "flag": pa.bool_(), "ids": pa.list_(pa.string())}.get(
        kind, pa.int64()
    )


def _fast_text(values: pa.Array) -> pa.Array | None:
    kind = values.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view()):
        return None
    cast = values.cast(pa.string())
    cast.validate(full=True)
    return cast


def _fast_id(values: pa.Array) -> pa.Array | None:
    if pa.types.is_integer(values.type):
        return values.cast(pa.string())
    cast = _fast_text(values)
    if cast is not None and pc.any(pc.equal(pc.binary_length(cast), 0)).as_py():
        cast = pc.if_else(pc.equal(cast, ""), pa.scalar(None, pa.string()), cast)
    return cast


def _fast_time(values: pa.Array) -> pa.Array | None:
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        try:
            values = values.cast(pa.timestamp("ns", tz="UTC"))
        except pa.ArrowInvalid:
            values = values.cast(pa.timestamp("ns"))
        return pc.cast(values, pa.timestamp("us"), safe=False).cast(pa.int64())
    if pa.types.is_timestamp(kind):
        if kind.unit == "ns":
            return pc.cast(values, pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.int64())
        return values.cast(pa.timestamp("us", tz=kind.tz)).cast(pa.int64())
    if pa.types.is_date(kind):
        return values.cast(pa.timestamp("us")).cast(pa.int64())
    if pa.types.is_integer(kind):
        return _epoch(values.cast(pa.int64()))
    return None


def _epoch(values: pa.Array) -> pa.Array | None:
    whole = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    if whole.min(initial=0) == INT64.start:
        return None  # has no absolute value in 64 bits
    size = np.abs(whole)
    conditions = [size < 10**11, size < 10**14, size < 10**17]
    small = np.where(size < 10**14, whole, 0)  # keeps the branches not taken from overflowing
    scaled = np.select(
        conditions,
        [np.where(conditions[0], small, 0) * 1_000_000, small * 1_000, whole],
        whole // 1000,
    )
    return pa.array(scaled, mask=pc.is_null(values).to_numpy(zero_copy_only=False))


def _fast_count(values: pa.Array) -> pa.Array | None:
    whole = _fast_seed(values)
    low = None if whole is None else pc.min(whole).as_py()
    return None if low is not None and low < 0 else whole


def _fast_seed(values: pa.Array) -> pa.Array | None:
    number = pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
    return values.cast(pa.int64()) if number else None


def _fast_number(values: pa.Array) -> pa.Array | None:
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return None
    cast = values.cast(pa.float64())
    fits = pc.and_(pc.is_finite(cast), pc.greater_equal(cast, 0))
    return cast if pc.all(fits).as_py() in {True, None} else None


def _fast_flag(values: pa.Array) -> pa.Array | None:
    return values if pa.types.is_boolean(values.type) else None


def _fast_ids(values: pa.Array) -> pa.Array | None:
    if values.type != pa.list_(pa.string()):
        return None
    items = values.flatten()
    items.validate(full=True)
    absent = items.null_count or pc.any(pc.equal(pc.binary_length(items), 0)).as_py()
    return None if absent else values


_FAST: Final = {
    "text": _fast_text,
    "id": _fast_id,
    "time": _fast_time,
    "count": _fast_count,
    "seed": _fast_seed,
    "number": _fast_number,
    "flag": _fast_flag,
    "ids": _fast_ids,
}


def _slow(
    field: pa.Field,
    kind: Kind,
    values: pa.Array | list[object],
    faults: dict[int, tuple[str, str]],
) -> pa.Array:
    rule = RULES[kind]
    fitted: list[object] = []
    for row, value in enumerate(_objects(values)):
        try:
            fitted.append(None if value is None else rule(value))
        except (Unfit, OverflowError) as fault:
            reason = str(fault) if isinstance(fault, Unfit) else "is out of range"
            faults.setdefault(row, (field.name, reason))
            fitted.append(None)
    return pa.array(fitted, pa.int64() if kind == "time" else field.type)


def _objects(values: pa.Array | list[object]) -> list[object]:
    if isinstance(values, list):
        return values
    kind = values.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        values = pc.cast(values, pa.timestamp("us", tz=kind.tz), safe=False)
    if pa.types.is_string(kind):
        values = values.cast(pa.binary())  # bytes that are not UTF-8 are judged one by one
    elif pa.types.is_large_string(kind) or kind == pa.string_view():
        values = values.cast(pa.large_binary())
        return [v if v is None else _text_or_bytes(v) for v in values.to_pylist()]
    if pa.types.is_string(kind):
        return [v if v is None else _text_or_bytes(v) for v in values.to_pylist()]
    objects: list[object] = values.to_pylist()
    return objects


def _text_or_bytes(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _judge(arrays: Mapping[str, pa.Array], faults: dict[int, tuple[str, str]]) -> None:
    """Find the rows that lack a required field or lie outside any plausible time."""
    latest = max(time.time_ns() // 1000, RELEASED_US) + DAY_US
    instants = arrays["time"].cast(pa.int64())
    checks = (
        ("time", "lies before 2015", pc.less(instants, OLDEST_US)),
        ("time", "lies in the future", pc.greater(instants, latest)),
        *((name, "is missing", pc.is_null(arrays[name])) for name in REQUIRED),
    )
    for name, reason, wrong in checks:
        for row in pc.indices_nonzero(pc.fill_null(wrong, False)).to_pylist():
            faults.setdefault(row, (name, reason))


def _with_ids(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Fill in missing exchange ids from what was said, by whom and when: the same in any file."""
    ids = batch.column("exchange_id")
    if not ids.null_count:
        return batch
    texts = [batch.column(name) for name in ("account_id", "messages", "response")]
    numbers = [batch.column(name) for name in ("input_tokens", "output_tokens")]
    numbers = [batch.column("time").cast(pa.int64()), *numbers, *map(pc.binary_length, texts)]
    parts = [number.cast(pa.string()) for number in numbers] + texts
    whole = pc.binary_join_element_wise(
        *parts, ",", null_handling="replace", null_replacement="null"
    )
    made = [
        hashlib.blake2b(content, digest_size=16).hexdigest()
        for content in whole.cast(pa.binary()).to_pylist()
    ]
    filled = pc.coalesce(ids, pa.array(made, pa.string()))
    return batch.set_column(0, EXCHANGE_SCHEMA.field(0), filled)
