"""Holds what a scan concluded against the truth.

Every share comes with its exact 95 % interval (Clopper and Pearson 1934). A rate of zero is
reported with its upper limit, and precision is given for base rates that a provider meets, where
campaign members are one account in 10³ to 10⁵: precision on a composed week says nothing about
that.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.errors import InputError
from stillwatch.range.contracts import FloatArray
from stillwatch.stats.intervals import clopper_pearson

SCHEMA: Final = "stillwatch/evaluation/1"
BASE_RATES: Final = (1e-3, 1e-4, 1e-5)
QUANTILES: Final = 100
LABELS: Final = frozenset(("account_id", "archetype", "campaign_id"))
ACCOUNTS: Final = frozenset(
    ("account_id", "level", "p_value", "exchanges", "output_tokens", "first_seen")
)
T = TypeVar("T")
HINT: Final = (
    "give the folder that `stillwatch scan --out` wrote, and the composer's labels.parquet"
)


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its exact interval at 95 %.

    Attributes:
        count: Numerator.
        of: Denominator.
        low: Lower limit.
        high: Upper limit.
    """

    count: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself; 0 of 0 is 0."""
        return self.count / self.of if self.of else 0.0


def share(count: int, of: int) -> Share:
    """Return a share with its interval."""
    low, high = clopper_pearson(count, of) if of else (0.0, 1.0)
    return Share(count, of, float(low), float(high))


@dataclass(frozen=True, slots=True)
class Group:
    """How many accounts of one kind were flagged: innocent ones, or members of a campaign.

    Attributes:
        name: Archetype, language or campaign.
        act: Flagged at `act`.
        flagged: Flagged at `act` or `review`.
    """

    name: str
    act: Share
    flagged: Share


@dataclass(frozen=True, slots=True)
class Hidden:
    """What was found of one hidden campaign.

    Attributes:
        members: Its accounts by level.
        found_as: Campaigns of the scan that hold at least one of its members, largest part first.
        q_value: Of the one that holds most of them: the rate at which it would be listed.
        purity: Share of members among the accounts of the one that holds most of them.
        detected_hours: Hours from its first exchange until half of what is found of it at `act`
            was flagged; from `replay` alone.
        served: Share of its exchanges that was served before each member's own detection; from
            `replay` alone.
        tokens: Output tokens of members served before their detection; from `replay` alone.
    """

    members: Group
    found_as: tuple[str, ...]
    q_value: float | None
    purity: float | None
    detected_hours: float | None
    served: float | None
    tokens: int | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a scan found, missed and flagged falsely.

    Attributes:
        innocent: All innocent accounts.
        archetypes: Innocent accounts by archetype.
        languages: Innocent accounts by language, where the labels name it.
        hidden: Each hidden campaign.
        members: Members of all campaigns.
        true_at_act: Share of members among the accounts at `act`.
        true_in_queue: Share of members among the accounts at `act` or `review`.
        campaigns_at_act: Campaigns the scan put at `act`.
        false_at_act: Of them, those that hold more innocent accounts than members.
        merges: Campaigns of the scan that hold a tenth or more of two hidden ones.
        splits: Hidden campaigns of which two of the scan hold a tenth or more each.
        precision: By base rate: precision at `act` if the false-positive rate were as measured
            and if it stood at its upper limit.
        p_values: Quantiles 0.01 to 1.00 of the innocent accounts' p-values.
        null_share: By threshold, share of innocent p-values at or below it.
        seconds: Wall clock of the stages of the scan, summed.
    """

    innocent: Group
    archetypes: tuple[Group, ...]
    languages: tuple[Group, ...]
    hidden: tuple[Hidden, ...]
    members: Group
    true_at_act: Share
    true_in_queue: Share
    campaigns_at_act: int
    false_at_act: int
    merges: int
    splits: int
    precision: Mapping[str, tuple[float | None, float]]
    p_values: tuple[float, ...]
    null_share: Mapping[str, Share]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON knows them."""
        return {"schema": SCHEMA, **asdict(self)}


def evaluate(results: Path, labels: Path) -> Evaluation:
    """Compare the results of a scan or replay with the truth.

    Args:
        results: Folder that `scan` or `replay` wrote.
        labels: `LABEL_SCHEMA`, as `range compose` writes it.

    Raises:
        InputError: A file is missing or is no such file, or the two are about other accounts.
    """
    truth, found = _table(labels, LABELS), _table(results / "accounts.parquet", ACCOUNTS)
    names = ["true_campaign" if name == "campaign_id" else name for name in truth.column_names]
    truth = truth.rename_columns(names)  # the scan has a campaign_id of its own
    campaigns = _json(results / "campaigns.json", "campaigns", list)
    timings = _json(results / "run.json", "timings", dict)
    known = {row["account_id"]: row for row in found.to_pylist()}
    rows = [{**row, **known[row["account_id"]]} for row in truth.to_pylist()
            if row["account_id"] in known]  # fmt: skip
    if not rows:
        raise InputError("the labels name none of the accounts of the results", HINT)
    innocent = [row for row in rows if _truth(row) is None]
    members = [row for row in rows if _truth(row) is not None]
    return _evaluation(innocent, members, campaigns, timings)


def _evaluation(
    innocent: list[dict[str, Any]],
    members: list[dict[str, Any]],
    campaigns: list[dict[str, Any]],
    timings: Mapping[str, float],
) -> Evaluation:
    truth = {row["account_id"]: _truth(row) for row in members}
    parts = {item["campaign_id"]: _parts(item, truth) for item in campaigns}
    at_act = [item["campaign_id"] for item in campaigns if item["level"] == "act"]
    sizes = Counter(truth.values())
    by_name = _grouped(members, "true_campaign")
    everyone, hidden = _group("innocent", innocent), _group("members", members)
    caught = [sum(row["level"] == "act" for row in rows) for rows in (members, innocent)]
    queued = [sum(row["level"] != "none" for row in rows) for rows in (members, innocent)]
    p = np.array([row["p_value"] for row in innocent if row["p_value"] is not None])
    return Evaluation(
        innocent=everyone,
        archetypes=_groups(innocent, "archetype"),
        languages=_groups(innocent, "language"),
        hidden=tuple(_hidden(name, rows, campaigns, parts) for name, rows in by_name.items()),
        members=hidden,
        true_at_act=share(caught[0], sum(caught)),
        true_in_queue=share(queued[0], sum(queued)),
        campaigns_at_act=len(at_act),
        false_at_act=sum(2 * parts[name][None] > parts[name].total() for name in at_act),
        merges=sum(len(_tenths(part, sizes)) > 1 for part in parts.values()),
        splits=sum(
            sum(name in _tenths(part, sizes) for part in parts.values()) > 1 for name in by_name
        ),
        precision={
            f"{rate:g}": precision_at(hidden.act, everyone.act, rate) for rate in BASE_RATES
        },
        p_values=_quantiles(p),
        null_share={f"{t:g}": share(int((p <= t).sum()), p.size) for t in (0.001, 0.01, 0.05, 0.1)},
        seconds=float(sum(timings.values())),
    )


def _truth(row: Mapping[str, Any]) -> str | None:
    name = row["true_campaign"]
    return None if name is None else str(name)


def _parts(campaign: Mapping[str, Any], truth: Mapping[str, str | None]) -> Counter[str | None]:
    """Count the accounts of a campaign of the scan by the hidden one they belong to."""
    return Counter(truth.get(member["account_id"]) for member in campaign["members"])


def _tenths(part: Counter[str | None], sizes: Mapping[str | None, int]) -> set[str]:
    return {name for name, n in part.items() if name is not None and 10 * n >= sizes[name]}


def _hidden(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    campaigns: Sequence[Mapping[str, Any]],
    parts: Mapping[str, Counter[str | None]],
) -> Hidden:
    holds = sorted((-part[name], key) for key, part in parts.items() if part[name])
    best = parts[holds[0][1]] if holds else None
    q_values = {item["campaign_id"]: item.get("q_value") for item in campaigns}
    hours, served, tokens = _times(rows, campaigns)
    return Hidden(
        members=_group(name, rows),
        found_as=tuple(key for _, key in holds),
        q_value=q_values.get(holds[0][1]) if holds else None,
        purity=best[name] / best.total() if best else None,
        detected_hours=hours,
        served=served,
        tokens=tokens,
    )


def _times(
    rows: Sequence[Mapping[str, Any]], campaigns: Sequence[Mapping[str, Any]]
) -> tuple[float | None, float | None, int | None]:
    """Return hours to detection, share served before, tokens served before; None without replay."""
    members = {m["account_id"]: m for c in campaigns for m in c["members"] if m.get("detected_at")}
    if not members:
        return None, None, None
    first = min(row["first_seen"] for row in rows)
    own = [members[row["account_id"]] for row in rows if row["account_id"] in members]
    flagged = [m for m in own if m["level"] == "act"] or own
    times = sorted(np.datetime64(m["detected_at"].rstrip("Z")) for m in flagged)
    hours = None
    if times:
        since = times[(len(times) - 1) // 2] - np.datetime64(first.replace(tzinfo=None))
        hours = float(since / np.timedelta64(1, "h"))
    before = {m["account_id"]: m["exchanges_before_detection"] for m in own}
    total = sum(row["exchanges"] for row in rows)
    lost = sum(before.get(row["account_id"], row["exchanges"]) for row in rows)
    tokens = sum(
        round(row["output_tokens"] * before.get(row["account_id"], row["exchanges"])
              / max(row["exchanges"], 1))
        for row in rows
    )  # fmt: skip
    return hours, lost / total, tokens


def _group(name: str, rows: Sequence[Mapping[str, Any]]) -> Group:
    act = sum(row["level"] == "act" for row in rows)
    flagged = sum(row["level"] != "none" for row in rows)
    return Group(name, share(act, len(rows)), share(flagged, len(rows)))


def _grouped(rows: Iterable[Mapping[str, Any]], column: str) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row.get(column) is not None:
            groups.setdefault(row[column], []).append(row)
    return dict(sorted(groups.items()))


def _groups(rows: Sequence[Mapping[str, Any]], column: str) -> tuple[Group, ...]:
    return tuple(_group(name, part) for name, part in _grouped(rows, column).items())


def precision_at(recall: Share, false: Share, rate: float) -> tuple[float | None, float]:
    """Return the precision at a base rate, with the false-positive rate measured and at its limit.

    Args:
        recall: Share of members flagged.
        false: Share of innocent accounts flagged.
        rate: Share of accounts that are members.

    Returns:
        The first is None where nothing was flagged.
    """
    caught = recall.value * rate

    def at(false_rate: float) -> float | None:
        flagged = caught + false_rate * (1.0 - rate)
        return caught / flagged if flagged else None

    return at(false.value), at(false.high) or 0.0


def _quantiles(p: FloatArray) -> tuple[float, ...]:
    if not p.size:
        return ()
    levels = np.arange(1, QUANTILES + 1) / QUANTILES
    return tuple(float(value) for value in np.quantile(p, levels))


def _table(path: Path, columns: frozenset[str]) -> pa.Table:
    try:
        table = pq.read_table(path)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing", HINT) from error
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path} is no Parquet file", HINT) from error
    if lacks := columns - set(table.column_names):
        raise InputError(f"{path} has no column {min(lacks)!r}", HINT)
    return table


def read_json(path: Path) -> Any:
    """Read a file of JSON.

    Raises:
        InputError: It is missing or no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing", HINT) from error
    except (ValueError, OSError) as error:
        raise InputError(f"{path} is no JSON", HINT) from error


def _json(path: Path, key: str, kind: type[T]) -> T:
    """Read one value of a JSON object."""
    content = read_json(path)
    value = content.get(key) if isinstance(content, dict) else None
    if not isinstance(value, kind):
        raise InputError(f"{path} has no {key!r}", HINT)
    return value
