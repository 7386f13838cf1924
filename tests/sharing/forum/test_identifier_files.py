"""Files of identifiers: read whole or refused by line, and no message repeats a value."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import InputError, SharingRefused, StillwatchError
from stillwatch.sharing.forum import identifier_files
from stillwatch.sharing.forum.identifier_files import read_identifiers
from stillwatch.sharing.private.id_types import IdType


def test_lines_become_identifiers_each_once(tmp_path: Path) -> None:
    path = tmp_path / "ids"
    path.write_text("# note\n\nemail A@Example.org\nemail a@example.org\npay-ref shop:TOKENTOKEN\n")
    found = read_identifiers(path)
    assert {kind: [one.text for one in ones] for kind, ones in found.items()} == {
        IdType.EMAIL: ["a@example.org"],
        IdType.PAY_REF: ["shop:TOKENTOKEN"],
    }


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("card-number 4111111111111111", SharingRefused),
        ("pay-ref shop:4111111111111111", SharingRefused),
        ("email not-an-address", InputError),
        ("shoe-size forty-six", SharingRefused),
    ],
)
def test_a_fault_is_told_by_its_line_alone(
    line: str, error: type[StillwatchError], tmp_path: Path
) -> None:
    path = tmp_path / "ids"
    path.write_text(f"email a@example.org\n{line}\n")
    with pytest.raises(error, match="line 2") as caught:
        read_identifiers(path)
    assert line.split(" ")[1] not in caught.value.message + caught.value.hint


def test_what_is_no_text_or_too_long_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ids"
    with pytest.raises(InputError, match="cannot be read"):
        read_identifiers(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="cannot be read"):
        read_identifiers(path)
    monkeypatch.setattr(identifier_files, "MOST_LINES", 2)
    path.write_text("\n\n\n")
    with pytest.raises(InputError, match="more than 2"):
        read_identifiers(path)


@given(text=st.text())
def test_any_text_is_read_or_refused(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / "ids"
    path.write_text(text, "utf-8", errors="surrogatepass")
    try:
        found = read_identifiers(path)
    except StillwatchError:
        return
    assert all(one.id_type is kind for kind, ones in found.items() for one in ones)
