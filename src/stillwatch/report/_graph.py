"""Layout of the link graph: shared keys on an inner ring, accounts on an outer one.

A ring keeps every account at the same distance from the eye, so that no account looks central
by accident of the layout, and the same links always give the same picture.
"""

from __future__ import annotations

import cmath
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from stillwatch.core.records import FAMILIES, Family
from stillwatch.core.results import Spoke
from stillwatch.core.wording import plural
from stillwatch.report._format import ID_LENGTH, clean, unit_name

SIZE: Final = 560
MAX_KEYS: Final = 24
MAX_ACCOUNTS: Final = 96
MAX_EDGES: Final = 600
_CENTRE: Final = SIZE / 2
_OUTER: Final = 250.0
_INNER: Final = 120.0

T = TypeVar("T")
Key = tuple[str, Family, str]  # linker, family, key


@dataclass(frozen=True, slots=True)
class Node:
    """A drawn account."""

    x: str
    y: str
    title: str


@dataclass(frozen=True, slots=True)
class KeyNode:
    """A drawn key; its label leads from the picture to the list beside it."""

    x: str
    y: str
    label: str
    family: Family
    linker: str
    name: str
    accounts: int


@dataclass(frozen=True, slots=True)
class Edge:
    """A drawn line from an account to a key that it used."""

    x1: str
    y1: str
    x2: str
    y2: str
    family: Family


@dataclass(frozen=True, slots=True)
class Graph:
    """A drawn part of a campaign's links, with what was left out."""

    keys: tuple[KeyNode, ...]
    accounts: tuple[Node, ...]
    edges: tuple[Edge, ...]
    spokes: tuple[Spoke, ...]
    families: tuple[Family, ...]
    members: int

    @property
    def caption(self) -> str:
        """What is drawn, and how much is not."""
        drawn = len(self.accounts)
        who = (
            f"All {plural(drawn, 'member')}"
            if drawn == self.members
            else f"{drawn:,} of {plural(self.members, 'member')}"
        )
        return f"{who} and {plural(len(self.keys), 'key')} that they share are drawn."


def graph(spokes: Sequence[Spoke], members: int) -> Graph | None:
    """Lay out a campaign's links; None where there are none.

    Args:
        spokes: One entry an account and key, in any order.
        members: How many accounts the campaign has.
    """
    if not spokes:
        return None
    holders: defaultdict[Key, set[str]] = defaultdict(set)
    for spoke in spokes:
        holders[spoke.linker, spoke.family, spoke.key].add(spoke.account_id)
    keys = _choose_keys(holders)
    touched: defaultdict[str, list[Key]] = defaultdict(list)
    for key in keys:
        for account in holders[key]:
            touched[account].append(key)
    accounts = sorted(touched, key=lambda one: (-len(touched[one]), one))[:MAX_ACCOUNTS]
    key_at = {key: cmath.rect(_INNER, angle) for key, angle in _ring(keys)}
    accounts.sort(key=lambda one: (_bearing([key_at[key] for key in touched[one]]), one))
    account_at = {one: cmath.rect(_OUTER, angle) for one, angle in _ring(accounts)}
    drawn = _drawn(spokes, key_at, account_at)
    return Graph(
        keys=_key_nodes(key_at, drawn),
        accounts=tuple(
            Node(*_place(account_at[one]), f"account {clean(one, ID_LENGTH)}") for one in accounts
        ),
        edges=tuple(
            Edge(
                *_place(account_at[spoke.account_id]),
                *_place(key_at[spoke.linker, spoke.family, spoke.key]),
                spoke.family,
            )
            for spoke in drawn
        ),
        spokes=drawn,
        families=tuple(one for one in FAMILIES if any(key[1] == one for key in keys)),
        members=members,
    )


def _choose_keys(holders: dict[Key, set[str]]) -> list[Key]:
    """Take keys from each family in turn, the most shared first, then group them by family."""
    queues = [
        sorted(
            (key for key in holders if key[1] == family), key=lambda key: (-len(holders[key]), key)
        )
        for family in FAMILIES
    ]
    depth = max(len(queue) for queue in queues)
    turns = [queue[turn] for turn in range(depth) for queue in queues if turn < len(queue)]
    return sorted(turns[:MAX_KEYS], key=lambda key: (FAMILIES.index(key[1]), key))


def _drawn(
    spokes: Sequence[Spoke], keys: dict[Key, complex], accounts: dict[str, complex]
) -> tuple[Spoke, ...]:
    kept = [
        spoke
        for spoke in spokes
        if (spoke.linker, spoke.family, spoke.key) in keys and spoke.account_id in accounts
    ]
    kept.sort(key=lambda one: (-one.uses, one.family, one.linker, one.key, one.account_id))
    return tuple(kept[:MAX_EDGES])


def _ring(items: Sequence[T]) -> list[tuple[T, float]]:
    turn = 2 * math.pi / max(len(items), 1)
    return [(item, index * turn - math.pi / 2) for index, item in enumerate(items)]


def _bearing(places: Sequence[complex]) -> float:
    """Angle of the mean place, from the top clockwise, rounded so that ties are ties."""
    mean = sum(places) / len(places)
    if abs(mean) < 1e-9:
        return 0.0
    return round((cmath.phase(mean) + math.pi / 2) % (2 * math.pi), 6)


def _place(at: complex) -> tuple[str, str]:
    return f"{_CENTRE + at.real:.1f}", f"{_CENTRE + at.imag:.1f}"


def _key_nodes(places: dict[Key, complex], drawn: Sequence[Spoke]) -> tuple[KeyNode, ...]:
    """Label the keys C1, C2, I1 and so on, in the order of the ring."""
    lines = Counter((spoke.linker, spoke.family, spoke.key) for spoke in drawn)
    seen: Counter[Family] = Counter()
    nodes = []
    for key, at in places.items():
        linker, family, name = key
        seen[family] += 1
        label = f"{family[0].upper()}{seen[family]}"
        nodes.append(KeyNode(*_place(at), label, family, unit_name(linker), name, lines[key]))
    return tuple(nodes)
