"""thin"""

from stillwatch.sketches._lexicon import ContentSketch, Cue

SKETCH = ContentSketch(
    name="batch_generation",
    tactics=("A5",),
    look_alikes=("B1",),
    groups={"thin": Cue(0.3, ("generate … questions",))},
    examples=(),
)
