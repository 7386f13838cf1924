"""Sketch rows for the relations, and plain Python that says what must come out of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.records import SKETCH_SCHEMA
from stillwatch.relations.rollups import (
    DAY_US,
    FIRST_HOUR,
    HARVEST,
    HIT,
    HOUR_US,
    LIST_KEYS,
    MOST_ANSWERS,
    MOST_HOURS,
    MOST_TOKENS,
    PAYLOAD_WORDS,
    SCALAR_KEYS,
    SCORES,
    SLOT_US,
    SMALL,
    TEMPLATE_KINDS,
    WORDING_PARTIES,
)

START_US = 1_772_409_600_000_000  # 2 March 2026, 00:00 UTC
PARTY_OF = {1: 100, 2: 100, 3: 3, 4: -4}
Row = dict[str, object]


def sketch_row(account: int = 1, time_us: int = START_US, **columns: object) -> Row:
    """Return a row of the sketch schema; what is not named is null."""
    return {
        "exchange_key": 0,
        "time_us": time_us,
        "account_id": f"acct-{account}",
        "account_key": account,
        "party_key": PARTY_OF.get(account, account),
        **columns,
    }


def write_sketches(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows as a sketch file."""
    pq.write_table(pa.Table.from_pylist(list(rows), schema=SKETCH_SCHEMA), path)
    return path


