from __future__ import annotations

import os
from pathlib import Path

import pytest

from stillwatch.range.compose import compose_demo
from stillwatch.range.contracts import Composition


@pytest.fixture(scope="session")
def week() -> Composition:
    """Compose a whole week, in which every look-alike is common."""
    return compose_demo(seed=0, rare=1.0)


@pytest.fixture(scope="session")
def small() -> Composition:
    return compose_demo(seed=0, scale=0.06, rare=1.0)


@pytest.fixture(scope="session")
def data() -> Path:
    folder = Path(os.environ.get("STILLWATCH_DATA", "../shared/data"))
    if not (folder / "README.md").exists():
        pytest.skip("the real data is not here: set STILLWATCH_DATA to its folder")
    return folder
