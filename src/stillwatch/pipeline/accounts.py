"""One row an account: what was found of it, and its level."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.campaigns.calibration import Calibration
from stillwatch.core.records import Finding, Level
from stillwatch.core.results import Campaign
from stillwatch.pipeline.units import Unit
from stillwatch.stats.multiple_testing import benjamini_hochberg

FloatArray = NDArray[np.float64]

FINDING_ALPHA: Final = 0.01
"""Findings with a larger p-value are not worth a line, nor a place in the queue."""

FINDING: Final = pa.struct(
    [
        pa.field("detector", pa.string()),
        pa.field("p_value", pa.float64()),
        pa.field("effect", pa.float64()),
        pa.field("why", pa.string()),
    ]
)


def account_table(
    unit: Unit,
    calibration: Calibration,
    learned_here: bool,
    p_values: FloatArray,
    campaigns: Sequence[Campaign],
    places: int,
    find: Callable[[int, str, float], Finding],
    floors: Mapping[str, float] | None = None,
) -> pa.Table:
    """Return the table of the output contract, sorted by account.

    An account alone never reaches `act`: that it extracts is one null of two. The most remarkable
    ones fill the places that campaigns leave in the review queue.

    Args:
        unit: The accounts.
        calibration: Benign accounts.
        learned_here: Whether the calibration holds these accounts themselves.
        p_values: Conformal p-value of each account's harvest index.
        campaigns: Campaigns found.
        places: Places left in the queue.
        find: Makes a finding of an account, a detector and a p-value.
        floors: Scores that a finding needs at least, of detectors that have such a floor.
    """
    findings = _findings(unit, calibration, learned_here, find, floors or {})
    ids = unit.rows.column("account_id").to_pylist()
    member = {m.account_id: (c.campaign_id, m.level) for c in campaigns for m in c.members}
    levels: list[Level] = [member[i][1] if i in member else "none" for i in ids]
    for i in np.argsort(p_values, kind="stable").tolist():
        if places <= 0 or not p_values[i] <= FINDING_ALPHA:
            break
        if levels[i] == "none":
            levels[i] = "review"
            places -= 1
    columns = {
        "account_id": pa.array(ids, pa.string()),
        "segment": pa.array(unit.segments.tolist(), pa.string()),
        **{
            name: pa.array(unit.profiles[name].astype(np.int64))
            for name in ("exchanges", "input_tokens", "output_tokens")
        },
        **{
            name: pa.array(unit.profiles[column].astype(np.int64)).cast(
                pa.timestamp("us", tz="UTC")
            )
            for name, column in (("first_seen", "first_us"), ("last_seen", "last_us"))
        },
        "p_value": pa.array(p_values, from_pandas=True),
        "q_value": pa.array(benjamini_hochberg(p_values), from_pandas=True),
        "level": pa.array(levels, pa.string()),
        "findings": pa.array(findings, pa.list_(FINDING)),
        "campaign_id": pa.array([member[i][0] if i in member else None for i in ids], pa.string()),
    }
    return pa.table(columns).sort_by("account_id")


def _findings(
    unit: Unit,
    calibration: Calibration,
    learned_here: bool,
    find: Callable[[int, str, float], Finding],
    floors: Mapping[str, float],
) -> list[list[dict[str, object]]]:
    found: list[list[dict[str, object]]] = [[] for _ in range(unit.keys.size)]
    for name, scores in unit.scores.items():
        p = calibration.detector_p(name, scores, unit.segments, unit.ties, learned_here)
        remarkable = np.flatnonzero(
            (p <= FINDING_ALPHA) & (scores > 0) & (scores >= floors.get(name, 0.0))
        )
        for i in remarkable.tolist():
            item = find(i, name, float(p[i]))
            found[i].append(
                {
                    "detector": item.detector,
                    "p_value": item.p_value,
                    "effect": item.effect,
                    "why": item.why,
                }
            )
    return found
