from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from stillwatch.core.results import Campaign, Results
from stillwatch.report import _words


def test_every_tactic_and_look_alike_has_a_name() -> None:
    assert list(_words.TACTICS) == [f"A{n}" for n in range(1, 27)]
    assert list(_words.LOOK_ALIKES) == [f"B{n}" for n in range(1, 19)]


@pytest.mark.parametrize(
    ("levels", "line"),
    [
        ((), "No campaign found"),
        (("act",), "1 campaign to act on"),
        (("review", "review"), "2 campaigns to review"),
        (("act", "act", "review"), "2 campaigns to act on and 1 campaign to review"),
    ],
)
def test_headline(
    levels: tuple[str, ...],
    line: str,
    build_campaign: Callable[..., Campaign],
    build_results: Callable[..., Results],
) -> None:
    found = build_results(*(build_campaign(1, level=level) for level in levels))
    assert _words.headline(found) == line


def test_the_error_rate_names_rate_rule_and_limits(build_results: Callable[..., Results]) -> None:
    said = _words.error_rate(build_results(fdr=0.05))
    assert "at most 5 %" in said
    assert "Bogomolov" in said
    assert "no such promise" in said


def test_open_explanations_are_to_be_settled_first(build_campaign: Callable[..., Campaign]) -> None:
    assert "B11" in _words.next_steps(build_campaign(1))[1]
    assert "B10" not in _words.next_steps(build_campaign(1))[1]
    assert "outside this list" in _words.next_steps(build_campaign(1, explanations=()))[1]


def test_a_review_is_never_told_to_act(build_campaign: Callable[..., Campaign]) -> None:
    steps = " ".join(_words.next_steps(build_campaign(1, level="review")))
    assert steps.startswith("Do not act")
    assert "throttling" not in steps


def test_sentences_accuse_nobody_and_belittle_nothing(
    build_campaign: Callable[..., Campaign], build_results: Callable[..., Results]
) -> None:
    one = build_campaign(3)
    said = " ".join(
        [
            _words.verdict(one), _words.level_meaning(one), _words.null_coordinated(one),
            _words.null_extracting(one), _words.both_nulls(one), *_words.next_steps(one),
            _words.error_rate(build_results()), *_words.empty_meaning(build_results()),
            *(why for _, why in _words.BLIND_SPOTS),
        ]
    )  # fmt: skip
    assert not re.search(r"attacker|criminal|simply|just|obviously|confidence", said)
