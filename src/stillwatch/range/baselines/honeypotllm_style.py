"""The four rules that honeypotllm describes, written anew from its description.

More than 30 requests a minute or 500 an hour (35 %), prompts that follow a template (30 %),
requests less than half a second apart (20 %), a daily volume far above the usual (15 %). Where the
description gives no number, one is chosen here: a template is two prompts in a row of which half of
the words agree at the ends, and far above the usual is ten times the median of the reference. The
score is an account's peak, so the decay it describes plays no part.
Blind spots: slow accounts of a campaign have no rate, no gaps and no volume; every app with a
template (B5) has the second rule at its maximum.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from stillwatch.range.baselines._windows import benign, thinned
from stillwatch.range.contracts import DAY_US, HOUR_US, AccountView, Baseline, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class HoneypotllmStyle:
    """Scores an account by a weighted sum of four rules, from 0 to 1.

    Attributes:
        most_prompts: Prompts of an account that are compared for a template, evenly spaced.
        usual_times: Multiple of the usual daily volume at which that rule saturates.
    """

    name: ClassVar[str] = "honeypotllm_style"
    summary: ClassVar[str] = "Rate, template, gap and volume rules, weights 35, 30, 20 and 15 %."
    source: ClassVar[str] = "honeypotllm 0.1.3, its README (Apache-2.0); rules described, no code"

    most_prompts: int = 200
    usual_times: float = 10.0

    def score(self, view: AccountView) -> FloatArray:
        """Return the weighted sum of each account's rules at their peak."""
        usual = float(np.median([_most(t, DAY_US) for t in _times(benign(view))] or [1]))
        scores = np.zeros(len(view.accounts))
        for k, (rows, times) in enumerate(zip(view.turns, _times(view), strict=True)):
            rate = max(_most(times, HOUR_US // 60) / 30, _most(times, HOUR_US) / 500)
            gap = float(np.mean(np.diff(times) < 500_000)) if len(times) > 1 else 0.0
            volume = _most(times, DAY_US) / (self.usual_times * max(usual, 1.0))
            alike = _template_share(view.prompts.take(thinned(rows, self.most_prompts)).to_pylist())
            rules = np.minimum([rate, alike, gap, volume], 1.0)
            scores[k] = float(rules @ np.array([0.35, 0.30, 0.20, 0.15]))
        return scores


def _times(view: AccountView) -> list[IntArray]:
    return [view.time_us[rows] for rows in view.turns]


def _most(times: IntArray, window_us: int) -> int:
    """Return the largest number of requests within any window; `times` is sorted."""
    upto = np.searchsorted(times, times + window_us, side="left")
    return int((upto - np.arange(len(times))).max(initial=0))


def _template_share(prompts: list[str]) -> float:
    words = [prompt.split(None, 64)[:64] for prompt in prompts]
    pairs = list(pairwise(words))
    return sum(_alike(a, b) for a, b in pairs) / max(len(pairs), 1)


def _alike(one: list[str], other: list[str]) -> bool:
    """Tell whether what agrees at both ends makes up half of the longer prompt."""
    if len(one) > len(other):
        one, other = other, one
    head = 0
    while head < len(one) and one[head] == other[head]:
        head += 1
    tail = 0
    while tail < len(one) - head and one[-1 - tail] == other[-1 - tail]:
        tail += 1
    return 2 * (head + tail) >= len(other) > 0


BASELINE: type[Baseline] = HoneypotllmStyle
