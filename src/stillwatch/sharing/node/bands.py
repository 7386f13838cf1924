"""Counts as the bands in which they may leave a node (X1): never a number, never a rate."""

from __future__ import annotations

from typing import Final

_ACCOUNTS: Final = ((10, "lt10"), (100, "10s"), (1_000, "100s"), (10_000, "1ks"))
_VOLUME: Final = (
    (1_000, "lt1e3"),
    (10_000, "1e3"),
    (100_000, "1e4"),
    (1_000_000, "1e5"),
    (10_000_000, "1e6"),
)
_RATE: Final = ((1, "lt1"), (10, "1s"), (100, "10s"), (1_000, "100s"))


def account_band(accounts: int) -> str:
    """Return `lt10`, `10s`, `100s`, `1ks` or `ge10k`."""
    return _band(accounts, _ACCOUNTS, "ge10k")


def volume_band(exchanges: int) -> str:
    """Return `lt1e3`, `1e3`, `1e4`, `1e5`, `1e6` or `ge1e7`: the power of ten reached."""
    return _band(exchanges, _VOLUME, "ge1e7")


def rate_band(exchanges_per_account_day: float) -> str:
    """Return `lt1`, `1s`, `10s`, `100s` or `ge1k`."""
    return _band(exchanges_per_account_day, _RATE, "ge1k")


def _band(value: float, steps: tuple[tuple[int, str], ...], above: str) -> str:
    return next((name for limit, name in steps if value < limit), above)
