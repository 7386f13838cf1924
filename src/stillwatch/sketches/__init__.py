"""Sketches: exchanges in, what is kept of them out. Text does not pass."""

from stillwatch.sketches._batch import SKETCH_VERSION, sketch_batch, warm_up
from stillwatch.sketches._lexicon import ContentSketch, Cue, cue_names
from stillwatch.sketches._messages import conversation

__all__ = [
    "SKETCH_VERSION",
    "ContentSketch",
    "Cue",
    "conversation",
    "cue_names",
    "sketch_batch",
    "warm_up",
]
