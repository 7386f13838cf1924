"""What a persona and a campaign hand over, and what the composer makes of it.

A persona (ordinary traffic) or a campaign draws only what makes it what it is: who its accounts
are, when they speak, what they say, from where. Everything else (ids, tokens, noise, JSON layout)
is drawn by one piece of code for everybody, so that it cannot give the class away.

A campaign is a harvest to which tactics are applied, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.range._embedding import embed, last_user

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US
START_US: Final = 1_772_409_600_000_000
"""Monday 2 March 2026, 00:00 UTC: the first moment of every composed week."""

Share = float
"""A parameter between 0 and 1: a scenario may give no other."""

ABSENT: Final = ""
"""Decides, as an entry of `chosen`, that a column of text is null and not the common draw."""

IN_LIFE: Final = 0.02
"""Personas of research, labelling, red teams and the like are composed at some 0.5 % of all
accounts each; nobody has published how many there are, one in ten thousand is our guess."""

LABEL_SCHEMA: Final = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("archetype", pa.string(), nullable=False),
        pa.field("campaign_id", pa.string()),
        pa.field("language", pa.string()),
    ]
)
"""The truth, kept apart from the traffic. `campaign_id` is null for everybody innocent; `language`
is the BCP 47 tag of what an account mostly writes in, null where the composer does not know it."""


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch of time that is composed, in UTC microseconds since 1970.

    Attributes:
        days: Whole days from `START_US`.
    """

    days: int

    @property
    def end_us(self) -> int:
        """End of the last day, exclusive."""
        return START_US + self.days * DAY_US

    @property
    def release_us(self) -> int:
        """When the new model is released: 16:00 on the middle day."""
        return START_US + (self.days // 2) * DAY_US + 16 * HOUR_US


@dataclass(frozen=True, slots=True)
class World:
    """What all accounts share: the span, the seed, and the addresses of a VPN service.

    Attributes:
        seed: Seed of the whole composition.
        span: Time composed.
        proxies: Addresses of a VPN service in hosting networks, as IPv4 integers.
        scale: Multiplies the number of accounts of every persona.
        rare: Multiplies, on top, that of personas that are rare in life: 1 composes them often
            enough for an interval, `IN_LIFE` as often as a provider may meet them.
        data: Folder of real prompts and arrivals that `catalogue.toml` names; None for text and
            times of our own making.
    """

    seed: int
    span: Span
    proxies: IntArray
    scale: float = 1.0
    rare: float = 1.0
    data: Path | None = None

    def count(self, accounts: int, least: int = 1) -> int:
        """Scale a number of accounts."""
        return max(least, round(accounts * self.scale))


@dataclass(frozen=True, slots=True)
class Accounts:
    """Columns of the accounts of one persona, one value an account.

    Attributes:
        archetype: The label all of them get.
        api: Whether the account speaks through the API rather than an application.
        created_us: Sign-up time, UTC microseconds.
        client: Index of the account's usual client among `_people.CLIENTS`.
        zone_hours: Offset of the account's time zone from UTC.
    """

    archetype: str
    organization_id: pa.Array
    plan: pa.Array
    verified: NDArray[np.bool_]
    created_us: IntArray
    payment_id: pa.Array
    email_domain: pa.Array
    api: NDArray[np.bool_]
    client: IntArray
    zone_hours: IntArray

    def __len__(self) -> int:
        return len(self.verified)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Accounts and what they sent, columns of one value an exchange.

    Attributes:
        accounts: Who.
        account: Row of `accounts` for each exchange.
        time_us: UTC microseconds; any order.
        address: IPv4 address as an integer.
        user: Text of the last user message.
        response: Text of the answer.
        system: Text of the system prompt, null where there is none; None for none at all.
        chosen: Further columns of `EXCHANGE_SCHEMA` that the persona decides itself, such as
            `model` or `status`; null entries fall back to the common draw, `ABSENT` stays null.
        language: Language of each prompt, row of `_languages.LANGUAGES`, -1 for English; None
            where it is not known.
    """

    accounts: Accounts
    account: IntArray
    time_us: IntArray
    address: IntArray
    user: pa.Array
    response: pa.Array
    system: pa.Array | None = None
    chosen: dict[str, pa.Array] = field(default_factory=dict)
    language: IntArray | None = None

    @property
    def languages(self) -> IntArray:
        """Language of each prompt, English where it is not known."""
        english = np.full(len(self.account), -1, dtype=np.int64)
        return english if self.language is None else self.language


class Persona(Protocol):
    """Ordinary accounts of one kind.

    Attributes:
        name: Name of the file.
        summary: Who, in half a line.
        look_alike: Id B1 to B18, empty where it looks like nothing.
        rare: Whether a provider meets it once in thousands of accounts, far less often than it is
            composed for an interval.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    look_alike: ClassVar[str]
    rare: ClassVar[bool]

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of all accounts of this kind."""


class Campaign(Protocol):
    """Accounts that harvest together. `tactics` are ids A1 to A26."""

    @property
    def name(self) -> str:
        """Name, which labels its accounts as `campaign:NAME`."""

    @property
    def summary(self) -> str:
        """What it does, in half a line."""

    @property
    def tactics(self) -> tuple[str, ...]:
        """Ids of FIELD's taxonomy, A1 to A26."""

    def compose(self, rng: np.random.Generator, world: World) -> Traffic:
        """Return the traffic of the campaign, cover traffic included."""


@dataclass(frozen=True, slots=True)
class Material:
    """Questions that are worth harvesting, and their answers, one value an item."""

    prompts: pa.Array
    answers: pa.Array

    def __len__(self) -> int:
        return len(self.prompts)


@dataclass(frozen=True, slots=True)
class Draft:
    """A campaign in the making: columns of one value an exchange.

    Attributes:
        accounts: Who; labelled as the campaign.
        account: Row of `accounts` for each exchange.
        time_us: UTC microseconds; any order.
        address: IPv4 address as an integer.
        item: Which item of the material an exchange harvests; -1 for genuine traffic, which
            tactics of wording leave alone.
        user: Text of the last user message.
        response: Text of the answer.
        system: Text of the system prompt, null where there is none.
        chosen: Further columns of `EXCHANGE_SCHEMA` that a tactic decides, null where it does not.
    """

    accounts: Accounts
    account: IntArray
    time_us: IntArray
    address: IntArray
    item: IntArray
    user: pa.Array
    response: pa.Array
    system: pa.Array
    chosen: dict[str, pa.Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.account)

    @property
    def harvests(self) -> NDArray[np.bool_]:
        """Which exchanges harvest."""
        return np.asarray(self.item >= 0)


class Tactic(Protocol):
    """One way to harvest or to hide it. The fields of the class are its parameters.

    A whole number is at least 1, a `Share` lies between 0 and 1, another float is positive.

    Attributes:
        name: Name in a scenario.
        summary: What it does, in half a line.
        tactics: Ids A1 to A26; none where it is plain evasion.
        source: Where the default parameters come from.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    tactics: ClassVar[tuple[str, ...]]
    source: ClassVar[str]

    def apply(self, rng: np.random.Generator, world: World, draft: Draft) -> Draft:
        """Return the campaign with the tactic applied."""


UNOBSERVABLE: Final = {
    "A12": "trace inversion works on answers already bought; no request differs",
    "A21": "bought transcripts and logging resellers never touch the provider's API",
    "A22": "a shell company's catalogue and ownership are not in request logs",
}
"""Tactics that leave nothing to observe at the provider, and why."""


@dataclass(frozen=True, slots=True)
class Composition:
    """Composed traffic and its truth.

    Attributes:
        exchanges: `EXCHANGE_SCHEMA`, sorted by time.
        labels: `LABEL_SCHEMA`, one row an account, sorted by account.
    """

    exchanges: pa.Table
    labels: pa.Table


@dataclass(frozen=True)
class AccountView:
    """A table of exchanges as the baselines see it: no labels, the accounts in one order.

    Attributes:
        accounts: Ids of the accounts.
        owner: Row of `accounts` for each exchange, shape (n,).
        exchanges: `EXCHANGE_SCHEMA`, n rows.
        features: By name, one number an account.
        reference: Benign history of the same provider; None where there is none.
    """

    accounts: pa.Array
    owner: IntArray
    exchanges: pa.Table
    features: dict[str, FloatArray]
    reference: AccountView | None = None

    @property
    def matrix(self) -> FloatArray:
        """The features side by side, shape (accounts, features)."""
        return np.column_stack(list(self.features.values()))

    @cached_property
    def prompts(self) -> pa.Array:
        """Text of the last user message of each exchange."""
        return last_user(self.exchanges["messages"].combine_chunks())

    @cached_property
    def embeddings(self) -> NDArray[np.float32]:
        """Unit vectors of the prompts, shape (n, 128); see `_embedding`."""
        return embed(self.prompts)

    @cached_property
    def time_us(self) -> IntArray:
        """UTC microseconds of each exchange, shape (n,)."""
        return np.asarray(self.exchanges["time"].cast(pa.int64()).to_numpy(), dtype=np.int64)

    @cached_property
    def turns(self) -> list[IntArray]:
        """Rows of each account's exchanges in the order of time."""
        order = np.lexsort((self.time_us, self.owner)).astype(np.int64)
        ends = np.cumsum(np.bincount(self.owner, minlength=len(self.accounts)))
        parts = np.split(order, ends[:-1])[: len(ends)]
        return [np.asarray(part, dtype=np.int64) for part in parts]

    def subset(self, keep: NDArray[np.bool_]) -> AccountView:
        """Return the view of some accounts; features stay those of the whole table.

        Args:
            keep: One flag an account.
        """
        rows = np.flatnonzero(keep[self.owner])
        return AccountView(
            self.accounts.filter(pa.array(keep)),
            (np.cumsum(keep) - 1)[self.owner[rows]],
            self.exchanges.take(pa.array(rows)),
            {name: values[keep] for name, values in self.features.items()},
            self.reference,
        )


class Baseline(Protocol):
    """A published or described method that is shown beside stillwatch. `source` cites it."""

    name: ClassVar[str]
    summary: ClassVar[str]
    source: ClassVar[str]

    def score(self, view: AccountView) -> FloatArray:
        """Return a suspicion score an account, larger = worse, NaN where it abstains."""
