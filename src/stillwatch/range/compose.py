"""Composes a labelled week of traffic from all personas and the demo's campaigns."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.catalogue import units
from stillwatch.range._assemble import assemble
from stillwatch.range._network import proxies
from stillwatch.range.contracts import Campaign, Composition, Persona, Span, World


def compose_demo(
    seed: int = 0, days: int = 7, scale: float = 1.0, campaigns: bool = True
) -> Composition:
    """Compose traffic with text of our own making: no data and no network needed.

    Args:
        seed: Same seed, same bytes.
        days: Whole days, at least 2, from Monday 2 March 2026.
        scale: Multiplies the number of accounts.
        campaigns: Whether to hide the campaigns among the others.

    Returns:
        About 152,000 exchanges of 7,700 accounts at scale 1 over 7 days.
    """
    world = world_of(seed, days, scale)
    parts = [
        persona.compose(stream(seed, f"persona.{name}"), world)
        for name, persona in units("range.personas", Persona).items()
    ]
    if campaigns:
        parts += [
            campaign.compose(stream(seed, f"tactic.{name}"), world)
            for name, campaign in units("range.campaigns", Campaign).items()
        ]
    return assemble(stream(seed, "assemble"), world, parts)


def world_of(seed: int, days: int, scale: float = 1.0) -> World:
    """Return the shared world of a seed."""
    service = proxies(stream(seed, "proxies"), prefixes=12, each=4)
    return World(seed=seed, span=Span(days), proxies=service, scale=scale)


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the random stream of one purpose: adding a unit leaves the others' draws alone."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def write(composition: Composition, folder: Path) -> tuple[Path, Path]:
    """Write `traffic.parquet` and, apart from it, the truth as `labels.parquet`.

    Scan the first path, not the folder: no scan should be shown the truth.

    Returns:
        Path of the traffic and path of the labels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    traffic, labels = folder / "traffic.parquet", folder / "labels.parquet"
    _write(composition.exchanges, traffic)
    _write(composition.labels, labels)
    return traffic, labels


def _write(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd", row_group_size=65_536)
