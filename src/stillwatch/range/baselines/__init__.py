"""What stillwatch is compared with on the same traffic, one file a baseline."""

from stillwatch.range._features import features, view_of
from stillwatch.range.baselines._single_feature import SingleFeature, baseline_table

__all__ = ["SingleFeature", "baseline_table", "features", "view_of"]
