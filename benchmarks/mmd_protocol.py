"""The window protocol of arXiv 2606.05725 on real prompts: false alarms and hits by contamination.

Run: python -m benchmarks mmd_protocol
The score of a window is its unbiased MMD² from each of five reference draws, averaged. It is judged
(a) the paper's way, against the 95th percentile of what benign windows score on *one* draw, and (b)
conformally, against 19 benign windows with the same average. In every round the benign rows are
shuffled anew and cut into draws and windows that share no row, so (b) is exact on average. Windows
of 1,500 need 31,500 rows for that, which only all benign corpora together have; windows of 100 are
cut from each corpus that is large enough.
Windows of one round share draws and calibration; the exact interval of the rate takes them as
independent. Labels are by the origin of the text; nothing here is traffic of an observed campaign.
The embedding is hashed n-grams, not the paper's, so its figures stand beside ours for orientation
only.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks._measure import Row, show
from stillwatch.core.errors import InputError
from stillwatch.range._corpora import catalogue, corpus_rows
from stillwatch.range._embedding import embed
from stillwatch.stats.conformal import conservative_p
from stillwatch.stats.intervals import clopper_pearson
from stillwatch.stats.mmd import median_bandwidth, mmd2_each

LEVELS = (0.05, 0.10, 0.25, 0.50, 1.0)
NOMINAL = 0.05
DRAWS = 5
CALIBRATION = 19  # p <= 0.05 is then exactly the largest of 20
PUBLISHED_TPR = (58.9, 93.7, 100.0, 100.0, 100.0)
PUBLISHED_FPR = 0.29
NO_PROMPTS = {"ben_awesome_prompts"}  # system prompts, not requests

Vectors = NDArray[np.float32]


@dataclass
class Tally:
    """Alarms of both rules: on benign windows, and by attack corpus and level."""

    windows: int = 0
    alarms: list[int] = field(default_factory=lambda: [0, 0])
    hits: dict[tuple[str, float], list[int]] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Add the counts of another tally."""
        self.windows += other.windows
        self.alarms = [a + b for a, b in zip(self.alarms, other.alarms, strict=True)]
        for key, row in other.hits.items():
            known = self.hits.setdefault(key, [0, 0, 0])
            self.hits[key] = [a + b for a, b in zip(known, row, strict=True)]


def main(out: Path = Path("build/benchmarks"), size: float = 1.0) -> None:
    data = Path(os.environ.get("STILLWATCH_DATA", "../shared/data"))
    if not (data / "README.md").exists():
        print("skipped: the real data is not here (set STILLWATCH_DATA)")
        return
    benign, attack = vectors(data, "benign"), vectors(data, "attack")
    threadpool_limits(1, "blas")  # small products: threads only get in each other's way
    everything = {"all benign corpora": np.concatenate(list(benign.values()))}
    rows = protocol(everything, attack, window=1500, drawn=300, rounds=max(1, int(60 * size)))
    rows += protocol(benign, attack, window=100, drawn=100, rounds=max(1, int(300 * size)))
    show("mmd_protocol", rows, out)


def vectors(data: Path, label: str) -> dict[str, Vectors]:
    """Return the embedded distinct prompts of each corpus of a label that the data holds."""
    found = {}
    for corpus in catalogue()[0]:
        if corpus.label == label and corpus.name not in NO_PROMPTS:
            try:
                texts = pa.compute.unique(corpus_rows(data, (corpus.name,)).user)
            except InputError as missing:
                print(missing)
                continue
            found[corpus.name] = embed(texts)
    return found


def protocol(
    benign: dict[str, Vectors], attack: dict[str, Vectors], window: int, drawn: int, rounds: int
) -> list[Row]:
    """Run all pairs of a benign and an attack corpus that are large enough; print them by pair."""
    start, total, pairs = time.perf_counter(), Tally(), 0
    print(f"\n### windows of {window:,} prompts\n")
    print("| benign | attack | TPR at 5 / 10 / 25 / 50 / 100 %, conformal | paper's rule |")
    print("|---|---|---|---|")
    for name, rows in benign.items():
        if len(rows) < DRAWS * drawn + (CALIBRATION + 1) * window:
            continue
        tally = Tally()
        for seed in range(rounds):
            tally.add(one_round(rows, attack, window, drawn, seed))
        for other in attack:
            cells = [" / ".join(_rates(tally, other, rule)) for rule in (1, 0)]
            print(f"| {name} | {other} | " + " | ".join(cells) + " |")
            pairs += 1
        total.add(tally)
    print(f"\n{pairs} pairs, {rounds} rounds each, {time.perf_counter() - start:.0f} s")
    return list(_summary(total, window))


