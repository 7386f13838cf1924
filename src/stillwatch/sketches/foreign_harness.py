"""thin"""

from stillwatch.sketches._lexicon import ContentSketch, Cue

SKETCH = ContentSketch(
    name="foreign_harness",
    tactics=("A5",),
    look_alikes=("B1",),
    groups={"thin": Cue(0.3, ("you are a coding agent",))},
    examples=(),
)
