"""Results as one self-contained page."""

from stillwatch.report._page import render

__all__ = ["render"]
