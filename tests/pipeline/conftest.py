"""Composed traffic for whole runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.range.compose import compose_demo, write


@pytest.fixture(scope="session")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Parquet file of two composed days."""
    folder = tmp_path_factory.mktemp("composed")
    return write(compose_demo(seed=7, days=2, scale=0.03), folder)[0]
