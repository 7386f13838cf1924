"""Content scores: cue phrases in groups, matched by one kernel over hashed tokens.

A phrase is up to six normalised tokens; `|` parts phrases. `<word>` means the word as an opening
or closing tag; `…`, once in a phrase, stands for up to `GAP` tokens of anything. A group fires
once, however many of its phrases occur; a score is 1 - Π(1 - weight) over the groups that fired.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from stillwatch.core import catalogue
from stillwatch.core.compiled import kernel
from stillwatch.core.errors import UnitError
from stillwatch.core.records import Example
from stillwatch.sketches._hashing import I32, I64, ROLL, U8, U64, ZERO, mix, seeds
from stillwatch.sketches._messages import LAST_USER, SYSTEM
from stillwatch.sketches._tokens import Tokens, tokenise

LONGEST: Final = 6
GAP: Final = 6
MOST_GROUPS: Final = 62
_ANY, _TAG = 0, 1
_FIRE, _OPEN, _CLOSE = range(3)
_TAGGED: Final = np.uint64(0x5851F42D4C957F2D)


@dataclass(frozen=True, slots=True)
class Cue:
    """A group of phrases that say the same thing.

    Attributes:
        weight: In (0, 1): how much the group says by itself.
        phrases: Wordings in any of the languages covered, parted by `|`.
        user_only: Fires in the last user message only, not in the system prompt.
    """

    weight: float
    phrases: str
    user_only: bool = False


@dataclass(frozen=True, slots=True)
class ContentSketch:
    """One content score.

    Attributes:
        name: The column of the sketch that it fills.
        tactics: Tactics it looks for (A1 to A26).
        look_alikes: Innocent senders who write alike (B1 to B18).
        groups: Name to cue, at most 12.
        examples: Exchanges whose `messages` fire it or do not.
    """

    name: str
    tactics: tuple[str, ...]
    look_alikes: tuple[str, ...]
    groups: Mapping[str, Cue]
    examples: tuple[Example, ...]


def example(
    name: str,
    kind: Literal["fires", "benign", "hard_benign", "abstains"],
    *,
    system: str | None = None,
    user: str | None = None,
) -> Example:
    """Return a worked example of one conversation; without text it holds no messages."""
    said = (("system", system), ("user", user))
    turns = [{"role": role, "content": text} for role, text in said if text is not None]
    return Example(
        name, kind, rows=({"messages": orjson.dumps(turns).decode() if turns else None},)
    )


class Lexicon(NamedTuple):
    """The union of all phrases, compiled for one key.

    Attributes:
        slots: Open-addressing table of phrase hashes, 0 is free; a power of two long.
        first: For each slot, its first action.
        sizes: Actions of each slot.
        actions: Shape (a, 3): kind, gap, group.
        lengths: For each low 14 bits of a first token, a bit set of the phrase lengths.
        gaps: Number of phrases with a gap.
        seed: Of the phrase hashes.
    """

    slots: U64
    first: I32
    sizes: I32
    actions: I32
    lengths: U8
    gaps: int
    seed: np.uint64


@lru_cache(maxsize=1)
def units() -> tuple[ContentSketch, ...]:
    """Return the content scores, by name.

    Raises:
        UnitError: A unit has too many groups or there are too many in all.
    """
    found = tuple(catalogue.units("sketches", ContentSketch).values())
    if any(len(u.groups) > 12 for u in found) or sum(len(u.groups) for u in found) > MOST_GROUPS:
        raise UnitError("a content sketch has more cue groups than fit", "merge some groups")
    return found


@lru_cache(maxsize=1)
def groups() -> tuple[tuple[str, Cue], ...]:
    """Return all cue groups, named `<unit>.<group>`; the place of one is its bit in `cues`."""
    return tuple((f"{u.name}.{name}", cue) for u in units() for name, cue in u.groups.items())


def cue_names(cues: int) -> tuple[str, ...]:
    """Return the names of the cue groups whose bits are set, such as `rubric_grading.scale`."""
    return tuple(name for bit, (name, _) in enumerate(groups()) if cues >> bit & 1)


def scores(cues: I64) -> dict[str, NDArray[np.float32]]:
    """Return the scores of n bit sets, by unit."""
    result = {}
    bit = 0
    for unit in units():
        rest = np.ones(len(cues))
        for cue in unit.groups.values():
            rest *= np.where(cues >> bit & 1, 1.0 - cue.weight, 1.0)
            bit += 1
        result[unit.name] = (1.0 - rest).astype(np.float32)
    return result


@lru_cache(maxsize=4)
def compiled(key: bytes) -> Lexicon:
    """Compile the phrases of all groups for one key."""
    token_seed, seed = seeds(key, "token", 1)[0], seeds(key, "phrase", 1)[0]
    actions: dict[int, list[tuple[int, int, int]]] = {}
    lengths = np.zeros(1 << 14, dtype=np.uint8)
    gaps = 0
    for bit, (_, cue) in enumerate(groups()):
        for phrase in cue.phrases.split("|"):
            parts = [_tokens(p, token_seed) for p in phrase.split("…")]
            kinds = [(_FIRE, 0)] if len(parts) == 1 else [(_OPEN, gaps), (_CLOSE, gaps)]
            if len(parts) > len(kinds):
                raise UnitError(f"the cue phrase {phrase!r} has two gaps", "keep one")
            gaps += len(parts) - 1
            for part, (kind, gap) in zip(parts, kinds, strict=True):
                hashed = _phrase_hash(part, seed)
                actions.setdefault(hashed, []).append((kind, gap, bit))
                lengths[int(part.values[0]) & 0x3FFF] |= 1 << (len(part.values) - 1)
    return Lexicon(*_table(actions), lengths, gaps, seed)


def _tokens(phrase: str, seed: np.uint64) -> Tokens:
    raw = np.frombuffer(phrase.strip().encode(), dtype=np.uint8)
    tokens = tokenise(raw, np.array([0, len(raw)]), seed)
    if not 1 <= len(tokens.values) <= LONGEST:
        raise UnitError(f"the cue phrase {phrase!r} is not 1 to {LONGEST} tokens", "shorten it")
    return tokens


def _phrase_hash(tokens: Tokens, seed: np.uint64) -> int:
    rolling = 0
    for value in tokens.values:
        rolling = (rolling * int(ROLL) + int(value)) % 2**64
    return int(_finish(np.uint64(rolling), len(tokens.values), bool(tokens.tags[0]), seed))


def _table(actions: dict[int, list[tuple[int, int, int]]]) -> tuple[U64, I32, I32, I32]:
    size = 1 << (4 * len(actions) - 1).bit_length()
    slots = np.zeros(size, dtype=np.uint64)
    first = np.zeros(size, dtype=np.int32)
    count = np.zeros(size, dtype=np.int32)
    flat: list[tuple[int, int, int]] = []
    for hashed, todo in actions.items():
        at = hashed & (size - 1)
        while slots[at]:
            at = (at + 1) & (size - 1)
        slots[at], first[at], count[at] = hashed, len(flat), len(todo)
        flat += todo
    return slots, first, count, np.array(flat, dtype=np.int32)


def cues(tokens: Tokens, roles: I32, rows: I64, lexicon: Lexicon) -> I64:
    """Return the bit set of cue groups of n conversations, from system and last user messages."""
    anywhere = sum(1 << bit for bit, (_, cue) in enumerate(groups()) if not cue.user_only)
    out = np.zeros(len(rows) - 1, dtype=np.int64)
    match(tokens.values, tokens.tags, tokens.bounds, roles, rows, *lexicon, anywhere, out)
    return out


@kernel
def _finish(rolling: np.uint64, length: int, tag: bool, seed: np.uint64) -> np.uint64:
    return mix((rolling + np.uint64(length)) ^ (seed + _TAGGED if tag else seed))


@kernel
def match(
    values: U64,
    tags: U8,
    bounds: I64,
    roles: I32,
    rows: I64,
    slots: U64,
    first: I32,
    count: I32,
    actions: I32,
    lengths: U8,
    gaps: int,
    seed: np.uint64,
    anywhere: int,
    out: I64,
) -> None:
    """Fill `out` with the cue bits of every conversation."""
    opened = np.full(gaps + 1, -1, dtype=np.int64)  # end of the part before the gap
    for row in range(len(rows) - 1):
        for i in range(rows[row], rows[row + 1]):
            if roles[i] == LAST_USER or roles[i] == SYSTEM:
                bits = _match_one(
                    values, tags, bounds[i], bounds[i + 1],
                    slots, first, count, actions, lengths, seed, opened,
                )  # fmt: skip
                out[row] |= bits if roles[i] == LAST_USER else bits & anywhere


@kernel
def _match_one(
    values: U64,
    tags: U8,
    start: int,
    end: int,
    slots: U64,
    first: I32,
    count: I32,
    actions: I32,
    lengths: U8,
    seed: np.uint64,
    opened: I64,
) -> int:
    bits = 0
    mask = np.uint64(len(slots) - 1)
    for i in range(start, end):
        wanted = int(lengths[values[i] & np.uint64(0x3FFF)])
        rolling = ZERO
        length = 0
        while wanted and i + length < end:
            rolling = rolling * ROLL + values[i + length]
            length += 1
            if wanted & 1:
                for tag in range(1 + tags[i]):
                    hashed = _finish(rolling, length, tag == 1, seed)
                    at = hashed & mask
                    while slots[at] != ZERO and slots[at] != hashed:
                        at = (at + np.uint64(1)) & mask
                    if slots[at] != ZERO:
                        bits |= _act(actions, first[at], count[at], i, length, start, opened)
            wanted >>= 1
    return bits


@kernel
def _act(
    actions: I32, first: int, count: int, at: int, length: int, start: int, opened: I64
) -> int:
    """Fire, or remember the first part of a phrase with a gap; return the bits fired."""
    bits = 0
    for a in range(first, first + count):
        gap = actions[a, 1]
        if actions[a, 0] == _OPEN:
            opened[gap] = at + length
        elif actions[a, 0] == _FIRE or start < opened[gap] <= at <= opened[gap] + GAP:
            bits |= 1 << actions[a, 2]
    return bits
