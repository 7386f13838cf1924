"""thin"""

from stillwatch.sketches._lexicon import ContentSketch, Cue

SKETCH = ContentSketch(
    name="identity_confusion",
    tactics=("A5",),
    look_alikes=("B1",),
    groups={"thin": Cue(0.3, ("which model are you",))},
    examples=(),
)
