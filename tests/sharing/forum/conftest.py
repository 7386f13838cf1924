"""Fixtures of the forum's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from forum.local_forum import campaigns_json
from stillwatch.sharing.forum.processes import LocalForum, running
from stillwatch.sharing.forum.publishing import previewed
from stillwatch.sharing.node.preview import Choices


@pytest.fixture(scope="session")
def forum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalForum]:
    with running(tmp_path_factory.mktemp("forum"), ("a", "b")) as made:
        yield made


@pytest.fixture(scope="session")
def results() -> dict[str, object]:
    return campaigns_json()


@pytest.fixture(scope="session")
def fields(results: dict[str, object]) -> dict[str, object]:
    return previewed(results, "C-1", Choices()).fields()
