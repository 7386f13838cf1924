"""Writes results so that a reader finds either the previous ones or the new ones, whole.

A results folder looks like this; only `current` ever changes, in one rename:

    out/campaigns.json    -> .stillwatch/current/campaigns.json
    out/report.html       -> .stillwatch/current/report.html   (and so on)
    out/.stillwatch/current -> run-x7f3
    out/.stillwatch/run-x7f3/campaigns.json, report.html, ...

New files are written and synced to disk in a folder of their own before the rename, so a run that
is killed at any point, or meets a full disk, leaves the previous results as they were; what it
left behind goes with the next run. Links rather than an exchange of folders, because `out` may be
a mount point, or hold files of the user's own.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.campaigns_json import results_to_json
from stillwatch.core.errors import ConfigError, ExternalError
from stillwatch.core.json_bytes import INDENTED, LINE, json_bytes
from stillwatch.core.records import Reject
from stillwatch.core.results import Results

CAMPAIGNS: Final = "campaigns.json"
ACCOUNTS: Final = "accounts.parquet"
REPORT: Final = "report.html"
REJECTED: Final = "rejected.jsonl"
RUN: Final = "run.json"
FILES: Final = (CAMPAIGNS, ACCOUNTS, REPORT, REJECTED, RUN)

_STATE: Final = ".stillwatch"
_CURRENT: Final = "current"
_PENDING_ROWS: Final = 1000
_REASONS: Final = 1000
_OTHER_REASONS: Final = "other reasons"
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class RejectWriter:
    """Appends rejected rows to a file and counts them; holds counts and a few rows only.

    Attributes:
        count: Rows rejected so far.
        reasons: Rows rejected by `field: reason`, or by reason where no field is at fault.
    """

    def __init__(self, path: Path) -> None:
        self.count = 0
        self.reasons: Counter[str] = Counter()
        self._path = path
        self._pending: list[bytes] = []
        self.close()

    def add(self, reject: Reject) -> None:
        """Record one rejected row."""
        self.count += 1
        about = f"{reject.field}: " if reject.field else ""
        reason = about + reject.reason
        kept = reason in self.reasons or len(self.reasons) < _REASONS
        self.reasons[reason if kept else _OTHER_REASONS] += 1
        self._pending.append(json_bytes(reject, LINE))
        if len(self._pending) >= _PENDING_ROWS:
            self.close()

    def close(self) -> None:
        """Write what is still in memory."""
        with self._path.open("ab") as file:
            file.writelines(self._pending)
        self._pending.clear()


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Give a fresh folder to write into; publish its files in `out` when the block succeeds.

    Opened before the input is read, it also fails early where nothing could be written.

    Raises:
        ConfigError: `out` is a file, or holds files of these names that are not ours.
        ExternalError: The disk is full or read-only, or another run writes to the same folder.
    """
    with disk_errors(out):
        if out.exists() and not out.is_dir():
            raise ConfigError(f"{out}: is a file", "name a folder with --out")
        _refuse_strangers(out, FILES)
        state = out / _STATE
        state.mkdir(parents=True, exist_ok=True)
        with _locked(state):
            _clear(state)
            folder = state / f"run-{secrets.token_hex(4)}"
            folder.mkdir()
            try:
                yield folder
                _publish(out, state, folder)
            except BaseException:
                if not _is_current(state, folder):
                    shutil.rmtree(folder, ignore_errors=True)
                raise
            _clear(state)


def write_results(
    folder: Path,
    results: Results,
    accounts: pa.Table,
    report_html: str,
    run: Mapping[str, object],
    generated_at: datetime,
) -> None:
    """Write the result files into a folder got from `staged`; `rejected.jsonl` is there already.

    Args:
        folder: Where to write.
        results: What the scan concluded.
        accounts: One row an account.
        report_html: The report, self-contained.
        run: Versions, parameters, seed and timings.
        generated_at: Time of the run, with a time zone.
    """
    write_json(folder / CAMPAIGNS, results_to_json(results, generated_at))
    pq.write_table(accounts, folder / ACCOUNTS, compression="zstd")
    (folder / REPORT).write_text(report_html, "utf-8")
    write_json(folder / RUN, run)
    (folder / REJECTED).touch()


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON object with its keys in order: the same content gives the same bytes."""
    path.write_bytes(json_bytes(content, INDENTED))


def replace_file(path: Path, content: bytes) -> None:
    """Write one file, such as a profile, whole or not at all.

    Raises:
        ExternalError: The disk is full or read-only.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.parent / f".{path.name}.{secrets.token_hex(4)}"
        try:
            fresh.write_bytes(content)
            _sync(fresh)
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        _sync(path.parent)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the operating system says of a disk into an error a user can act on.

    Raises:
        ExternalError: In place of `OSError`, naming the path.
    """
    try:
        yield
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) else path
        if error.errno in _FULL:
            hint = "free some space, or choose another folder; earlier results are untouched"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            hint = "choose a folder that you may write to"
        else:
            hint = "choose another folder; earlier results are untouched"
        raise ExternalError(f"{where}: {error.strerror or error}", hint) from error


def _refuse_strangers(out: Path, names: Iterable[str]) -> None:
    """Never write over what is not a link into our own state."""
    strangers = [name for name in names if os.path.lexists(out / name) and not _ours(out / name)]
    if strangers:
        raise ConfigError(
            f"{out}: not a results folder: {', '.join(strangers)} was put there by somebody else",
            "move it away, or choose another --out",
        )


def _ours(path: Path) -> bool:
    return path.is_symlink() and os.readlink(path) == f"{_STATE}/{_CURRENT}/{path.name}"


@contextmanager
def _locked(state: Path) -> Iterator[None]:
    # The kernel lets go of the lock when a process dies, however it dies.
    with (state / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ExternalError(
                f"{state.parent}: another run is writing here",
                "wait for it, or choose another --out",
            ) from error
        yield


def _clear(state: Path) -> None:
    """Remove what killed runs, and the run before this one, left behind."""
    for entry in state.iterdir():
        if entry.name.startswith("run-") and not _is_current(state, entry):
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name.startswith("next-"):
            entry.unlink(missing_ok=True)


def _is_current(state: Path, folder: Path) -> bool:
    current = state / _CURRENT
    return current.is_symlink() and os.readlink(current) == folder.name


def _publish(out: Path, state: Path, folder: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())
    _refuse_strangers(out, names)
    for name in names:
        _sync(folder / name)
    _sync(folder)
    _link(state / _CURRENT, folder.name)
    _sync(state)
    # From here on the new results are in force; the links differ only after the first run, or
    # after one of another kind.
    for name in names:
        _link(out / name, f"{_STATE}/{_CURRENT}/{name}")
    for path in out.iterdir():
        if _ours(path) and path.name not in names:
            path.unlink()
    _sync(out)


def _link(path: Path, target: str) -> None:
    """Point a symbolic link at its target in one step, whether or not it is there already."""
    if path.is_symlink() and os.readlink(path) == target:
        return
    fresh = path.parent / f"next-{path.name}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


__all__ = [
    "ACCOUNTS",
    "CAMPAIGNS",
    "FILES",
    "REJECTED",
    "REPORT",
    "RUN",
    "RejectWriter",
    "disk_errors",
    "replace_file",
    "results_to_json",
    "staged",
    "write_json",
    "write_results",
]
