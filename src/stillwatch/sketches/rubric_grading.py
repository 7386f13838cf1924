"""thin"""

from stillwatch.sketches._lexicon import ContentSketch, Cue

SKETCH = ContentSketch(
    name="rubric_grading",
    tactics=("A5",),
    look_alikes=("B1",),
    groups={"thin": Cue(0.3, ("on a scale of 1 to",))},
    examples=(),
)
