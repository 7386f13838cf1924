"""What members state about one campaign, as values that may be combined.

One value a member, its newest: the best of several, or two of one member, would be no e-value. One
null hypothesis at a time: evidence of automation says nothing of coordination.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from stillwatch.core.errors import InputError
from stillwatch.stats.forum import counted


@dataclass(frozen=True, slots=True)
class Statement:
    """A sighting's evidence (X5), as far as it is combined.

    Attributes:
        contributor: Pseudonym; one for each member and campaign.
        null_id: Which null hypothesis it is against.
        version: When it was stated; text that sorts by time.
        e_log2: Stated value; None counts 0.
    """

    contributor: str
    null_id: str
    version: str
    e_log2: int | None


def stated_values(
    statements: Iterable[Statement], null_id: str, enrolled: int, without: str | None = None
) -> list[float]:
    """Return a value for each enrolled member, in no order that means anything; NaN for silence.

    Args:
        statements: About one campaign; withdrawn ones are left out by the caller.
        null_id: The null in question.
        enrolled: Number of members of the forum, fixed before the campaign.
        without: Pseudonym of the member whose own question it is: it then is not among them.

    Returns:
        `enrolled` values, or one fewer with `without`.

    Raises:
        InputError: More contributors than members: somebody speaks with two voices.
        UnitError: A stated value is not in 0..10.
    """
    newest: dict[str, Statement] = {}
    for one in statements:
        known = newest.get(one.contributor)
        if one.null_id == null_id and (known is None or one.version > known.version):
            newest[one.contributor] = one
    newest.pop(without or "", None)
    silent = enrolled - (without is not None) - len(newest)
    if silent < 0:
        raise InputError(
            "more contributors than forum members speak of this campaign",
            "ask the board for the number of members, and report two voices of one",
        )
    return [counted(one.e_log2) for one in newest.values()] + [math.nan] * silent
