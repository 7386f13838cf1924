"""Files that are replaced at once."""

from __future__ import annotations

import errno
import os

import pytest

from stillwatch.core.errors import ExternalError
from stillwatch.sharing.ledger.durable import sync_folder, write_durably


def test_content_and_permissions(tmp_path):
    path = tmp_path / "key"
    old_mask = os.umask(0)
    try:
        write_durably(path, b"one", 0o600)
        write_durably(path, b"two", 0o600)
    finally:
        os.umask(old_mask)
    sync_folder(tmp_path)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["key"]


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_durably(path, b"old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExternalError, match="No space left"):
        write_durably(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    write_durably(path, b"newer")  # what the failed attempt left is no obstacle
    assert path.read_bytes() == b"newer"


def test_a_folder_that_is_not_there(tmp_path):
    for call in (
        lambda: write_durably(tmp_path / "none" / "file", b""),
        lambda: sync_folder(tmp_path / "none"),
    ):
        with pytest.raises(ExternalError):
            call()
