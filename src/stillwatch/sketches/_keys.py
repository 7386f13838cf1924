"""One key for a whole text: equal when the normalised texts are equal."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from stillwatch.core.compiled import kernel
from stillwatch.sketches._hashing import I32, I64, U64, chain, mix
from stillwatch.sketches._messages import LAST_USER, SYSTEM

END_TOKENS: Final = 8
SHORTEST: Final = 2 * END_TOKENS


class Keys(NamedTuple):
    """Keys of n conversations, as unsigned hashes; 0 stands for none.

    Attributes:
        system: All system messages.
        payload: The last user message.
        prompt: The whole conversation, with its roles.
        head: First eight tokens of the last user message.
        tail: Last eight tokens of it.
        user: Index of the last user message among the messages, -1 where there is none.
    """

    system: U64
    payload: U64
    prompt: U64
    head: U64
    tail: U64
    user: I64


def conversation_keys(values: U64, bounds: I64, roles: I32, rows: I64, seed: np.uint64) -> Keys:
    """Return the keys of n conversations of hashed tokens."""
    size = len(rows) - 1
    system, payload, prompt, head, tail = np.zeros((5, size), dtype=np.uint64)
    keys = Keys(system, payload, prompt, head, tail, np.full(size, -1, dtype=np.int64))
    fill(values, bounds, roles, rows, seed, *keys)
    return keys


@kernel
def fill(
    values: U64,
    bounds: I64,
    roles: I32,
    rows: I64,
    seed: np.uint64,
    system: U64,
    payload: U64,
    prompt: U64,
    head: U64,
    tail: U64,
    user: I64,
) -> None:
    """Fill the arrays of `Keys`."""
    for row in range(len(rows) - 1):
        whole = seed
        apart = seed
        tokens = 0
        for i in range(rows[row], rows[row + 1]):
            start, end = bounds[i], bounds[i + 1]
            role = roles[i]
            whole = chain(whole, np.uint64(role + 1))
            one = hash_run(values, start, end, seed)
            whole = chain(whole, one)
            tokens += end - start
            if role == SYSTEM and end > start:
                apart = chain(apart, one)
                system[row] = mix(apart)
            if role == LAST_USER:
                user[row] = i
                if end > start:
                    payload[row] = one
                if end - start >= SHORTEST:
                    head[row] = hash_run(values, start, start + END_TOKENS, seed)
                    tail[row] = hash_run(values, end - END_TOKENS, end, seed)
        if tokens:
            prompt[row] = mix(whole)


@kernel
def hash_run(values: U64, start: int, end: int, seed: np.uint64) -> np.uint64:
    """Hash the tokens `start` to `end` in order."""
    state = seed
    for i in range(start, end):
        state = chain(state, values[i])
    return mix(state)
