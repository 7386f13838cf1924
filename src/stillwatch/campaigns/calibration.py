"""Calibration: what benign behaviour looks like, as samples of scores by segment.

A profile keeps the samples of the provider's own past traffic. Without one, the scanned traffic
is its own sample: what harvests it may hold then makes every rank conservative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillwatch.core.errors import InputError
from stillwatch.stats.conformal import jittered_p

FloatArray = NDArray[np.float64]

POOLED: Final = "*"
"""The segment of everybody: for units whose own segment is too small."""
CLEAN_QUANTILE: Final = 0.99
MIXED_QUANTILE: Final = 0.95
"""Quantile of a detector's scores that is its scale: in benign history, and in traffic that may
hold campaigns, which would otherwise set the scale that they are measured with."""
SAMPLE: Final = 20_000
"""At most this many units of a segment are kept, and as many of its largest harvest indices."""
PROFILE_SCHEMA: Final = "stillwatch/profile/1"


@dataclass(frozen=True, slots=True)
class Tail:
    """The largest harvest indices of a segment that has more units than a sample keeps.

    A rank among all is as fine as their number, and needs only those that can be above.

    Attributes:
        units: Units whose index is known.
        largest: The largest indices, ascending.
    """

    units: int
    largest: FloatArray


@dataclass(frozen=True, slots=True)
class Calibration:
    """Benign scores to rank against.

    Attributes:
        scores: For each segment, each detector's scores of its units; NaN where it abstained.
            All arrays of one segment have one value a unit, in one order.
        scales: For each detector of harvest behaviour, a high quantile of the scores, or its floor.
        tails: Of segments with more units than a sample keeps.
        min_segment: Segments with fewer units are judged against everybody.
    """

    scores: Mapping[str, Mapping[str, FloatArray]]
    scales: Mapping[str, float]
    tails: Mapping[str, Tail] = field(default_factory=dict)
    min_segment: int = 10_000

    @classmethod
    def learn(
        cls,
        scores: Mapping[str, FloatArray],
        segments: NDArray[np.str_],
        floors: Mapping[str, float],
        quantile: float = CLEAN_QUANTILE,
    ) -> Calibration:
        """Learn from scored units.

        Args:
            scores: Scores by detector, one value a unit.
            segments: Segment of each unit.
            floors: Smallest scale of each detector of harvest behaviour; others have no scale.
            quantile: Of the scores, that is a detector's scale.
        """
        samples: dict[str, dict[str, FloatArray]] = {}
        for segment in (POOLED, *np.unique(segments)):
            rows = np.flatnonzero((segments == segment) | (segment == POOLED))
            step = max(1, -(-rows.size // SAMPLE))
            samples[str(segment)] = {name: values[rows[::step]] for name, values in scores.items()}
        scales = {
            name: max(_quantile(scores[name], quantile), floor)
            for name, floor in floors.items()
            if name in scores
        }
        learnt = cls(samples, scales)
        index, tails = learnt.harvest(scores), {}
        for segment in samples:
            known = index[(segments == segment) | (segment == POOLED)]
            known = np.sort(known[~np.isnan(known)])
            if known.size > SAMPLE:
                tails[segment] = Tail(known.size, known[-SAMPLE:])
        return replace(learnt, tails=tails)

    def units(self) -> int:
        """Return how many units everybody's sample stands for."""
        if POOLED in self.tails:
            return self.tails[POOLED].units
        return max((values.size for values in self.scores[POOLED].values()), default=0)

    def harvest(self, scores: Mapping[str, FloatArray]) -> FloatArray:
        """Return each unit's harvest index: its largest score in units of the benign scale."""
        scaled = [scores[name] / scale for name, scale in self.scales.items() if name in scores]
        index: FloatArray = np.fmax.reduce(scaled)
        return index

    def detector_p(
        self,
        name: str,
        scores: FloatArray,
        segments: NDArray[np.str_],
        ties: FloatArray,
        others_only: bool = False,
    ) -> FloatArray:
        """Return conformal p-values of one detector's scores, within segment."""
        return self._rank(
            {segment: sample[name] for segment, sample in self.scores.items() if name in sample},
            scores,
            segments,
            ties,
            others_only,
        )

    def harvest_p(
        self,
        index: FloatArray,
        segments: NDArray[np.str_],
        ties: FloatArray,
        others_only: bool = False,
    ) -> FloatArray:
        """Return conformal p-values of harvest indices, within segment.

        Where a tail of K of n indices is kept, what lies above its end is ranked among all n, and
        for the rest K/(n + 1) is added to the rank in the sample: P(p <= t) is then at most
        K/(n + 1) + (t - K/(n + 1)) = t.
        """
        samples = {segment: self.harvest(sample) for segment, sample in self.scores.items()}
        p = self._rank(samples, index, segments, ties, others_only)
        for segment in np.unique(segments):
            tail = self.tails.get(self._ranked_in(samples, str(segment)))
            if tail is not None:
                rows = np.flatnonzero((segments == segment) & ~np.isnan(index))
                p[rows] = _tail_p(tail, index[rows], p[rows], others_only)
        return p

    def _ranked_in(self, samples: Mapping[str, FloatArray], segment: str) -> str:
        """Return the segment among which units of a segment are ranked: its own or everybody."""
        sample = samples.get(segment, np.empty(0))
        return segment if np.count_nonzero(~np.isnan(sample)) >= self.min_segment else POOLED

    def _rank(
        self,
        samples: Mapping[str, FloatArray],
        scores: FloatArray,
        segments: NDArray[np.str_],
        ties: FloatArray,
        others_only: bool,
    ) -> FloatArray:
        """Rank within segment; `others_only` when the units are themselves in the sample."""
        result = np.full(scores.size, np.nan)
        for segment in np.unique(segments):
            sample = samples[self._ranked_in(samples, str(segment))]
            sample = sample[~np.isnan(sample)]
            rows = np.flatnonzero((segments == segment) & ~np.isnan(scores))
            # A golden-ratio sequence: breakers of the sample that depend on nothing but its order.
            breakers = (np.arange(sample.size) + 0.5) * 0.6180339887498949 % 1.0
            p = jittered_p(sample, scores[rows], breakers, ties[rows])
            n = sample.size
            result[rows] = np.maximum(p * (n + 1) - 1, 1) / n if others_only and n else p
        return result

    def to_json(self) -> dict[str, object]:
        """Return the calibration as plain data."""
        return {
            "scores": {
                segment: {name: _plain(values) for name, values in sample.items()}
                for segment, sample in self.scores.items()
            },
            "scales": dict(self.scales),
            "tails": {
                segment: {"units": tail.units, "largest": tail.largest.tolist()}
                for segment, tail in self.tails.items()
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Calibration:
        """Read what `to_json` wrote.

        Raises:
            InputError: A part is missing or of the wrong type.
        """
        try:
            scores, scales, tails = data["scores"], data["scales"], data["tails"]
            if not (
                isinstance(scores, dict) and isinstance(scales, dict) and isinstance(tails, dict)
            ):
                raise TypeError
            samples = {
                segment: {
                    name: np.array([np.nan if v is None else v for v in values], dtype=np.float64)
                    for name, values in sample.items()
                }
                for segment, sample in scores.items()
            }
            kept = {
                segment: Tail(int(tail["units"]), np.array(tail["largest"], dtype=np.float64))
                for segment, tail in tails.items()
            }
            return cls(samples, {name: float(scale) for name, scale in scales.items()}, kept)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                "the profile's calibration is damaged", "make it again with `stillwatch calibrate`"
            ) from error


def _tail_p(tail: Tail, index: FloatArray, p: FloatArray, others_only: bool) -> FloatArray:
    """Return p-values, given those of the sample; ties count against whoever is ranked."""
    above = tail.largest.size - np.searchsorted(tail.largest, index, side="left")
    ranked = np.maximum(above, 1) / tail.units if others_only else (1 + above) / (1 + tail.units)
    rest = np.minimum(p + tail.largest.size / (1 + tail.units), 1.0)
    return np.where(index > tail.largest[0], ranked, rest)


def _quantile(values: FloatArray, quantile: float) -> float:
    known = values[~np.isnan(values)]
    return float(np.quantile(known, quantile)) if known.size else 0.0


def _plain(values: FloatArray) -> list[float | None]:
    return [None if np.isnan(v) else round(float(v), 9) for v in values]
