"""Output echo.

Detects: prompts that contain what the model had answered to *somebody else*: trace cleaning and
    judging of harvested answers.
Needs: messages, response. Cost: one join on coarse fingerprints.
Tactics: A13, A15. Look-alikes: B5, B18.
Blind spots: answers rewritten before they come back; answers shorter than about 40 tokens;
    answers harvested before the data begins.
Triage: follow the source accounts; ask whether the answer was published in between.
Source: winnowing, Schleimer, Wilkerson and Aiken 2003; an answer that two parties received does
    not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from stillwatch.core.contracts import Detector, FloatArray
from stillwatch.core.records import Example
from stillwatch.detectors._share import shrunken_share


@dataclass(frozen=True, slots=True)
class OutputEcho:
    """Scores the share of an account's prompts that feed back another party's answer.

    Attributes:
        prior_exchanges: Exchanges without echo added to every account.
    """

    name: ClassVar[str] = "output_echo"
    tactics: ClassVar[tuple[str, ...]] = ("A13", "A15")
    look_alikes: ClassVar[tuple[str, ...]] = ("B5", "B18")
    needs: ClassVar[tuple[str, ...]] = ("messages", "response")
    harvest: ClassVar[bool] = True
    scale_floor: ClassVar[float] = 0.05
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "a judge of harvested answers", "fires", ({"exchanges": 200, "echo_foreign": 170},)
        ),
        Example("a chat user", "benign", ({"exchanges": 40, "echo_foreign": 0},)),
        Example(
            "a reader who pastes a colleague's answer",
            "hard_benign",
            ({"exchanges": 60, "echo_foreign": 2},),
        ),
        Example("no exchange", "abstains", ({"exchanges": 0, "echo_foreign": 0},)),
    )

    prior_exchanges: float = 10.0

    def score(self, profiles: Mapping[str, FloatArray]) -> FloatArray:
        """Return the shrunken share of echoing exchanges, in [0, 1)."""
        return shrunken_share(profiles["echo_foreign"], profiles["exchanges"], self.prior_exchanges)

    def explain(self, profile: Mapping[str, float]) -> str:
        """Say how often another party's answer came back."""
        return (
            f"{profile['echo_foreign']:.0f} of {profile['exchanges']:.0f} prompts contain an "
            "answer that the model had given to another customer"
        )


DETECTOR: type[Detector] = OutputEcho
