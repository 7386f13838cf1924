"""Small traffic for the commands, and a way to run one in this process."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_rows import Ran, Runner

from stillwatch.cli import run
from stillwatch.range.compose import compose_demo, write


@pytest.fixture
def stillwatch(capsys: pytest.CaptureFixture[str]) -> Runner:
    """Run a command line; whatever it is, it may print no traceback."""

    def invoke(*words: object) -> Ran:
        capsys.readouterr()
        code = run([str(word) for word in words])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Ran(code, captured.out, captured.err)

    return invoke


@pytest.fixture(scope="session")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Parquet file of three composed days, some 2,500 exchanges with campaigns."""
    folder = tmp_path_factory.mktemp("traffic")
    return write(compose_demo(seed=5, days=3, scale=0.05), folder)[0]
