"""The whole chain on a composed week: found at `act`, nobody innocent, nothing once labels move."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.cli import run

pytestmark = pytest.mark.slow

OF_THE_ACCOUNT = ("account_id", "organization_id", "credential_id", "plan", "verified")
"""Columns that stay with the account when exchanges are dealt out anew."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo")
    assert run(["demo", "--out", str(out), "--json"]) == 0
    return out


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tenth of the accounts: dealt anew, everybody shares something with everybody."""
    out = tmp_path_factory.mktemp("small")
    assert run(["demo", "--out", str(out), "--scale", "0.1", "--json"]) == 0
    return out


def found(folder: Path) -> list[dict[str, object]]:
    campaigns: list[dict[str, object]] = json.loads((folder / "campaigns.json").read_text())[
        "campaigns"
    ]
    return [campaign for campaign in campaigns if campaign["level"] == "act"]


def test_three_campaigns_at_act_and_no_innocent_account(demo: Path) -> None:
    levels = pq.read_table(demo / "results" / "accounts.parquet", columns=["account_id", "level"])
    rows = pq.read_table(demo / "week" / "labels.parquet").join(levels, "account_id").to_pylist()
    acted = [row for row in rows if row["level"] == "act"]
    assert len(found(demo / "results")) == 3
    assert {row["campaign_id"] for row in acted} == {
        row["campaign_id"] for row in rows if row["campaign_id"]
    }
    assert len(acted) > 250


def _dealt_anew(traffic: pa.Table) -> pa.Table:
    order = np.random.default_rng(5).permutation(traffic.num_rows)
    for name in OF_THE_ACCOUNT:
        place = traffic.schema.get_field_index(name)
        traffic = traffic.set_column(place, name, traffic.column(name).take(pa.array(order)))
    return traffic


def _innocent(traffic: pa.Table, labels: Path) -> pa.Table:
    truth = pq.read_table(labels)
    innocent = truth.filter(pa.compute.is_null(truth.column("campaign_id"))).column("account_id")
    return traffic.filter(pa.compute.is_in(traffic.column("account_id"), innocent))


@pytest.mark.parametrize("which", ["permuted account labels", "an all-benign week"])
def test_nothing_reaches_act(small: Path, tmp_path: Path, which: str) -> None:
    assert found(small / "results"), "there is something to lose"
    changes: dict[str, Callable[[pa.Table], pa.Table]] = {
        "permuted account labels": _dealt_anew,
        "an all-benign week": lambda traffic: _innocent(traffic, small / "week" / "labels.parquet"),
    }
    traffic = changes[which](pq.read_table(small / "week" / "traffic.parquet"))
    pq.write_table(traffic, tmp_path / "traffic.parquet")
    words = ["scan", tmp_path / "traffic.parquet", "--out", tmp_path / "out", "--json"]
    words += ["--profile", small / "profile.json"]
    assert run([str(word) for word in words]) == 0
    assert found(tmp_path / "out") == []
