"""A judge, rubric grader or reward model (A13), fed with answers collected by others (A15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa

from stillwatch.range._prompts import MARKS
from stillwatch.range._rhythm import earlier
from stillwatch.range._rows import answered
from stillwatch.range._text import answers, fill, in_english, join
from stillwatch.range._wording import needed, reworded
from stillwatch.range.contracts import Draft, Share, Tactic, World

RUBRIC: Final = (
    "Act as the grader. Mark the response to the question by this rubric: correctness 0-4, depth "
    "of reasoning 0-3, clarity 0-3. Take marks off for padding. Give each mark, the total out of "
    "10, and a sentence that says why.\n\n[Question]\n"
)


@dataclass(frozen=True, slots=True)
class Judge:
    """Lets some accounts grade what the others collected at least an hour before.

    Attributes:
        share: Share of accounts that judge; the others collect.
        fresh: Whether the judged answers are the campaign's own; if not, they come from elsewhere.
    """

    name: ClassVar[str] = "judge"
    summary: ClassVar[str] = "answers of some accounts graded by rubric from others"
    tactics: ClassVar[tuple[str, ...]] = ("A13", "A15")
    source: ClassVar[str] = "C1, C9, C10: rubric grading; 770,609 requests fed back"

    share: Share = 0.6
    fresh: bool = True

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Turn the requests of some accounts into judgements of earlier answers."""
        del world
        n = len(draft.accounts)
        judges = (rng.random(n) < self.share)[draft.account]
        collects = np.flatnonzero(draft.harvests & ~judges & answered(draft))
        judged = np.flatnonzero(draft.harvests & judges)
        source = earlier(rng, draft.time_us, collects, judged)
        judged, source = judged[source >= 0], source[source >= 0]
        place = np.full(len(draft), -1, dtype=np.int64)
        place[judged] = source
        rows = pa.array(np.maximum(place, 0))
        made = answers(rng, in_english(len(draft)))
        held = draft.response.take(rows) if self.fresh else made
        rubric = join(pa.scalar(RUBRIC), draft.user.take(rows), pa.scalar("\n\n[Response]\n"), held)
        done = reworded(draft, place >= 0, rubric, fill(rng, MARKS, len(draft)))
        return needed(done, source)


TACTIC: Tactic = Judge()
