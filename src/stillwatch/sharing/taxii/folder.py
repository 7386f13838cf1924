"""A board in a folder: database, keys and register; opened for a trial on one machine.

In a trial members show a token on both API roots and leaves are not kept. A forum that runs on
several machines hands its own signature verifier and transparency log to `service_of`.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from stillwatch.core.errors import ConfigError, ExternalError
from stillwatch.sharing.contracts import LeafKind, LeafLog, RequestVerifier
from stillwatch.sharing.governance.gate import FieldGate
from stillwatch.sharing.governance.legal_basis import Register, register_from
from stillwatch.sharing.taxii.app import Service
from stillwatch.sharing.taxii.auth import TokenVerifier
from stillwatch.sharing.taxii.board import Board
from stillwatch.sharing.taxii.cursor import KEY_BYTES, Cursors
from stillwatch.sharing.taxii.members import COMPATIBILITY_ROOT, MAIN_ROOT, Members
from stillwatch.sharing.taxii.tables import open_engine

DATABASE: Final = "board.db"
REGISTER: Final = "legal_basis.toml"

_KEYS: Final = ("forum.key", "cursor.key")
_TRIAL_REGISTER: Final = """\
# What members share under. Replace the trial's entry by your counsel's before anyone else joins.
[[legal_basis]]
id = "lb-trial"
text = "Trial on one machine with made-up data; nothing leaves it"
jurisdiction = "none"
valid_from = {first}
valid_until = {last}
reviewed_by = "nobody"
"""


def now() -> datetime:
    """Return the time, UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class UnkeptLog:
    """Counts leaves and keeps none: for a trial only."""

    leaves: int = 0

    def append(self, kind: LeafKind, pseudonym: bytes, event: Mapping[str, object]) -> int:
        """Return the index that the leaf would have."""
        del kind, pseudonym, event
        self.leaves += 1
        return self.leaves - 1


def init(folder: Path) -> None:
    """Make a folder with fresh keys, a trial's register and an empty database.

    Raises:
        ConfigError: The folder holds a board already.
        ExternalError: It cannot be written.
    """
    if (folder / _KEYS[0]).exists():
        raise ConfigError(f"{folder} holds a board already", "choose another folder")
    today = now().date()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in _KEYS:
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
        last = today.replace(year=today.year + 1, day=min(today.day, 28))
        text = _TRIAL_REGISTER.format(first=today, last=last)
        (folder / REGISTER).write_text(text, "utf-8")
    except OSError as error:
        raise ExternalError(f"{folder} cannot be written", "check the disk") from error
    open_engine(_url(folder)).dispose()


def members_of(folder: Path, database: str | None = None) -> Members:
    """Open a board's members.

    Raises:
        ConfigError: No board in the folder.
    """
    _key(folder, _KEYS[0])
    return Members(open_engine(database or _url(folder)))


def service_of(
    folder: Path,
    database: str | None = None,
    verifier: RequestVerifier | None = None,
    log: LeafLog | None = None,
    clock: Callable[[], datetime] = now,
) -> Service:
    """Open a board.

    Args:
        folder: As `init` made it.
        database: URL; None is the folder's own SQLite file.
        verifier: Of signatures, on the main root; None takes tokens, for a trial.
        log: The transparency log; None keeps no leaves, for a trial.
        clock: Returns the time, aware.

    Raises:
        ConfigError: No board in the folder, or its register is wrong.
        ExternalError: The database does not answer.
    """
    keys = [_key(folder, name) for name in _KEYS]
    gate = FieldGate(register_in(folder))
    engine = open_engine(database or _url(folder))
    members = Members(engine)
    tokens = TokenVerifier(members)
    return Service(
        board=Board(engine, gate, log or UnkeptLog(), keys[0], clock),
        members=members,
        cursors=Cursors(keys[1]),
        verifiers={MAIN_ROOT: verifier or tokens, COMPATIBILITY_ROOT: tokens},
    )


def register_in(folder: Path) -> Register:
    """Read the folder's register of legal bases.

    Raises:
        ConfigError: It is missing or wrong.
    """
    try:
        content = tomllib.loads((folder / REGISTER).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder / REGISTER} cannot be read", "write it as TOML") from error
    return register_from(content)


def _url(folder: Path) -> str:
    return f"sqlite:///{folder / DATABASE}"


def _key(folder: Path, name: str) -> bytes:
    try:
        key = (folder / name).read_bytes()
    except OSError as error:
        raise ConfigError(f"no board in {folder}", "make one: stillwatch board init") from error
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{folder / name} is damaged", "restore it from a backup")
    return key
