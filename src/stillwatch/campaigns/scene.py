"""Everything known of the traffic when campaigns are looked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.calibration import Calibration
from stillwatch.campaigns.graph import FamilyGraph
from stillwatch.core.records import Family, Finding

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scene:
    """The small tables of one analysis. A party is an organisation where known, else an account.

    Attributes:
        graphs: Link graph of each family that has links.
        parties: Profile columns of the parties.
        scores: Each detector's scores of the parties; NaN where it abstains.
        segments: Segment of each party, for calibration.
        strata: Stratum codes of the parties, finest first.
        ties: Tie-breaker of each party, uniform in (0, 1).
        calibration: Benign scores; `learned_here` when they are the scanned traffic's own.
        learned_here: Whether the calibration holds the scanned parties themselves.
        account_ids: Identifier of each account.
        account_party: Party of each account.
        accounts: Profile columns of the accounts.
        account_p: Conformal p-value of each account's own harvest index.
        days: Daily rollups: account index, day, exchanges, one entry a row.
        models: Names the models that some parties use, the ones of most parties first.
        explain_link: Says in a sentence what a linker's hub means, from uses and hub size.
        find: Returns a party's finding by one detector.
        tactics: Tactics of each detector and linker.
    """

    graphs: Mapping[Family, FamilyGraph]
    parties: Mapping[str, FloatArray]
    scores: Mapping[str, FloatArray]
    segments: NDArray[np.str_]
    strata: Sequence[IntArray]
    ties: FloatArray
    calibration: Calibration
    learned_here: bool
    account_ids: Sequence[str]
    account_party: IntArray
    accounts: Mapping[str, FloatArray]
    account_p: FloatArray
    days: tuple[IntArray, IntArray, IntArray]
    models: Callable[[IntArray], tuple[str, ...]]
    explain_link: Callable[[str, int, int], str]
    find: Callable[[int, str, float], Finding]
    tactics: Mapping[str, tuple[str, ...]]

    @property
    def size(self) -> int:
        """Return the number of parties."""
        return self.segments.size
