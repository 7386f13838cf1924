"""Fills the page: chooses what is shown and hands it to the templates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from stillwatch.core.catalogue import units
from stillwatch.core.contracts import Detector
from stillwatch.core.results import Campaign, Evidence, Results
from stillwatch.report import _format, _words
from stillwatch.report._graph import Graph, graph
from stillwatch.report._plots import Dots, Timeline, dots, timeline
from stillwatch.report._templates import environment, style_hash

MAX_CAMPAIGNS: Final = 40
MAX_ROWS: Final = 500
MAX_MEMBERS: Final = 100
OPEN_MEMBERS: Final = 25
MAX_EVIDENCE: Final = 6
MAX_TEMPLATES: Final = 25
MAX_ACCOUNTS: Final = 20
_LEVEL_ORDER: Final = {"act": 0, "review": 1, "none": 2}


@dataclass(frozen=True, slots=True)
class _Section:
    """A campaign with its plots laid out."""

    number: int
    campaign: Campaign
    timeline: Timeline | None
    graph: Graph | None
    dots: tuple[Dots, ...]


@dataclass(frozen=True, slots=True)
class _Account:
    """An account that stands out and belongs to no campaign."""

    account_id: str
    level: str
    p_value: float | None
    exchanges: int
    evidence: tuple[Evidence, ...]


def render(results: Results, accounts: pa.Table | None = None) -> str:
    """Write the results as one self-contained HTML page.

    The page holds no script and asks nothing of the network; its content security policy allows
    its one style sheet and nothing else. Equal results give equal bytes. All text from traffic is
    bounded, stripped of anything invisible and escaped.

    Args:
        results: What the scan concluded.
        accounts: The table of accounts.parquet; adds the accounts that stand out alone.

    Returns:
        The page, to be written as UTF-8.
    """
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            results=results,
            sections=[_section(*numbered) for numbered in enumerate(_shown(results), start=1)],
            rows=list(enumerate(results.campaigns[:MAX_ROWS], start=1)),
            overall=timeline(results.timeline),
            levels=_levels(accounts),
            alone=_alone(accounts),
            abstained=sorted(results.abstained, key=lambda one: (one.unit, one.reason)),
            style_hash=style_hash(),
            words=_words,
            max_campaigns=MAX_CAMPAIGNS,
            max_rows=MAX_ROWS,
            max_members=MAX_MEMBERS,
            open_members=OPEN_MEMBERS,
            measures=_measures(),
            max_text=_format.TEXT_LENGTH,
            br=Markup("<br>"),
            max_evidence=MAX_EVIDENCE,
            max_templates=MAX_TEMPLATES,
        )
    )


@cache
def _measures() -> dict[str, str]:
    """Return what each detector scores, from the first line of its class."""
    documented = {name: type(unit).__doc__ for name, unit in units("detectors", Detector).items()}
    return {
        name: text.strip().splitlines()[0].removeprefix("Scores ").rstrip(".")
        for name, text in documented.items()
        if text
    }


def _shown(results: Results) -> tuple[Campaign, ...]:
    return results.campaigns[:MAX_CAMPAIGNS]


def _section(number: int, campaign: Campaign) -> _Section:
    return _Section(
        number=number,
        campaign=campaign,
        timeline=timeline(campaign.timeline, campaign.detected_us),
        graph=graph(campaign.spokes, len(campaign.members)),
        dots=dots(campaign.harvest),
    )


def _levels(accounts: pa.Table | None) -> dict[str, int]:
    """Count accounts by level, campaigns' members included."""
    if accounts is None:
        return {}
    found = {row["values"]: row["counts"] for row in accounts["level"].value_counts().to_pylist()}
    return {level: found.get(level, 0) for level in ("act", "review", "none")}


def _alone(accounts: pa.Table | None) -> list[_Account]:
    """Pick the accounts that stand out most without a campaign."""
    if accounts is None:
        return []
    names = ["account_id", "level", "p_value", "exchanges", "findings", "campaign_id"]
    alone = accounts.select(names).filter(
        pc.and_(pc.is_null(accounts["campaign_id"]), pc.not_equal(accounts["level"], "none"))
    )
    rows = alone.to_pylist()
    rows.sort(
        key=lambda row: (_LEVEL_ORDER[row["level"]], _rank(row["p_value"]), row["account_id"])
    )
    return [
        _Account(
            row["account_id"],
            row["level"],
            row["p_value"],
            row["exchanges"],
            tuple(
                Evidence(one["detector"], None, one["p_value"], one["why"])
                for one in row["findings"] or ()
            ),
        )
        for row in rows[:MAX_ACCOUNTS]
    ]


def _rank(p_value: float | None) -> float:
    return 2.0 if p_value is None else p_value
