"""Refusals that both sides of a lookup know."""

from __future__ import annotations

from stillwatch.core.errors import SharingRefused


class EpochOver(SharingRefused):
    """The epoch's key no longer answers; tag again in the current epoch."""


class QuotaSpent(SharingRefused):
    """The day's quota does not reach; nothing was used.

    Attributes:
        retry_after_seconds: Until the next day begins, in UTC.
    """

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(
            "the day's quota for this type is spent",
            "evaluate again tomorrow; answers of the same epoch are kept at home and cost nothing",
            "sw.quota",
        )
        self.retry_after_seconds = retry_after_seconds


class ProtocolAlarm(SharingRefused):
    """The key holder's answer does not follow from the published key: stop, and tell the forum."""
