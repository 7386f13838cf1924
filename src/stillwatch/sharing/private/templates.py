"""Prompt templates as sketches that two firms can match without showing the text.

Scheme `mh128-b18r7-v1`. A template's fixed parts, with a placeholder for each slot, are brought to
NFKC, casefolded, and their white space collapsed. Shingles are runs of three words; where most
letters are of a script that does not part its words, runs of five characters. A shingle is
BLAKE2b-64 of its UTF-8, personalised "sw-shingle-v1", read big-endian.

Row i of 128 is the least a_i * x + b_i modulo 2^64 over all shingles x, with constants that anyone
can derive: BLAKE2b-128 of i as two big-endian bytes, personalised "mh128-b18r7-v1"; a_i is its
first half with the lowest bit set, b_i its second, both big-endian.

Rows 0 to 125 form 18 bands of 7. A band is an identifier of type `tmpl-band`: its number, one byte,
and its rows, big-endian. Two templates whose shingles have the Jaccard similarity s share a band
with probability 1 - (1 - s^7)^18. One shared band makes a candidate, no match: both sides then
compare all 128 rows. Sources: Broder 1997; Leskovec, Rajaraman and Ullman 2014, chapter 3.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.private.id_types import IdType
from stillwatch.sharing.private.identifiers import BANDS, Identifier

SCHEME: Final = "mh128-b18r7-v1"
ROWS: Final = 128
BAND_ROWS: Final = 7
SKETCH_BYTES: Final = 8 * ROWS
ACCEPTED: Final = 0.7
"""Two sketches that agree in so large a share of rows are of one template."""
LEAST_SHINGLES: Final = 8
"""A template with fewer distinct shingles has no sketch: it would match by chance."""
LEAST_ACCOUNTS: Final = 3
LEAST_REQUESTS: Final = 50
SLOT: Final = "\ufffc"
"""Stands for a slot; Unicode's placeholder for an object that is not shown."""

_WORDS: Final = 3
_CHARACTERS: Final = 5
_CHUNK: Final = 1024
_UNSEGMENTED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U000323af]"
)

U64 = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Sketch:
    """MinHash of one template; who holds it can test guessed prompts against it.

    Attributes:
        data: 128 rows of 8 bytes, big-endian.
    """

    data: bytes

    def __post_init__(self) -> None:
        if len(self.data) != SKETCH_BYTES:
            raise InputError(f"a sketch has {SKETCH_BYTES} bytes")

    @property
    def rows(self) -> U64:
        """The rows as 128 numbers."""
        return np.frombuffer(self.data, dtype=">u8").astype(np.uint64)

    def bands(self) -> list[Identifier]:
        """Return the 18 identifiers to look up or publish, all or none."""
        width = 8 * BAND_ROWS
        return [
            Identifier(
                IdType.TEMPLATE_BAND, bytes([band]) + self.data[band * width : (band + 1) * width]
            )
            for band in range(BANDS)
        ]

    def similarity(self, other: Sketch) -> float:
        """Return the estimated Jaccard similarity; its standard error is 0.035 at 0.8."""
        return float((self.rows == other.rows).mean())

    def matches(self, other: Sketch) -> bool:
        """Whether both are of one template: at least `ACCEPTED` of the rows agree."""
        return self.similarity(other) >= ACCEPTED


class WarningList:
    """Templates that everyone uses, such as public benchmarks and defaults of frameworks.

    Args:
        sketches: Of the listed templates.
    """

    def __init__(self, sketches: Iterable[Sketch]) -> None:
        self._by_band: dict[bytes, list[Sketch]] = {}
        for sketch in sketches:
            for band in sketch.bands():
                self._by_band.setdefault(band.value, []).append(sketch)

    def lists(self, sketch: Sketch) -> bool:
        """Whether a template is listed, or close to one that is."""
        near = (self._by_band.get(band.value, ()) for band in sketch.bands())
        return any(sketch.matches(listed) for found in near for listed in found)


def template_text(fixed_parts: Sequence[str]) -> str:
    """Return a template's text: its fixed parts in order, a placeholder where a slot parts them."""
    return f" {SLOT} ".join(fixed_parts)


def sketch_of(text: str) -> Sketch | None:
    """Return the sketch of a template's text; None if it is too short for one."""
    hashed = shingles(text)
    return None if len(hashed) < LEAST_SHINGLES else sketch_shingles(hashed)


def shingles(text: str) -> U64:
    """Return the hashed shingles of a text, each once."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    if _unsegmented(plain):
        runs = {plain[i : i + _CHARACTERS] for i in range(len(plain) - _CHARACTERS + 1)}
    else:
        words = plain.split(" ")
        runs = {" ".join(words[i : i + _WORDS]) for i in range(len(words) - _WORDS + 1)}
    digests = b"".join(
        hashlib.blake2b(
            run.encode("utf-8", "surrogatepass"), digest_size=8, person=b"sw-shingle-v1"
        ).digest()
        for run in runs
    )
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def sketch_shingles(hashed: U64) -> Sketch:
    """Return the sketch of n hashed shingles.

    Raises:
        InputError: There are none.
    """
    if not len(hashed):
        raise InputError("no shingles")
    multipliers, shifts = _constants()
    rows = np.full(ROWS, np.iinfo(np.uint64).max, dtype=np.uint64)
    for start in range(0, len(hashed), _CHUNK):
        chunk = hashed[start : start + _CHUNK, None] * multipliers
        chunk += shifts
        np.minimum(rows, chunk.min(axis=0), out=rows)
    return Sketch(rows.astype(">u8").tobytes())


def candidate_probability(similarity: float) -> float:
    """Return the probability that two templates of a Jaccard similarity share a band."""
    return float(1 - (1 - similarity**BAND_ROWS) ** BANDS)


def publishable(sketch: Sketch, accounts: int, requests: int, warning: WarningList) -> None:
    """Refuse a template of a confirmed cluster that says too little, or that everyone uses.

    Args:
        sketch: Of the template.
        accounts: How many accounts of the cluster used it.
        requests: In how many requests.
        warning: Templates that are never published.

    Raises:
        SharingRefused: Too few accounts or requests, or the template is on the warning list.
    """
    if accounts < LEAST_ACCOUNTS or requests < LEAST_REQUESTS:
        raise SharingRefused(
            "a template that too few accounts or requests show",
            f"wait for {LEAST_ACCOUNTS} accounts and {LEAST_REQUESTS} requests",
            "sw.threshold.template",
        )
    if warning.lists(sketch):
        raise SharingRefused(
            "a template on the warning list",
            "everyone uses it: a match would say nothing",
            "sw.template.listed",
        )


def _unsegmented(text: str) -> bool:
    letters = sum(character.isalpha() for character in text)
    return 2 * len(_UNSEGMENTED.findall(text)) > letters


@cache
def _constants() -> tuple[U64, U64]:
    halves = [
        hashlib.blake2b(i.to_bytes(2, "big"), digest_size=16, person=SCHEME.encode()).digest()
        for i in range(ROWS)
    ]
    words = np.frombuffer(b"".join(halves), dtype=">u8").astype(np.uint64).reshape(ROWS, 2)
    return words[:, 0] | np.uint64(1), words[:, 1]
