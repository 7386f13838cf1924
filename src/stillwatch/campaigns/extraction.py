"""Second null: the group is not extracting.

In words: a member, picked blindly, behaves like a benign party of its segment. Randomised by
nature: members are ranked among benign parties (conformal p-values of the harvest index). The
ranks of one group may depend on each other in any way, as they do when all use one application;
they are merged by an order statistic that allows for any dependence.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SHARE: Final = 0.5
"""At least this share of the members must be remarkable. Fixed, since choosing it is a test."""


def merged_p(p_values: FloatArray) -> float:
    """Merge members' p-values that may depend on each other in any way.

    Returns c / k times the k-th smallest of c p-values, k = ceil(c x SHARE), at most 1; NaN when
    most members have none. No single member, and no minority, can make a group remarkable.

    Source: Rüger 1978, Das maximale Signifikanzniveau des Tests; Vovk and Wang 2020, Combining
        p-values via averaging, Biometrika 107:791.
    """
    c = p_values.size
    k = int(np.ceil(c * SHARE))
    ranked = np.sort(p_values)
    if c == 0 or np.isnan(ranked[k - 1]):
        return float("nan")
    return float(min(1.0, c / k * ranked[k - 1]))
