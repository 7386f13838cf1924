"""Media types of TAXII 2.1, sections 1.6.8 and 3.3: what is accepted and what is answered."""

from __future__ import annotations

import re
from typing import Final

TAXII: Final = "application/taxii+json;version=2.1"
STIX: Final = "application/stix+json;version=2.1"

_NAME: Final = "application/taxii+json"
_LONGEST: Final = 1024
_Q: Final = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


def accepts(header: str | None) -> bool:
    """Say whether an `Accept` header asks for what we answer.

    Without a header anything is accepted (RFC 9110, section 12.5.1). `*/*` and `application/*`
    count. Of several ranges that fit, the most specific one's `q` decides.
    """
    if header is None:
        return True
    if len(header) > _LONGEST:
        return False
    best: tuple[int, bool] = (-1, False)
    for part in header.split(","):
        found = _range(part)
        if found is not None and found[0] > best[0]:
            best = found
    return best[1]


def is_taxii(header: str | None) -> bool:
    """Say whether a `Content-Type` is one that may be posted."""
    if header is None or len(header) > _LONGEST:
        return False
    name, parameters = _parts(header)
    return name == _NAME and parameters in ({}, {"version": "2.1"})


def _range(text: str) -> tuple[int, bool] | None:
    name, parameters = _parts(text)
    q = parameters.pop("q", "1")
    if not _Q.fullmatch(q):
        return None
    wanted = float(q) > 0
    if name == _NAME and parameters == {"version": "2.1"}:
        return 3, wanted
    if parameters:
        return None
    rank = {_NAME: 2, "application/*": 1, "*/*": 0}.get(name)
    return None if rank is None else (rank, wanted)


def _parts(text: str) -> tuple[str, dict[str, str]]:
    name, *rest = (part.strip() for part in text.split(";"))
    parameters = {}
    for part in rest:
        key, _, value = part.partition("=")
        parameters[key.strip().lower()] = value.strip().strip('"').lower()
    return name.lower(), parameters
