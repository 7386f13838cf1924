"""Replay: the same analysis, as it would have run live, step by step.

Sketches are put in order of time once; each step merges the rollups of what is new. The analysis
is repeated when the merged traffic has grown by three tenths since the last look, and at the end:
the looks then grow with the logarithm of the traffic, and their whole cost with the traffic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from stillwatch import outputs
from stillwatch.core.config import Settings
from stillwatch.core.results import Campaign, Member, Results
from stillwatch.engines.duckdb import DuckDB
from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.intake import Intake, Progress
from stillwatch.pipeline.profile import load
from stillwatch.pipeline.runs import Clock, ScanOutcome, intake_of, outcome_of, run_record, running
from stillwatch.relations.store import RollupStore
from stillwatch.report import render
from stillwatch.sources import open_inputs

GROWTH: Final = 1.3
"""Traffic must have grown by this factor since the last look."""
LEAST: Final = 1000
"""And by this many exchanges: less shows no campaign."""
_SKETCHES, _NEW = "sketches", "new_sketches"


@dataclass(slots=True)
class _Seen:
    """When each account was first put in a campaign at `act`, and what it had sent by then."""

    at_us: dict[str, int] = field(default_factory=dict)
    exchanges: dict[str, int] = field(default_factory=dict)
    looks: int = 0

    def note(self, results: Results, until_us: int) -> None:
        self.looks += 1
        for campaign in results.campaigns:
            for member in campaign.members:
                if member.level == "act" and member.account_id not in self.at_us:
                    self.at_us[member.account_id] = until_us
                    self.exchanges[member.account_id] = member.exchanges

    def member(self, member: Member) -> Member:
        return replace(
            member,
            detected_us=self.at_us.get(member.account_id),
            exchanges_before_detection=self.exchanges.get(member.account_id),
        )

    def campaign(self, campaign: Campaign) -> Campaign:
        members = tuple(self.member(member) for member in campaign.members)
        times = [m.detected_us for m in members if m.detected_us is not None]
        before = [m.exchanges_before_detection or 0 for m in members if m.detected_us is not None]
        return replace(
            campaign,
            members=members,
            detected_us=min(times) if times else None,
            exchanges_before_detection=sum(before) if times else None,
        )


def replay(
    inputs: Sequence[str],
    out: Path,
    settings: Settings,
    *,
    every_seconds: int,
    profile: Path | None = None,
    format: str | None = None,  # noqa: A002 (the name of the flag)
    progress: Progress,
) -> ScanOutcome:
    """Run the analysis as it would have run live; members carry when they were detected.

    The false-discovery rate holds at each look by itself, not over all looks together.

    Raises:
        InputError: Nothing can be read, or the profile does not fit.
        ConfigError: The output folder cannot be used.
        ExternalError: The disk is full or read-only.
    """
    clock, seen = Clock(), _Seen()
    analysis = Analysis.of(settings)
    known = load(profile, analysis.detectors) if profile else None
    opened = open_inputs(inputs, format)
    with outputs.staged(out) as folder, running(settings) as (engine, scratch):
        rejects = outputs.RejectWriter(folder / outputs.REJECTED)
        intake, store = Intake(), RollupStore(engine)
        with clock.stage("sketch"):
            files = list(intake_of(opened, scratch, settings, rejects, progress, intake))
            first, last = intake.span()
            engine.append(_SKETCHES, engine.read(files).order_by("time_us"))
            for file in files:
                file.unlink()
        rejects.close()
        step = every_seconds * 1_000_000
        steps = range(first - first % step + step, last + step + 1, step)
        progress.start("replay", len(steps), "steps")
        since = first
        for until, exchanges in _looks(_new(engine, step), steps, progress):
            rows = engine.table(_SKETCHES)
            with clock.stage("roll up"):
                engine.replace(_NEW, rows.filter((rows.time_us >= since) & (rows.time_us < until)))
                store.roll_up(engine.table(_NEW))
            since = until
            with clock.stage("analyse"):
                now = intake.until(until, exchanges)
                results, accounts = analysis.run(store, now, rejects.count, known)
            seen.note(results, until)
        progress.done()
        results = replace(results, campaigns=tuple(map(seen.campaign, results.campaigns)))
        with clock.stage("write"):
            record = run_record(settings, opened, profile, clock) | {"looks": seen.looks}
            outputs.write_results(
                folder, results, accounts, render(results, accounts), record, datetime.now(UTC)
            )
    return outcome_of(results, out, intake, rejects.count, clock)


def _new(engine: DuckDB, step: int) -> dict[int, int]:
    """Return the exchanges of each step that has any, by the end of the step."""
    rows = engine.table(_SKETCHES)
    until = rows.time_us - rows.time_us % step + step
    counts = engine.fetch(rows.group_by(until=until).agg(exchanges=rows.count()))
    columns = (counts.column(name).to_pylist() for name in ("until", "exchanges"))
    return dict(zip(*columns, strict=True))


def _looks(new: Mapping[int, int], steps: range, progress: Progress) -> Iterator[tuple[int, int]]:
    """Yield the steps at which the traffic has grown enough to look again, and the last one.

    Yields:
        The end of the step, UTC microseconds, and the exchanges before it.
    """
    looked = exchanges = passed = 0
    for until in sorted({*new, steps[-1]}):
        place = steps.index(until) + 1
        progress.advance(place - passed)
        passed = place
        exchanges += new.get(until, 0)
        if until == steps[-1] or exchanges >= max(looked + LEAST, GROWTH * looked):
            looked = exchanges
            yield until, exchanges
