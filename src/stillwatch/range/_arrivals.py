"""Times of real clients, scaled down."""

from __future__ import annotations

import numpy as np

from stillwatch.core.errors import InputError
from stillwatch.range._corpora import HINT, arrivals
from stillwatch.range._rhythm import inside
from stillwatch.range.contracts import DAY_US, FloatArray, IntArray, World


def client_times(
    rng: np.random.Generator, world: World, account: IntArray, group: IntArray | None = None
) -> IntArray:
    """Draw each account's times from a real client; accounts of a group share the client.

    A unit-rate renewal process with gamma gaps of the client's variation is bent through the
    client's cumulative load: the rate is scaled down, day shape and burstiness stay.

    Args:
        rng: Source of randomness.
        world: Its `data` has the arrivals, its `span` is at most 14 days.
        account: Account of each exchange, sorted.
        group: Group of each account; None lets each follow a client of its own.

    Raises:
        InputError: There is no data folder, or a file is missing.
    """
    if world.data is None:
        raise InputError("real arrivals need the data folder", HINT)
    trace, days = arrivals(world.data), world.span.days
    counts = np.bincount(account)
    clients = rng.integers(0, len(trace.load), len(counts) + 1)
    edges = np.linspace(0.0, 14.0, trace.load.shape[1])
    pieces: list[FloatArray] = []
    for k, count in enumerate(counts):
        client = clients[group[k] if group is not None else k]
        load, shape = trace.load[client], 1.0 / trace.variation[client] ** 2
        first = int(rng.integers(0, 15 - days))
        low, high = np.interp([first, first + days], edges, load)
        if high <= low:
            low, high, first = 0.0, 1.0, 0
        gaps = np.cumsum(rng.gamma(shape, 1.0 / shape, count + 1)) + 1e-9
        at = np.interp(low + (high - low) * gaps[:-1] / gaps[-1], load, edges) - first
        pieces.append(at % days)
    return inside(np.concatenate(pieces) * DAY_US, world.span)
