"""Every error a user can meet, grouped by who has to act on it."""

from __future__ import annotations

from typing import ClassVar


class StillwatchError(Exception):
    """Root of all errors: a sentence for the user and a hint at the way out.

    Attributes:
        message: What went wrong, naming the file, line or field where there is one.
        hint: What to do about it; may be empty.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class ConfigError(StillwatchError):
    """The operator's settings are wrong; all faults are reported together."""

    exit_code = 2


class InputError(StillwatchError):
    """The data cannot be used as it is; names path, line and field where known."""

    exit_code = 2


class MissingExtraError(StillwatchError):
    """A feature needs an optional dependency; names the extra to install."""

    exit_code = 2


class UnitError(StillwatchError):
    """A source, sketch, detector or linker broke its contract."""

    exit_code = 1


class ExternalError(StillwatchError):
    """A peer, the disk or the network failed; the hint says whether to retry."""

    exit_code = 3


class SharingRefused(StillwatchError):  # noqa: N818 (it names what happened, no fault)
    """A marking, a minimisation rule or a right held: nothing was shared, and nothing was lost.

    Attributes:
        code: Of the closed list that the board answers with, such as `sw.tlp.missing`.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "", code: str = "sw.refused") -> None:
        super().__init__(message, hint)
        self.code = code
