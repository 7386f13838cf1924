"""The runs a command can ask for."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import stillwatch
from stillwatch import outputs
from stillwatch.core.config import Settings
from stillwatch.core.errors import InputError
from stillwatch.core.results import Abstention, Results
from stillwatch.engines.duckdb import DuckDB
from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.intake import COLUMN_OF, Intake, OtherSketchesError, Progress, take_in
from stillwatch.pipeline.profile import Profile, dump, load
from stillwatch.pipeline.text import with_text
from stillwatch.relations.rollups import PROFILE_KINDS
from stillwatch.relations.store import RollupStore
from stillwatch.report import render
from stillwatch.sources import Inputs, open_inputs

_LIBRARIES: Final = ("duckdb", "ibis-framework", "numba", "numpy", "pyarrow", "scipy")


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """How a scan or a replay ended; the results are written already.

    Attributes:
        results: What was concluded.
        out: Where it was written.
        rows: Rows read: exchanges + rejected + duplicates.
        timings: Seconds a stage.
        partial: Whether a unit failed and was left out.
        unknown: Columns that nobody reads.
    """

    results: Results
    out: Path
    rows: int
    exchanges: int
    rejected: int
    duplicates: int
    timings: dict[str, float]
    partial: bool = False
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CalibrationOutcome:
    """What a profile was learned from."""

    out: Path
    exchanges: int
    accounts: int
    rejected: int


@dataclass(frozen=True, slots=True)
class SketchOutcome:
    """What was sketched."""

    files: tuple[Path, ...]
    exchanges: int
    rejected: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class FileCheck:
    """One input file, read to its end."""

    path: Path
    source: str
    rows: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Validation:
    """What a scan of some inputs would read.

    Attributes:
        files: Every file with its format and counts.
        columns: Share of exchanges that fill each column.
        unknown: Columns that nobody reads.
        reasons: Rejected rows by reason.
        abstaining: Units that would abstain.
    """

    files: tuple[FileCheck, ...]
    columns: dict[str, float]
    unknown: tuple[str, ...]
    reasons: dict[str, int]
    abstaining: tuple[Abstention, ...]


@dataclass(slots=True)
class Clock:
    """Times the stages of a run, in seconds."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that a block takes to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def scan(
    inputs: Sequence[str],
    out: Path,
    settings: Settings,
    *,
    profile: Path | None = None,
    format: str | None = None,  # noqa: A002 (the name of the flag)
    show_text: bool = False,
    progress: Progress,
) -> ScanOutcome:
    """Find the campaigns in some traffic and write the results.

    Raises:
        InputError: Nothing can be read, or the profile does not fit.
        ConfigError: The output folder cannot be used.
        ExternalError: The disk is full or read-only.
    """
    clock = Clock()
    analysis = Analysis.of(settings)
    known = load(profile, analysis.detectors) if profile else None
    opened = open_inputs(inputs, format)
    with outputs.staged(out) as folder, running(settings) as (engine, scratch):
        rejects = outputs.RejectWriter(folder / outputs.REJECTED)
        store, intake = RollupStore(engine), Intake()
        with clock.stage("sketch and roll up"):
            for file in intake_of(opened, scratch, settings, rejects, progress, intake):
                store.add([file])
                file.unlink()
        rejects.close()
        _something(intake, rejects.count)
        with clock.stage("analyse"):
            progress.start("analyse", None, "")
            results, accounts = analysis.run(store, intake, rejects.count, known)
            progress.done()
        if show_text:
            with clock.stage("read text"):
                results = with_text(results, opened, settings)
        with clock.stage("write"):
            outputs.write_results(
                folder,
                results,
                accounts,
                render(results, accounts),
                run_record(settings, opened, profile, clock),
                datetime.now(UTC),
            )
    return outcome_of(results, out, intake, rejects.count, clock)


def calibrate(
    inputs: Sequence[str],
    out: Path,
    settings: Settings,
    *,
    format: str | None = None,  # noqa: A002
    progress: Progress,
) -> CalibrationOutcome:
    """Learn what benign traffic looks like and write a profile.

    Raises:
        InputError: Nothing can be read.
        ExternalError: The disk is full or read-only.
    """
    analysis = Analysis.of(settings)
    opened = open_inputs(inputs, format)
    with running(settings) as (engine, scratch):
        rejects = outputs.RejectWriter(scratch / outputs.REJECTED)
        store, intake = RollupStore(engine), Intake()
        for file in intake_of(opened, scratch, settings, rejects, progress, intake):
            store.add([file], PROFILE_KINDS)
            file.unlink()
        rejects.close()
        _something(intake, rejects.count)
        silent = frozenset(item.unit for item in analysis.abstaining(intake.filled))
        parties, accounts, _, _ = analysis.units(store, silent)
        first, last = _day(intake.from_us), _day(intake.to_us)
        profile = Profile(
            analysis.calibration(parties),
            analysis.calibration(accounts),
            f"a profile of {intake.exchanges:,} exchanges of {accounts.keys.size:,} accounts, "
            f"{first} to {last}",
        )
    outputs.replace_file(out, dump(profile, analysis.detectors))
    return CalibrationOutcome(out, intake.exchanges, accounts.keys.size, rejects.count)


