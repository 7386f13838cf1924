"""How well a campaign stands on the board: at least two members see it, by their own evidence.

Recomputed from the sightings that stand, so nothing of it has to be kept or repaired.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import Connection, func, select

from stillwatch.sharing.governance.gate import fields_of
from stillwatch.sharing.node.policy import REVERSIBLE_AT
from stillwatch.sharing.node.statements import Statement, stated_values
from stillwatch.sharing.stix.extensions import Extension
from stillwatch.sharing.taxii.board import Board, BoardState
from stillwatch.sharing.taxii.tables import objects
from stillwatch.stats.forum import at_least

NULL: Final = "coordination"
"""The null hypothesis that campaigns are held against."""
_SIGHTERS: Final = 2


@dataclass(slots=True)
class Standings:
    """Weighs what members state.

    Attributes:
        board: The board.
        members: How many are enrolled; who says nothing counts 0.
    """

    board: Board
    members: int
    _seen: int | None = None

    def settle(self) -> int:
        """Put the state of every campaign whose state has changed; return how many have.

        Raises:
            ExternalError: The database failed.
        """
        with self.board.engine.connect() as connection:
            newest = connection.execute(select(func.max(objects.c.seq))).scalar()
            if newest == self._seen:
                return 0
            held = dict(_campaigns(connection))
            stated = _statements(connection)
        changed = 0
        for campaign, state in held.items():
            values = stated_values(stated[campaign], NULL, self.members)
            seen = float(at_least(values, _SIGHTERS)) >= REVERSIBLE_AT
            new: BoardState = "corroborated" if seen else "single-source"
            changed += self.board.set_state(campaign, new) if new != state else 0
        self._seen = newest
        return changed


def _campaigns(connection: Connection) -> Iterator[tuple[str, object]]:
    query = select(objects.c.id, objects.c.body).where(
        objects.c.type == "campaign", objects.c.is_last.is_(True), objects.c.revoked.is_(False)
    )
    for row in connection.execute(query):
        yield row.id, fields_of(orjson.loads(row.body), Extension.CAMPAIGN).get("board_state")


def _statements(connection: Connection) -> Mapping[str, list[Statement]]:
    query = select(objects.c.body).where(
        objects.c.type == "sighting", objects.c.is_last.is_(True), objects.c.revoked.is_(False)
    )
    found: defaultdict[str, list[Statement]] = defaultdict(list)
    for row in connection.execute(query):
        stix = orjson.loads(row.body)
        if (one := statement_of(stix)) is not None:
            found[str(stix["sighting_of_ref"])].append(one)
    return found


def statement_of(stix: Mapping[str, object]) -> Statement | None:
    """Return what a sighting states, as served; None where it states no evidence."""
    evidence = fields_of(stix, Extension.EVIDENCE)
    stated = evidence.get("e_log2")
    if not isinstance(stated, int):
        return None
    name = fields_of(stix, Extension.HANDLING).get("contributor")
    return Statement(str(name), str(evidence["null_id"]), str(stix["modified"]), stated)
