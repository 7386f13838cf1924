"""What the board answers when it does not do as asked (TAXII 2.1, section 3.6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

CODES: Final = frozenset(
    {
        "sw.audience.missing", "sw.audience.needless", "sw.audience.unknown",
        "sw.author.not_yours", "sw.banned.capacity", "sw.banned.customer",
        "sw.banned.exact_count", "sw.banned.free_text", "sw.banned.model", "sw.banned.personal",
        "sw.banned.price", "sw.banned.recommendation", "sw.banned.roadmap", "sw.banned.volume",
        "sw.board_only", "sw.collection.type", "sw.deleted", "sw.envelope", "sw.envelope.size",
        "sw.forbidden", "sw.internal", "sw.json.depth", "sw.json.duplicate", "sw.json.float",
        "sw.json.integer", "sw.json.syntax", "sw.json.utf8", "sw.legal_basis.expired",
        "sw.legal_basis.unknown", "sw.log.unavailable", "sw.media", "sw.method", "sw.not_found",
        "sw.query", "sw.query.cursor", "sw.quota", "sw.ref.unknown", "sw.retention.long",
        "sw.retention.past", "sw.revoked", "sw.schema.fixed", "sw.schema.missing",
        "sw.schema.order", "sw.schema.type", "sw.schema.unknown_field", "sw.schema.value",
        "sw.tlp.approval", "sw.tlp.granular", "sw.tlp.missing", "sw.tlp.rescope",
        "sw.tlp.target", "sw.tlp.unknown", "sw.tlp.version", "sw.unauthorised",
        "sw.version.conflict",
    }
)  # fmt: skip
"""The closed list of `error_code`."""


class Answer(Exception):  # noqa: N818 (an answer like any other)
    """An error answer; the same question by the same member gives the same bytes.

    Attributes:
        status: HTTP status.
        code: Of `CODES`.
        title: What happened; holds nothing that a client sent.
        headers: Further header fields.
    """

    def __init__(
        self, status: int, code: str, title: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(title)
        self.status = status
        self.code = code
        self.title = title
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        """Return the error object as JSON."""
        return orjson.dumps(
            {"title": self.title, "error_code": self.code, "http_status": str(self.status)}
        )


def not_found() -> Answer:
    """Return the one answer for what is absent and for what the caller may not see."""
    return Answer(404, "sw.not_found", "not found")
