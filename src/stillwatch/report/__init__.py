"""Results as one self-contained page."""

from stillwatch.report._page import render
from stillwatch.report._words import LOOK_ALIKES, explained

__all__ = ["LOOK_ALIKES", "explained", "render"]
