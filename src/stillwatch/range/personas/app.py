"""Small production apps: one template each, used by 3 to 40 accounts.

Shared: a system prompt, a prefix in the user's message, or both; half of the apps belong to one
organisation, the others are customers of the same white-label product. A few apps honestly ask
for step-by-step answers or grade essays.
"""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import pyarrow as pa

from stillwatch.range import _words as words
from stillwatch.range._network import hosting, own, pick
from stillwatch.range._ordinary import wrapped
from stillwatch.range._people import belong, deal, identifiers, people, sizes
from stillwatch.range._rhythm import human, owners
from stillwatch.range._text import answers, by_group, fill, in_english, prompts
from stillwatch.range.contracts import IntArray, Persona, Traffic, World

KINDS: Final = ("support", "document", "chat", "code", "study", "support", "document")
STEPWISE: Final = 6
GRADERS: Final = 3
SHAPES: Final = (
    "Customer message: {payload}",
    "{payload}",
    "{payload}\nAnswer for the record.",
    "Input follows.\n---\n{payload}\n---",
    "<document>{payload}</document>",
    "Context: <record>\n{payload}\n</record>\nReply in one paragraph.",
)


class App:
    """Production apps."""

    name: ClassVar[str] = "app"
    summary: ClassVar[str] = "small production apps, one template each"
    look_alike: ClassVar[str] = "B10"
    rare: ClassVar[bool] = False

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of about 160 apps."""
        apps = world.count(160, least=12)
        group = deal(rng, apps, 3, 40, 4.5)
        n = len(group)
        accounts = people(rng, n, "app", api=0.85, verified=0.5)
        one_owner = rng.random(apps) < 0.5
        accounts = belong(rng, accounts, np.where(one_owner[group], group, -1), organization=0.7)
        counts = sizes(rng, n, 23.0, world.span.days)
        account = owners(counts)
        app = group[account]
        system, user, response = _texts(rng, apps, app)
        home = hosting(rng, apps)[group]
        first = np.where(one_owner[group], home, hosting(rng, n))
        end_users = identifiers(rng, apps * 40, "eu_")
        passes = (rng.random(apps) < 0.25)[app]
        end_user = end_users.take(pa.array(app * 40 + rng.integers(0, 40, len(app)), mask=~passes))
        return Traffic(
            accounts, account,
            human(rng, account, accounts.zone_hours, world.span, weekend=0.8, opening=0.85),
            pick(rng, own(rng, first, hosting(rng, n)), account), user, response, system,
            {"end_user_id": end_user}, in_english(len(app)),
        )  # fmt: skip


def _texts(
    rng: np.random.Generator, apps: int, app: IntArray
) -> tuple[pa.Array, pa.Array, pa.Array]:
    briefs = _briefs(rng, apps)
    in_system = rng.random(apps) < 0.7
    in_user = ~in_system | (rng.random(apps) < 0.4)
    kind = rng.integers(len(KINDS), size=apps)[app]
    payload = by_group(kind, lambda k, rows: prompts(rng, KINDS[k], in_english(len(rows))))
    shapes = [
        (_literal(fill(rng, words.RULES, 1)[0].as_py()) + "\n" if ahead else "") + SHAPES[k]
        for ahead, k in zip(in_user, rng.integers(len(SHAPES), size=apps), strict=True)
    ]
    graded = app < GRADERS
    plain = answers(rng, in_english(len(app)), 4.5)
    marks = fill(
        rng, ('{{"score": {small}, "why": "{clause}"}}', "Score {small}: {Sentence}"), len(app)
    )
    system = pa.array(briefs).take(pa.array(app, mask=~in_system[app]))
    return (
        system,
        wrapped(rng, shapes, app, payload),
        pa.compute.if_else(pa.array(graded), marks, plain),
    )


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _briefs(rng: np.random.Generator, apps: int) -> list[str]:
    """Write the system prompt of each app: a role and three to six rules."""
    roles = fill(
        rng,
        (
            "You are the {adj} assistant of {company}, {industry}, {place}.",
            "Act as {company}'s {noun} clerk for {industry}.",
            "{company} {industry} helper. Audience: {group}.",
        ),
        apps,
    ).to_pylist()
    briefs = [
        " ".join([role, *fill(rng, words.RULES, int(rng.integers(3, 7))).to_pylist()])
        for role in roles
    ]
    for k in range(min(GRADERS, apps)):
        briefs[k] += " Grade the essay from 1 to 10 for clarity, structure and evidence."
    for k in range(GRADERS, min(GRADERS + STEPWISE, apps)):
        briefs[k] += " Think step by step and keep the explanation short."
    return briefs


PERSONA: Persona = App()