def _rates(tally: Tally, attack: str, rule: int) -> list[str]:
    cells = [tally.hits.get((attack, level)) for level in LEVELS]
    return [f"{100 * c[rule] / c[2]:.0f}" if c else "–" for c in cells]


def _summary(total: Tally, window: int) -> Iterator[Row]:
    for rule, title in ((0, "paper's rule"), (1, "conformal")):
        rate = total.alarms[rule] / max(total.windows, 1)
        low, high = clopper_pearson(total.alarms[rule], total.windows)
        span = f"{100 * float(low):.2f} to {100 * float(high):.2f}"
        what = f"{window:,}: FPR at 5 %, {title} (n = {total.windows:,}; {span}; paper 0.29)"
        yield Row(what, 100 * rate, "%", 6.0)
        means = []
        for level, published in zip(LEVELS, PUBLISHED_TPR, strict=True):
            cells = [c for (_, at), c in total.hits.items() if at == level]
            means.append(100 * float(np.mean([c[rule] / c[2] for c in cells] or [0.0])))
            beside = f"paper {published}" if window == 1500 else "paper: mean 56.1"
            what = f"{window:,}: TPR at {level:.0%} contamination, {title} ({beside})"
            yield Row(what, means[-1], "%")
        bar, beside = (90.5, "90.5") if window == 1500 else (56.1, "56.1")
        what = f"{window:,}: mean TPR, {title} (paper {beside})"
        yield Row(what, float(np.mean(means)), "%", bar, at_least=True)


def one_round(
    rows: Vectors, attack: dict[str, Vectors], window: int, drawn: int, seed: int
) -> Tally:
    """Shuffle, cut, calibrate; every benign window is judged once by 19 of the others."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows))
    draws = [rows[order[k * drawn : (k + 1) * drawn]] for k in range(DRAWS)]
    rest = order[DRAWS * drawn :]
    cut = [rest[k : k + window] for k in range(0, len(rest) - window + 1, window)][:40]
    bandwidth = median_bandwidth(draws[0].astype(np.float64))
    by_draw = mmd2_each((rows[part] for part in cut), draws, bandwidth)
    scores = by_draw.mean(axis=1)
    tally = Tally(windows=len(cut))
    places = np.arange(len(cut))
    for k in places:
        others = rng.permutation(places[places != k])[:CALIBRATION]
        for rule, alarm in enumerate(_judge(scores[k], by_draw[others])):
            tally.alarms[rule] += alarm
    chosen = places[1 : CALIBRATION + 1]
    mixes = list(_mixtures(rng, rows[cut[0]], attack, window))
    judged = mmd2_each((mixed for _, mixed in mixes), draws, bandwidth).mean(axis=1)
    for (key, _), score in zip(mixes, judged.tolist(), strict=True):
        tally.hits[key] = [*map(int, _judge(score, by_draw[chosen])), 1]
    return tally


def _judge(score: float, calibration: NDArray[np.float64]) -> tuple[bool, bool]:
    """Return the verdicts of the paper's rule and of the conformal one.

    Args:
        score: Averaged over the draws.
        calibration: Of benign windows on each draw, shape (windows, draws).
    """
    papers = score > float(np.quantile(calibration, 1.0 - NOMINAL))
    p = conservative_p(calibration.mean(axis=1), [score])[0]
    return bool(papers), bool(p <= NOMINAL + 1e-12)


def _mixtures(
    rng: np.random.Generator, benign: Vectors, attack: dict[str, Vectors], window: int
) -> Iterator[tuple[tuple[str, float], Vectors]]:
    """Yield a window for each attack corpus and level for which the corpus has prompts enough."""
    for name, rows in attack.items():
        for level in LEVELS:
            part = round(level * window)
            if part <= len(rows):
                planted = rows[rng.permutation(len(rows))[:part]]
                yield (name, level), np.concatenate((planted, benign[part:]))


if __name__ == "__main__":
    main()
