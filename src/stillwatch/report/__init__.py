"""Results as one self-contained page."""

from stillwatch.report._evaluation import baselines_from, evaluations_json, render_evaluations
from stillwatch.report._page import render
from stillwatch.report._words import LOOK_ALIKES, explained

__all__ = [
    "LOOK_ALIKES",
    "baselines_from",
    "evaluations_json",
    "explained",
    "render",
    "render_evaluations",
]
