"""Writes a file so that a reader, even after power was lost, finds the old or the new content."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stillwatch.core.errors import ExternalError


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into an error for the operator.

    Raises:
        ExternalError: The block met an error of the operating system.
    """
    try:
        yield
    except OSError as fault:
        hint = "free some space or choose another disk, then try again"
        raise ExternalError(f"{path}: {fault.strerror or 'cannot be used'}", hint) from None


def write_durably(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace a file at once; its folder must exist and be made durable by `sync_folder`.

    Args:
        path: What to write.
        content: All of it.
        mode: Permissions, held from the first byte on.

    Raises:
        ExternalError: The disk is full or read-only.
    """
    fresh = path.with_name(f".{path.name}.new")
    with disk_errors(path):
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)


def sync_folder(folder: Path) -> None:
    """Make durable that the files of a folder have their names.

    Raises:
        ExternalError: The folder cannot be read.
    """
    with disk_errors(folder):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
