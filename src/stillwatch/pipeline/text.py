"""Finds an example of each shared template in the input, for an analyst who asked to see text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import orjson
import pyarrow as pa

from stillwatch.core.config import Settings
from stillwatch.core.records import Reject
from stillwatch.core.results import Results
from stillwatch.sketches import sketch_batch
from stillwatch.sources import Inputs

SHOWN: Final = 600
"""Characters shown of an example."""
_SCALARS: Final = ("head_key", "tail_key", "system_key")


class _Ignored:
    def add(self, reject: Reject) -> None:
        """Drop a reject: the scan has reported it."""


def with_text(results: Results, inputs: Inputs, settings: Settings) -> Results:
    """Return the results with an example prompt at each template; unchanged for sketches."""
    wanted = {template.fingerprint for c in results.campaigns for template in c.templates}
    if inputs.kind != "exchanges" or not wanted:
        return results
    texts: dict[str, str] = {}
    for batch in inputs.read(_Ignored(), lambda _: None):
        _look(batch, settings.sketch_key, wanted - texts.keys(), texts)
        if len(texts) == len(wanted):
            break
    campaigns = tuple(
        replace(
            campaign,
            templates=tuple(replace(t, text=texts.get(t.fingerprint)) for t in campaign.templates),
        )
        for campaign in results.campaigns
    )
    return replace(results, campaigns=campaigns)


def _look(batch: pa.RecordBatch, key: bytes, wanted: set[str], texts: dict[str, str]) -> None:
    sketched = sketch_batch(batch, key)
    for name in _SCALARS:
        for row, value in enumerate(sketched.column(name).to_pylist()):
            _note(batch, row, value, wanted, texts)
    lists = sketched.column("fingerprints")
    offsets = lists.offsets.to_pylist()
    values = lists.values.to_pylist()
    for row in range(batch.num_rows):
        for value in values[offsets[row] : offsets[row + 1]]:
            _note(batch, row, value, wanted, texts)


def _note(
    batch: pa.RecordBatch, row: int, value: int | None, wanted: set[str], texts: dict[str, str]
) -> None:
    if value is None:
        return
    mark = f"{value & 0xFFFFFFFFFFFFFFFF:016x}"
    if mark in wanted and mark not in texts:
        texts[mark] = _last_user_text(batch.column("messages")[row].as_py())


def _last_user_text(messages: str | None) -> str:
    try:
        found = orjson.loads(messages or "[]")
    except orjson.JSONDecodeError:
        return ""
    for message in reversed(found if isinstance(found, list) else []):
        if isinstance(message, Mapping) and message.get("role") == "user":
            content = message.get("content")
            return content[:SHOWN] if isinstance(content, str) else ""
    return ""
