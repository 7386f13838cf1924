"""Where settings are read from."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.core.errors import ConfigError
from stillwatch.settings import load_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_file_of_the_working_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "stillwatch.toml").write_text("[scan]\nfdr = 0.2\n")
    assert load_settings(environment={}).scan.fdr == 0.2


def test_an_option_beats_the_environment_beats_the_working_folder(tmp_path: Path) -> None:
    for name, fdr in (("stillwatch", 0.2), ("named", 0.3), ("given", 0.4)):
        (tmp_path / f"{name}.toml").write_text(f"[scan]\nfdr = {fdr}\n")
    environment = {"STILLWATCH_CONFIG": "named.toml"}
    assert load_settings(environment=environment).scan.fdr == 0.3
    assert load_settings(Path("given.toml"), environment=environment).scan.fdr == 0.4
    flags: dict[str, dict[str, object]] = {"scan": {"fdr": 0.5, "seed": None}}
    assert load_settings(Path("given.toml"), flags, environment).scan.fdr == 0.5


@pytest.mark.parametrize("content", [b"[scan", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"bad\.toml: not TOML"):
        load_settings(Path("bad.toml"), environment={})


@pytest.mark.parametrize("name", ["absent.toml", "."])
def test_a_file_that_cannot_be_read_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(environment={"STILLWATCH_CONFIG": name})


def test_the_sketch_key_comes_from_the_environment_only(tmp_path: Path) -> None:
    key = "0123456789abcdef"
    assert load_settings(environment={"STILLWATCH_SKETCH_KEY": key}).sketch_key == key.encode()
    (tmp_path / "stillwatch.toml").write_text(f'[scan]\nsketch_key = "{key}"\n')
    with pytest.raises(ConfigError, match=r"scan\.sketch_key: unknown"):
        load_settings(environment={})
