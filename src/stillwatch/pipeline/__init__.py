"""The only place that wires stages together."""

from stillwatch.pipeline.intake import Progress
from stillwatch.pipeline.replay import replay
from stillwatch.pipeline.runs import (
    CalibrationOutcome,
    FileCheck,
    ScanOutcome,
    SketchOutcome,
    Validation,
    calibrate,
    scan,
    sketch,
    validate,
)

__all__ = [
    "CalibrationOutcome",
    "FileCheck",
    "Progress",
    "ScanOutcome",
    "SketchOutcome",
    "Validation",
    "calibrate",
    "replay",
    "scan",
    "sketch",
    "validate",
]
