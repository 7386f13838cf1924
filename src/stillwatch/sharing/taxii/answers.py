"""Success bodies of TAXII 2.1: resources and envelopes, bodies copied as they were stored."""

from __future__ import annotations

from typing import Final

import orjson

from stillwatch.sharing.taxii.collections import Collection
from stillwatch.sharing.taxii.media import STIX, TAXII
from stillwatch.sharing.taxii.reading import Page
from stillwatch.sharing.taxii.times import written
from stillwatch.sharing.taxii.visibility import Viewer

_TITLE: Final = "stillwatch board"


def discovery(default: str, roots: list[str]) -> bytes:
    """Return the discovery resource (section 4.1.1)."""
    description = "Indicators of distillation campaigns, between the members of a forum"
    return orjson.dumps(
        {"title": _TITLE, "description": description, "default": default, "api_roots": roots}
    )


def api_root(root: str, most_bytes: int) -> bytes:
    """Return an API root resource (section 4.2.1)."""
    return orjson.dumps(
        {"title": f"{_TITLE}: {root}", "versions": [TAXII], "max_content_length": most_bytes}
    )


def collection_resource(collection: Collection, viewer: Viewer) -> dict[str, object]:
    """Return a collection resource (section 5.2.1)."""
    return {
        "id": collection.id,
        "title": collection.title,
        "can_read": collection.id in viewer.readable,
        "can_write": collection.id in viewer.writable,
        "media_types": [STIX],
    }


def envelope(page: Page, cursor: str | None) -> bytes:
    """Return an envelope (section 3.7) around the stored bytes."""
    if not page.items:
        return b"{}"
    head = orjson.dumps(_paging(cursor))[:-1]
    return head + b',"objects":[' + b",".join(one.body for one in page.items) + b"]}"


def manifest(page: Page, cursor: str | None) -> bytes:
    """Return a manifest resource (section 5.3.1)."""
    if not page.items:
        return b"{}"
    records = [
        {
            "id": one.id,
            "date_added": written(one.date_added),
            "version": written(one.version),
            "media_type": STIX,
        }
        for one in page.items
    ]
    return orjson.dumps({**_paging(cursor), "objects": records})


def versions(page: Page, cursor: str | None) -> bytes:
    """Return a versions resource (section 5.8.1)."""
    if not page.items:
        return b"{}"
    return orjson.dumps(
        {**_paging(cursor), "versions": [written(one.version) for one in page.items]}
    )


def page_headers(page: Page) -> dict[str, str]:
    """Return the date headers (section 3.2); none for an empty page."""
    if not page.items:
        return {}
    return {
        "X-TAXII-Date-Added-First": written(page.items[0].date_added),
        "X-TAXII-Date-Added-Last": written(page.items[-1].date_added),
    }


def _paging(cursor: str | None) -> dict[str, object]:
    return {"more": False} if cursor is None else {"more": True, "next": cursor}