def one_party_an_account(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with joined parties: those that an account was seen in are one."""
    party_of = {row["party_key"]: row["party_key"] for row in rows}
    changed = True
    while changed:
        changed = False
        for row in rows:
            mine = [r["party_key"] for r in rows if r["account_key"] == row["account_key"]]
            least = min(party_of[party] for party in mine)  # type: ignore[type-var]
            for party in mine:
                changed |= party_of[party] != least
                party_of[party] = least
    return [row | {"party_key": party_of[row["party_key"]]} for row in rows]


def expected_profiles(rows: Iterable[Row], by: str) -> list[Row]:
    """Return the merged rollup of each unit."""
    groups: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        key = (row["account_key"], row["party_key"]) if by == "account_key" else (row[by],)
        groups[key].append(row)
    names = ("account_key", "party_key") if by == "account_key" else (by,)
    found = [
        {**dict(zip(names, key, strict=True)), **_profile(group)} for key, group in groups.items()
    ]
    return sorted(found, key=lambda row: row[by])  # type: ignore[arg-type,return-value]


def _profile(rows: list[Row]) -> Row:
    blocks = [row["time_us"] for row in rows if row.get("status") == 403]
    status = [200 if row.get("status") is None else row["status"] for row in rows]
    refused = [row for row in rows if row.get("finish_reason") in ("refusal", "content_filter")]
    since = [_since(row) for row in rows]
    return {
        "exchanges": len(rows),
        "input_tokens": sum(min(_of(row, "input_tokens"), MOST_TOKENS) for row in rows),
        "output_tokens": sum(min(_of(row, "output_tokens"), MOST_TOKENS) for row in rows),
        **{f"{score}_hits": sum(_of(row, score) >= HIT for row in rows) for score in SCORES},
        "refused": len(refused),
        "blocked": status.count(403),
        "limited": status.count(429),
        "failed": sum(s >= 500 for s in status),  # type: ignore[operator]
        "with_end_user": sum(row.get("end_user_key") is not None for row in rows),
        "answers": sum(min(max(_of(row, "n"), 1), MOST_ANSWERS) for row in rows),
        "without_user_agent": sum(row.get("user_agent_key") is None for row in rows),
        "without_tls": sum(row.get("tls_key") is None for row in rows),
        "hours": sum(since),
        "hours_squared": sum(hours**2 for hours in since),
        "refused_hours": sum(map(_since, refused)),
        **{
            f"hour_{hour:02d}": sum(_of(row, "time_us") // HOUR_US % 24 == hour for row in rows)
            for hour in range(24)
        },
        "first_us": _least(rows, "time_us"),
        "first_block_us": min(blocks, default=None),  # type: ignore[type-var]
        "account_created_us": _least(rows, "account_created_us"),
        "last_us": _most(rows, "time_us"),
        "last_block_us": max(blocks, default=None),  # type: ignore[type-var]
        "plan": _most(rows, "plan"),
        "verified": _most(rows, "verified"),
        "account_id": _most(rows, "account_id"),
        "organization_id": _most(rows, "organization_id"),
        "surface": _most(rows, "surface"),
        **{
            f"payload_{word:02d}": _bits(rows, "payload_key", PAYLOAD_WORDS, word)
            for word in range(PAYLOAD_WORDS)
        },
        **{
            f"{name}_{word:02d}": _bits(refused if name == "refused_head" else rows, key, 2, word)
            for name, key in SMALL.items()
            for word in range(2)
        },
        "accounts": len({row["account_key"] for row in rows}),
    }


def _of(row: Row, name: str) -> int:
    return row.get(name) or 0  # type: ignore[return-value]


def _known(rows: list[Row], name: str) -> list[object]:
    return [row[name] for row in rows if row.get(name) is not None]


def _least(rows: list[Row], name: str) -> object:
    return min(_known(rows, name), default=None)  # type: ignore[type-var]


def _most(rows: list[Row], name: str) -> object:
    return max(_known(rows, name), default=None)  # type: ignore[type-var]


def _since(row: Row) -> int:
    return min(max(_of(row, "time_us") // HOUR_US - FIRST_HOUR, 0), MOST_HOURS)


def _bits(rows: list[Row], key: str, words: int, word: int) -> int | None:
    places = [_of(row, key) % (32 * words) for row in rows if row.get(key) is not None]
    found = [1 << (place & 31) for place in places if place >> 5 == word]
    total = 0
    for bit in found:
        total |= bit
    return total if found else None


def expected_models(rows: Iterable[Row]) -> set[tuple[object, ...]]:
    """Return `party_key, account_key, model, day, exchanges, first_us` of each."""
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for row in rows:
        key = (
            row["party_key"],
            row["account_key"],
            row.get("model"),
            _of(row, "time_us") // DAY_US,
        )
        groups[key].append(_of(row, "time_us"))
    return {(*key, len(times), min(times)) for key, times in groups.items()}


ENDS = ("system", "head", "tail")
Uses = dict[tuple[int, int], list[tuple[int, int]]]


def _uses(rows: Iterable[Row], kind: str) -> Uses:
    """Return the times and payloads of each party's uses of each key of a kind."""
    found: Uses = defaultdict(list)
    for row in rows:
        if kind == "wording":
            keys = _wording(row)
        elif kind in LIST_KEYS:
            keys = row.get(LIST_KEYS[kind]) or []
        else:
            time_us = _of(row, "time_us")
            keys = [time_us // SLOT_US if kind == "slot" else row.get(SCALAR_KEYS[kind])]
        for key in keys:  # type: ignore[attr-defined]
            if key is not None:
                use = (_of(row, "time_us"), _of(row, "payload_key"))
                found[row["party_key"], key].append(use)  # type: ignore[index]
    return found


def _wording(row: Row) -> set[object]:
    """Return the runs, the system prompt and the ends of an exchange that asks for material."""
    if not any(_of(row, score) >= HIT for score in HARVEST):
        return set()
    return {*(row.get("fingerprints") or []), *(row.get(f"{end}_key") for end in ENDS)}  # type: ignore[misc]


def expected_wordings(rows: Iterable[Row]) -> list[tuple[int, int]]:
    """Return `party_key, uses` of the shared wording that each party uses most."""
    uses = _uses(rows, "wording")
    users: dict[int, set[int]] = defaultdict(set)
    for party, key in uses:
        users[key].add(party)
    most: dict[int, int] = {}
    for (party, key), found in uses.items():
        if len(users[key]) >= WORDING_PARTIES:
            most[party] = max(most.get(party, 0), len(found))
    return sorted(most.items())


def expected_shared(rows: Iterable[Row], kind: str) -> list[tuple[int, ...]]:
    """Return `party_key, key, uses, first_us, last_us` of the keys that two parties touched."""
    uses = {
        pair: found
        for pair, found in _uses(rows, kind).items()
        if kind not in TEMPLATE_KINDS or len({payload for _, payload in found}) > 1
    }
    parties: dict[int, set[int]] = defaultdict(set)
    for party, key in uses:
        parties[key].add(party)
    return sorted(
        (
            (party, key, len(found), min(found)[0], max(found)[0])
            for (party, key), found in uses.items()
            if len(parties[key]) > 1
        ),
        key=lambda row: (row[1], row[0]),
    )


def expected_echoes(rows: Sequence[Row]) -> list[tuple[int, ...]]:
    """Return `party_key, source_key, uses, first_us, last_us`."""
    served, fed = _uses(rows, "echo_response"), _uses(rows, "echo_prompt")
    receivers: dict[int, set[int]] = defaultdict(set)
    for party, key in served:
        receivers[key].add(party)
    found: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for (party, key), uses in fed.items():
        if len(receivers[key]) == 1:
            (source,) = receivers[key]
            first, last = min(uses)[0], max(uses)[0]
            if party != source and first > min(served[source, key])[0]:
                found[party, source].append((first, last))
    return sorted(
        (
            (party, source, len({a for a, _ in spans}), min(spans)[0], max(b for _, b in spans))
            for (party, source), spans in found.items()
        ),
        key=lambda row: (row[1], row[0]),
    )


def expected_daily(rows: Iterable[Row]) -> list[tuple[int, ...]]:
    """Return `account_key, day, exchanges`."""
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for row in rows:
        counts[_of(row, "account_key"), _of(row, "time_us") // DAY_US] += 1
    return sorted((*key, count) for key, count in counts.items())


def expected_busy(rows: Iterable[Row], least: int) -> list[tuple[object, ...]]:
    """Return `party_key, day, exchanges` and the payload bitmap of days with many exchanges."""
    days: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for row in rows:
        days[row["party_key"], _of(row, "time_us") // DAY_US].append(row)  # type: ignore[index]
    return sorted(
        (
            (
                *key,
                len(of_day),
                *(_bits(of_day, "payload_key", PAYLOAD_WORDS, w) for w in range(PAYLOAD_WORDS)),
            )
            for key, of_day in days.items()
            if len(of_day) >= least
        ),
        key=lambda row: row[:2],
    )


def expected_replays(rows: Iterable[Row]) -> list[tuple[int, int]]:
    """Return `party_key, uses` of blobs that another party had presented before."""
    uses = _uses(rows, "blob")
    first: dict[int, int] = {}
    for (_, key), found in uses.items():
        first[key] = min(first.get(key, min(found)[0]), min(found)[0])
    total: dict[int, int] = defaultdict(int)
    for (party, key), found in uses.items():
        if min(found)[0] > first[key]:
            total[party] += len(found)
    return sorted(total.items())
