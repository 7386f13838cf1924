"""Status resources (TAXII 2.1, section 4.3.1): what became of each object of a post."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from stillwatch.sharing.taxii.times import parsed, written

_ID: Final = re.compile(r"[a-z0-9-]{1,60}--[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_NIL: Final = "unknown--00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one object.

    Attributes:
        id: Its id, a stand-in where it had none of STIX's form.
        version: Microseconds since 1970; None where it stated none.
        refusal: Code and reason; None where it was taken.
    """

    id: str
    version: int | None
    refusal: str | None

    @classmethod
    def of(cls, stix: object, refusal: str | None) -> Outcome:
        """Return an outcome that holds nothing of the object but id and version."""
        fields = stix if isinstance(stix, dict) else {}
        id_ = fields.get("id")
        known = isinstance(id_, str) and _ID.fullmatch(id_)
        moment = fields.get("modified", fields.get("created"))
        version = parsed(moment) if isinstance(moment, str) else None
        return cls(str(id_) if known else _NIL, version, refusal)


def status_body(id_: str, received: int, outcomes: Sequence[Outcome]) -> bytes:
    """Return a serialised status, `complete`: we judge before answering."""
    taken = [one for one in outcomes if one.refusal is None]
    refused = [one for one in outcomes if one.refusal is not None]
    content: dict[str, object] = {
        "id": id_,
        "status": "complete",
        "request_timestamp": written(received),
        "total_count": len(outcomes),
        "success_count": len(taken),
        "failure_count": len(refused),
        "pending_count": 0,
    }
    if taken:
        content["successes"] = [_details(one, received) for one in taken]
    if refused:
        content["failures"] = [_details(one, received) for one in refused]
    return orjson.dumps(content)


def _details(one: Outcome, received: int) -> dict[str, str]:
    version = written(received if one.version is None else one.version)
    details = {"id": one.id, "version": version}
    return details if one.refusal is None else {**details, "message": one.refusal}
