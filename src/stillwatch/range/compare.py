"""Shows the baselines on a file: what each would flag, by an honest and by a flattering rule.

Honest: the threshold is set on benign history, without the truth. Flattering: it is set with the
truth in hand, which no operator has. Half of the history's parties fit the baselines that need
fitting, the other half sets the thresholds, so that no account does both.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.core.catalogue import units
from stillwatch.range._features import view_of
from stillwatch.range._ranking import auc, oracle
from stillwatch.range.contracts import AccountView, Baseline, FloatArray
from stillwatch.stats.conformal import conservative_p
from stillwatch.stats.intervals import clopper_pearson

BUDGETS: Final = (0.001, 0.01)
PRECISION: Final = 0.99
TRIVIAL_RECALL: Final = 0.9


@dataclass(frozen=True, slots=True)
class Share:
    """A share of accounts with its exact 95 % interval (Clopper and Pearson)."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share; NaN of nothing."""
        return self.hits / self.of if self.of else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Exact 95 % interval."""
        low, high = clopper_pearson(self.hits, self.of)
        return float(low), float(high)


@dataclass(frozen=True, slots=True)
class AtBudget:
    """What is flagged at a threshold set on benign history.

    Attributes:
        budget: Share of false positives asked for.
        false_positives: Innocent accounts flagged in the scanned traffic.
        recall: Campaign members flagged.
    """

    budget: float
    false_positives: Share
    recall: Share


@dataclass(frozen=True, slots=True)
class Row:
    """How a baseline does on a file.

    Attributes:
        baseline: Name.
        single: Whether it is one feature of an account and nothing else.
        abstained: Accounts without a score; they are never flagged.
        auc: Area under the ROC curve, those without a score last.
        budgets: What is flagged at honest thresholds.
        oracle: Members found at precision 0.99, the threshold chosen with the truth.
        oracle_threshold: That threshold, infinity where there is none.
    """

    baseline: str
    single: bool
    abstained: Share
    auc: float
    budgets: tuple[AtBudget, ...]
    oracle: Share
    oracle_threshold: float


def evaluate(
    scores: FloatArray,
    hidden: NDArray[np.bool_],
    reference_scores: FloatArray,
    name: str = "",
    single: bool = False,
) -> Row:
    """Judge scores by the truth.

    An account is flagged at a budget when its conservative conformal p-value among the reference is
    at most the budget. With n reference accounts and a budget below 1 / (n + 1) nothing is flagged.

    Args:
        scores: Larger = more suspicious, NaN = abstains, shape (n,).
        hidden: Whether each account belongs to a campaign, shape (n,).
        reference_scores: Scores of benign accounts that fitted nothing.
        name: Name of the row.
        single: Whether it is a single feature.
    """
    judged, past = (np.where(np.isnan(s), -np.inf, s) for s in (scores, reference_scores))
    p = np.where(np.isfinite(judged), conservative_p(past, judged), 1.0)
    members, innocent = int(hidden.sum()), int((~hidden).sum())
    budgets = tuple(
        AtBudget(
            budget,
            Share(int((p <= budget)[~hidden].sum()), innocent),
            Share(int((p <= budget)[hidden].sum()), members),
        )
        for budget in BUDGETS
    )
    threshold, found, _ = oracle(judged, hidden, PRECISION)
    return Row(
        baseline=name,
        single=single,
        abstained=Share(int(np.isnan(scores).sum()), len(scores)),
        auc=auc(judged, hidden) if members and innocent else float("nan"),
        budgets=budgets,
        oracle=Share(found, members),
        oracle_threshold=threshold,
    )


def compare(exchanges: pa.Table, labels: pa.Table, reference_exchanges: pa.Table) -> list[Row]:
    """Run all baselines, and every single feature in both directions, on the same file.

    Args:
        exchanges: The scanned traffic.
        labels: `LABEL_SCHEMA`, the truth of every account in it.
        reference_exchanges: Benign history of the same provider: other accounts, other weeks.

    Returns:
        One row a baseline, sorted by name, then one a feature and direction (`-` means that small
        values are suspicious), best oracle recall first.

    Raises:
        MissingExtraError: pyod is not installed.
    """
    past = view_of(reference_exchanges)
    fits = _half(past)
    past = view_of(reference_exchanges, past.subset(fits))
    scanned = view_of(exchanges, past.reference)
    place = pc.index_in(scanned.accounts, labels["account_id"].combine_chunks())
    hidden = labels["campaign_id"].is_valid().take(place).to_numpy()
    rows = [
        evaluate(unit.score(scanned), hidden, unit.score(past)[~fits], name)
        for name, unit in units("range.baselines", Baseline).items()
    ]
    features = [
        evaluate(sign * values, hidden, sign * past.features[name][~fits], mark + name, single=True)
        for name, values in scanned.features.items()
        for mark, sign in (("", 1.0), ("-", -1.0))
    ]
    return rows + sorted(features, key=lambda row: (-row.oracle.hits, -row.auc))


def trivial(rows: list[Row]) -> bool:
    """Tell whether one feature alone finds 90 % of the members at a precision of 0.99.

    Such a scenario shows nothing: whatever is measured on it, an `if` would have done as well.
    """
    return any(row.single and row.oracle.value >= TRIVIAL_RECALL for row in rows)


def _half(view: AccountView) -> NDArray[np.bool_]:
    """Pick half of the accounts; those of one organisation stay together."""
    parties = pc.coalesce(view.exchanges["organization_id"], view.exchanges["account_id"])
    chosen = np.zeros(len(view.accounts), dtype=bool)
    coded = parties.combine_chunks().dictionary_encode()
    even = np.array([zlib.crc32(party.encode()) % 2 == 0 for party in coded.dictionary.to_pylist()])
    chosen[view.owner] = even[coded.indices.to_numpy()] if len(even) else False
    return chosen
