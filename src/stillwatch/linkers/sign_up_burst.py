"""Sign-up burst.

Links: parties whose accounts were created within the same minutes, where hardly any would be.
Needs: account_created. Cost: one sorted list.
Tactics: A1, A23. Look-alikes: B11.
Blind spots: sign-ups spread over hours; accounts bought or kept warm long beforehand.
Triage: a class and a hackathon sign up together; a campaign's accounts outlive the day.
Source: similar registration is an indicator of AA26-251A. Null: sign-ups come at the rate of the
    hours around them (Poisson), so that a busy day makes no burst; Bonferroni over the windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from scipy.special import gammainc

from stillwatch.core.contracts import Incidence, Linker, Tables
from stillwatch.core.records import Example, Family
from stillwatch.core.wording import plural

_START_US: Final = 1_772_409_600_000_000
_MINUTE_US: Final = 60_000_000


def _created(*minutes: float) -> tuple[dict[str, object], ...]:
    return tuple(
        {
            "account_created_us": _START_US + int(minute * _MINUTE_US),
            "first_us": _START_US + 7 * 1440 * _MINUTE_US,
            "exchanges": 20,
        }
        for minute in minutes
    )


@dataclass(frozen=True, slots=True)
class SignUpBurst:
    """Links parties created in a window that holds more than its day explains.

    Attributes:
        window_minutes: Length of a window; windows overlap by half.
        around_hours: Sign-ups within this time before and after a window set its usual rate.
        min_parties: A window with fewer parties is no burst.
        alpha: Chance that any window of the data is called a burst when none is.
    """

    name: ClassVar[str] = "sign_up_burst"
    family: ClassVar[Family] = "identity"
    proposes: ClassVar[bool] = False
    tactics: ClassVar[tuple[str, ...]] = ("A1", "A23")
    look_alikes: ClassVar[tuple[str, ...]] = ("B11",)
    needs: ClassVar[tuple[str, ...]] = ("account_created",)
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "six accounts in four minutes",
            "fires",
            _created(1, 2, 2.5, 3, 4, 4.8, *range(-4000, -500, 350), *range(500, 4000, 350)),
        ),
        Example("one sign-up an hour", "benign", _created(*range(0, 3000, 60))),
        Example("a busy launch day", "hard_benign", _created(*range(0, 1440, 2))),
        Example("no date of creation", "abstains", ({"first_us": _START_US, "exchanges": 9},)),
    )

    window_minutes: float = 10.0
    around_hours: float = 12.0
    min_parties: int = 4
    alpha: float = 0.01

    def link(self, tables: Tables) -> Incidence:
        """Return, a hub for each burst, the parties that were created in it."""
        profiles = tables.parties()
        created = profiles["account_created_us"]
        party = np.flatnonzero(~np.isnan(created))
        party = party[np.argsort(created[party], kind="stable")]
        times = created[party]
        half = self.window_minutes * _MINUTE_US / 2
        starts = np.unique(np.floor(times / half))
        starts = np.union1d(starts, starts - 1) * half
        low, high = (np.searchsorted(times, starts + shift) for shift in (0.0, 2 * half))
        around = self.around_hours * 60 * _MINUTE_US
        outer = np.searchsorted(times, starts + 2 * half + around) - np.searchsorted(
            times, starts - around
        )
        count = high - low
        rate = (outer - count + 1.0) * half / around
        chance = gammainc(np.maximum(count, 1), rate)  # P(Poisson(rate) >= count)
        burst = np.flatnonzero(
            (count >= self.min_parties) & (chance * max(starts.size, 1) <= self.alpha)
        )
        spokes = [np.sort(party[low[i] : high[i]]) for i in burst]
        members = np.concatenate([np.empty(0, np.int64), *spokes]).astype(np.int64)
        keys = np.repeat((starts[burst] / half).astype(np.int64), [s.size for s in spokes])
        return Incidence(
            party=members.astype(np.int32),
            key=keys,
            uses=np.maximum(np.nan_to_num(profiles["exchanges"][members], nan=1.0), 1.0).astype(
                np.int64
            ),
            first_us=profiles["first_us"][members].astype(np.int64),
            last_us=profiles["first_us"][members].astype(np.int64),
        )

    def explain(self, uses: int, parties: int) -> str:
        """Say with how many it signed up."""
        return (
            f"signed up within minutes of {plural(parties - 1, 'other')}, where few do, "
            f"and made {plural(uses, 'exchange')}"
        )


LINKER: type[Linker] = SignUpBurst
