"""Finds an example of each shared template in the input, for an analyst who asked to see text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core.config import Settings
from stillwatch.core.records import EXCHANGE_SCHEMA, Reject
from stillwatch.core.results import Results
from stillwatch.sketches import conversation, sketch_batch
from stillwatch.sources import Inputs

SHOWN: Final = 600
"""Characters shown of an example."""
_SCALARS: Final = ("head_key", "tail_key", "system_key")


class _Ignored:
    def add(self, reject: Reject) -> None:
        """Drop a reject: the scan has reported it."""


def with_text(results: Results, inputs: Inputs, settings: Settings) -> Results:
    """Return the results with an example of each template's text; unchanged for sketches.

    The text is that of the message the fingerprint was found in: the system prompt, or the last
    message of the user.
    """
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
    values = pa.array([int(mark, 16) for mark in wanted], pa.uint64()).cast(pa.int64(), safe=False)
    sketched = sketch_batch(batch, key)
    rows = set()
    for name in _SCALARS:
        rows.update(pc.indices_nonzero(pc.is_in(sketched.column(name), values)).to_pylist())
    lists = sketched.column("fingerprints")
    owners = pc.list_parent_indices(lists)
    rows.update(owners.filter(pc.is_in(pc.list_flatten(lists), values)).to_pylist())
    for row in sorted(rows):
        for mark, text in _passages(batch.column("messages")[row].as_py(), key):
            if mark in wanted:
                texts.setdefault(mark, text)


def _passages(messages: str, key: bytes) -> Iterator[tuple[str, str]]:
    """Yield the fingerprints of the last user message and of the system prompt, with their text."""
    said = conversation(messages)
    parts = {
        "user": [text for role, text in said if role == "user"][-1:],
        "system": [text for role, text in said if role == "system"],
    }
    for role, texts in parts.items():
        alone = orjson.dumps([{"role": role, "content": text} for text in texts]).decode()
        row = {"time": 0, "account_id": "", "messages": alone}
        batch = pa.RecordBatch.from_pylist([row], schema=EXCHANGE_SCHEMA)
        (found,) = sketch_batch(batch, key).to_pylist()
        for value in (*(found[name] for name in _SCALARS), *(found["fingerprints"] or ())):
            if value is not None:
                yield f"{value & 0xFFFFFFFFFFFFFFFF:016x}", "\n".join(texts)[:SHOWN]
