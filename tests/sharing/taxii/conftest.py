from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taxii.forum import Forum
from taxii.forum import forum as opened


@pytest.fixture
def forum(tmp_path: Path) -> Iterator[Forum]:
    with opened(tmp_path) as running:
        yield running
