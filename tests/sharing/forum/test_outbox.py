"""A parcel is written whole, and read back as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import ConfigError, InputError
from stillwatch.sharing.forum import outbox
from stillwatch.sharing.forum.outbox import Parcel


@given(sets=st.none() | st.lists(st.binary(max_size=600), max_size=4), done=st.booleans())
def test_a_parcel_comes_back(
    sets: list[bytes] | None, done: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("node")
    made = Parcel(outbox.parcel_path(folder, "C-1"), {"id": "campaign--1"}, "ab", sets, done=done)
    made.save()
    assert outbox.load(made.path) == made
    assert outbox.every(folder) == [made]
    assert outbox.of_campaign(folder, "campaign--1") == made


def test_the_name_of_a_scans_campaign_is_not_in_the_path(tmp_path: Path) -> None:
    path = outbox.parcel_path(tmp_path, "../../C-SECRET")
    assert path.parent == tmp_path / "outbox"
    assert "SECRET" not in path.name


def test_a_damaged_parcel_and_an_unknown_campaign_are_said(tmp_path: Path) -> None:
    path = outbox.parcel_path(tmp_path, "C-1")
    assert outbox.load(path) is None
    with pytest.raises(InputError, match="no such campaign"):
        outbox.of_campaign(tmp_path, "campaign--1")
    path.parent.mkdir()
    for content in (b"", b"[]", b'{"sets": 1}', b"\xff"):
        path.write_bytes(content)
        with pytest.raises(ConfigError, match="damaged"):
            outbox.load(path)