def sketch(
    inputs: Sequence[str],
    out: Path,
    settings: Settings,
    *,
    format: str | None = None,  # noqa: A002
    progress: Progress,
) -> SketchOutcome:
    """Write sketches of some traffic, and drop the text.

    Rejects go to `_rejected.jsonl`, which a scan of the folder passes over.

    Raises:
        InputError: Nothing can be read, or the folder holds other files.
        ExternalError: The disk is full or read-only.
    """
    opened = open_inputs(inputs, format)
    with outputs.disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        if any(out.glob("sketches-*.parquet")):
            raise InputError(f"{out}: holds sketches already", "name another folder with --out")
        with TemporaryDirectory(dir=out, prefix=".sketching-") as scratch:
            rejects = outputs.RejectWriter(Path(scratch) / outputs.REJECTED)
            intake = Intake()
            made = list(intake_of(opened, Path(scratch), settings, rejects, progress, intake))
            rejects.close()
            files = [file.replace(out / file.name) for file in made]
            (Path(scratch) / outputs.REJECTED).replace(out / f"_{outputs.REJECTED}")
    return SketchOutcome(tuple(files), intake.exchanges, rejects.count, intake.duplicates)


def validate(
    inputs: Sequence[str],
    settings: Settings,
    *,
    format: str | None = None,  # noqa: A002
    progress: Progress,
) -> Validation:
    """Read some traffic to its end and say what a scan would make of it.

    Raises:
        InputError: Nothing can be read.
    """
    opened = open_inputs(inputs, format)
    total, checks = Intake(), []
    with TemporaryDirectory() as scratch:
        rejects = outputs.RejectWriter(Path(scratch) / outputs.REJECTED)
        for reject in opened.unreadable:
            rejects.add(reject)
            checks.append(FileCheck(Path(reject.file), "unknown", 1, 1))
        for number, file in enumerate(opened.files):
            before, folder = rejects.count, Path(scratch) / str(number)
            folder.mkdir()
            intake = Intake()
            single = Inputs((file,), opened.kind)
            try:
                for made in intake_of(single, folder, settings, rejects, progress, intake):
                    made.unlink()
            except OtherSketchesError:
                raise
            except InputError:
                pass  # the reader has rejected the file; one that holds nothing is not at fault
            rejected = rejects.count - before
            rows = intake.exchanges + intake.duplicates + rejected
            checks.append(FileCheck(file.path, file.source, rows, rejected))
            total.exchanges += intake.exchanges
            total.unknown = tuple(sorted({*total.unknown, *intake.unknown}))
            for name, count in intake.filled.items():
                total.filled[name] = total.filled.get(name, 0) + count
        rejects.close()
    if not total.exchanges and not rejects.count:
        raise InputError("the input holds no exchange", "check that the right files were named")
    return Validation(
        files=tuple(checks),
        columns={name: total.filled.get(name, 0) / max(total.exchanges, 1) for name in COLUMN_OF},
        unknown=total.unknown,
        reasons=dict(rejects.reasons.most_common()),
        abstaining=Analysis.of(settings).abstaining(total.filled),
    )


@contextmanager
def running(settings: Settings) -> Iterator[tuple[DuckDB, Path]]:
    """Give an engine and a scratch folder; both go when the block ends."""
    with TemporaryDirectory(prefix="stillwatch-") as folder:
        scratch = Path(folder)
        with DuckDB(scratch, settings.scan.memory_limit, settings.scan.workers) as engine:
            yield engine, scratch


def intake_of(
    opened: Inputs,
    folder: Path,
    settings: Settings,
    rejects: outputs.RejectWriter,
    progress: Progress,
    intake: Intake,
) -> Iterator[Path]:
    """Sketch the inputs into a folder; yield each sketch file when it is complete."""
    return take_in(
        opened, folder, settings.sketch_key, settings.scan.workers, rejects, progress, intake
    )


def _something(intake: Intake, rejected: int) -> None:
    if not intake.exchanges and rejected:
        raise InputError(
            f"no row could be read; {rejected:,} were rejected",
            "`stillwatch validate` says why",
        )
    if not intake.exchanges:
        raise InputError("the input holds no exchange", "`stillwatch validate` says what it holds")


def _day(time_us: int | None) -> str:
    return "?" if time_us is None else datetime.fromtimestamp(time_us / 1e6, UTC).date().isoformat()


def run_record(
    settings: Settings, opened: Inputs, profile: Path | None, clock: Clock
) -> dict[str, object]:
    """Return what `run.json` says of a run: versions, parameters, files, timings."""
    return {
        "schema": "stillwatch/run/1",
        "versions": {
            "stillwatch": stillwatch.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
        },
        "parameters": {
            "scan": asdict(settings.scan),
            "detectors": {name: dict(values) for name, values in settings.detectors.items()},
            "linkers": {name: dict(values) for name, values in settings.linkers.items()},
            "profile": str(profile) if profile else None,
        },
        "files": [{"path": str(file.path), "source": file.source} for file in opened.files],
        "timings": {name: round(seconds, 3) for name, seconds in clock.seconds.items()},
    }


def outcome_of(
    results: Results, out: Path, intake: Intake, rejected: int, clock: Clock
) -> ScanOutcome:
    """Sum up a run."""
    return ScanOutcome(
        results=results,
        out=out,
        rows=intake.exchanges + intake.duplicates + rejected,
        exchanges=intake.exchanges,
        rejected=rejected,
        duplicates=intake.duplicates,
        unknown=intake.unknown,
        timings=clock.seconds,
        partial=bool(results.partial),
    )
