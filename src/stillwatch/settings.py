"""Reads the settings from where an operator leaves them: the file, the environment, the flags."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stillwatch.core.config import Layer, Settings, make_settings
from stillwatch.core.errors import ConfigError

FILE_NAME: Final = "stillwatch.toml"
FILE_VARIABLE: Final = "STILLWATCH_CONFIG"
KEY_VARIABLE: Final = "STILLWATCH_SKETCH_KEY"


def load_settings(
    path: Path | None = None,
    flags: Mapping[str, Mapping[str, object]] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Return the settings in force.

    Args:
        path: The file; None takes the one `STILLWATCH_CONFIG` names, else `stillwatch.toml` in
            the working folder where there is one.
        flags: What the command line sets, as tables; None values are left out.
        environment: Where the file's path and the sketch key are looked up.

    Raises:
        ConfigError: The file cannot be read, or holds unknown or ill-typed settings.
    """
    layers = []
    file = path or _named_file(environment)
    if file is not None:
        layers.append(Layer(str(file), _read(file)))
    if flags:
        given = {
            section: {key: value for key, value in table.items() if value is not None}
            for section, table in flags.items()
        }
        layers.append(Layer("command line", given))
    return make_settings(layers, environment.get(KEY_VARIABLE))


def _named_file(environment: Mapping[str, str]) -> Path | None:
    if named := environment.get(FILE_VARIABLE):
        return Path(named)
    default = Path(FILE_NAME)
    return default if default.is_file() else None


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}", "name an existing file with --config"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}", "see https://toml.io") from error
