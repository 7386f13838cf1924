"""The page that shows evaluations on the range: found, missed, falsely flagged, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from stillwatch.core.errors import InputError
from stillwatch.range.evaluate import Hidden, Share, share
from stillwatch.range.pooling import Pool, is_false, pool
from stillwatch.report._calibration import SIDE, histogram, quantile_dots
from stillwatch.report._templates import environment, style_hash

MAX_SINGLE: Final = 3
SCHEMA: Final = "stillwatch/evaluations/1"


@dataclass(frozen=True, slots=True)
class Baseline:
    """How a baseline did on a scenario at a threshold set on benign history.

    Attributes:
        budget: Share of false positives asked for.
        false_positives: Innocent accounts flagged.
        recall: Members flagged.
        oracle: Members found at a precision of 0.99, the threshold set with the truth in hand.
    """

    name: str
    auc: float | None
    budget: float
    false_positives: Share
    recall: Share
    oracle: Share


@dataclass(frozen=True, slots=True)
class _Row:
    """A hidden campaign of a scenario."""

    scenario: str
    target: str
    runs: int
    hidden: Hidden
    parts: int


def render_evaluations(
    pools: Sequence[Pool],
    targets: Mapping[str, str],
    baselines: Mapping[str, Sequence[Baseline]] | None = None,
) -> str:
    """Write evaluations as one self-contained HTML page, without scripts.

    Args:
        pools: Evaluations by scenario, at least one.
        targets: By scenario, what is expected, in words.
        baselines: By scenario, how the baselines did.

    Returns:
        The page, to be written as UTF-8. Equal evaluations give equal bytes.
    """
    runs = [run for one in pools for run in one.runs]
    whole = pool(runs)
    quiet = [run for run in runs if not run.hidden]
    return (
        environment()
        .get_template("evaluations.html.j2")
        .render(
            pools=pools,
            whole=whole,
            runs=len(runs),
            rows=_rows(pools, targets),
            targets=targets,
            quiet=share(sum(map(is_false, quiet)), len(quiet)),
            kinds=(("archetype", whole.archetypes), ("language", whole.languages)),
            histogram=histogram(whole.p_values),
            dots=quantile_dots(whole.p_values),
            side=SIDE,
            baselines=baselines or {},
            style_hash=style_hash(),
            interval=interval,
            share_of=share_of,
            br=Markup("<br>"),
        )
    )


def evaluations_json(
    pools: Sequence[Pool],
    targets: Mapping[str, str],
    baselines: Mapping[str, Sequence[Baseline]] | None = None,
) -> dict[str, Any]:
    """Return what the page shows as plain data."""
    whole = pool([run for one in pools for run in one.runs])
    return {
        "schema": SCHEMA,
        "scenarios": [
            {
                "scenario": one.scenario,
                "target": targets.get(one.scenario, ""),
                "runs": len(one.runs),
                "false_runs": one.false_runs,
                "replays": one.replays,
                "whole": one.whole,
            }
            for one in pools
        ],
        "whole": whole,
        "baselines": {name: list(rows) for name, rows in (baselines or {}).items()},
    }


def _rows(pools: Sequence[Pool], targets: Mapping[str, str]) -> list[_Row]:
    return [
        _Row(
            one.scenario,
            targets.get(one.scenario, ""),
            len(one.runs),
            hidden,
            len(hidden.found_as),
        )
        for one in pools
        for hidden in one.whole.hidden
    ]


def baselines_from(content: object) -> dict[str, list[Baseline]]:
    """Read rows of baselines, by scenario; of the single features the best few are kept.

    Args:
        content: JSON: `{SCENARIO: [ROW, ...]}`, with the fields of the comparison's rows.

    Raises:
        InputError: It is something else.
    """
    try:
        return {str(name): _best(rows) for name, rows in _items(content)}
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise InputError(
            f"the baselines cannot be read: {error!r}", "give {SCENARIO: [ROW, ...]} as JSON"
        ) from error


def _items(content: object) -> list[tuple[str, list[dict[str, Any]]]]:
    if not isinstance(content, dict):
        raise TypeError("no JSON object")
    return sorted(content.items())


def _best(rows: Sequence[Mapping[str, Any]]) -> list[Baseline]:
    """Keep all baselines, and the single features that find most with the truth in hand."""
    single = [row for row in rows if row.get("single")]
    single.sort(key=lambda row: (-row["oracle"]["hits"], -(row["auc"] or 0.0)))
    kept = [row for row in rows if not row.get("single")] + single[:MAX_SINGLE]
    return [_baseline(row, budget) for row in kept for budget in row["budgets"]]


def _baseline(row: Mapping[str, Any], budget: Mapping[str, Any]) -> Baseline:
    return Baseline(
        name=("only: " if row.get("single") else "") + str(row["baseline"]),
        auc=None if row["auc"] is None else float(row["auc"]),
        budget=float(budget["budget"]),
        false_positives=_share(budget["false_positives"]),
        recall=_share(budget["recall"]),
        oracle=_share(row["oracle"]),
    )


def _share(counts: Mapping[str, Any]) -> Share:
    return share(int(counts["hits"]), int(counts["of"]))


def interval(one: Share) -> str:
    """Write the exact interval of a share in percent, `0 to 0.53 %`; a dash for one of nothing."""
    if not one.of:
        return "–"
    return f"{100 * one.low:.3g} to {100 * one.high:.3g} %"


def share_of(one: Share) -> str:
    """Write a share in percent with three digits; a dash for a share of nothing."""
    return f"{100 * one.value:.3g} %" if one.of else "–"
