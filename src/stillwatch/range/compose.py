"""Composes a labelled week of traffic from all personas and the demo's campaigns."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.catalogue import units
from stillwatch.range._assemble import assemble
from stillwatch.range._network import proxies
from stillwatch.range.contracts import (
    IN_LIFE,
    Campaign,
    Composition,
    Persona,
    Span,
    Traffic,
    World,
)

SMALLEST: Final = 0.3
"""Scale below which the personas have as few accounts as they can have."""


def compose_demo(
    seed: int = 0,
    days: int = 7,
    scale: float = 1.0,
    campaigns: bool = True,
    rare: float = IN_LIFE,
) -> Composition:
    """Compose traffic with text of our own making: no data and no network needed.

    Args:
        seed: Same seed, same bytes.
        days: Whole days, at least 2, from Monday 2 March 2026.
        scale: Multiplies the number of accounts.
        campaigns: Whether to hide the campaigns among the others.
        rare: See `World`.

    Returns:
        About 152,000 exchanges of 7,700 accounts at scale 1 over 7 days.
    """
    world = world_of(seed, days, scale, rare)
    parts = benign(world)
    if campaigns:
        parts += [
            campaign.compose(stream(seed, f"tactic.{name}"), world)
            for name, campaign in units("range.campaigns", Campaign).items()
        ]
    return assemble(stream(seed, "assemble"), world, parts)


def benign(world: World) -> list[Traffic]:
    """Compose everybody innocent, from text of our own making.

    A rare persona cannot be smaller than a few accounts, so where fewer are due it is there in
    some worlds only.
    """
    parts = []
    for name, persona in units("range.personas", Persona).items():
        rng, place = stream(world.seed, f"persona.{name}"), world
        if persona.rare and world.rare < 1.0:
            due = world.scale * world.rare
            if rng.random() >= due / SMALLEST:
                continue
            place = replace(world, scale=max(due, SMALLEST))
        parts.append(persona.compose(rng, place))
    return parts


def world_of(seed: int, days: int, scale: float = 1.0, rare: float = 1.0) -> World:
    """Return the shared world of a seed."""
    service = proxies(stream(seed, "proxies"), prefixes=12, each=4)
    return World(seed=seed, span=Span(days), proxies=service, scale=scale, rare=rare)


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
