"""The page's colours against WCAG 2.1: 4.5 to 1 for text, 3 to 1 for what is drawn."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

CSS = (files("stillwatch.report") / "templates" / "style.css.j2").read_text("utf-8")
MODES = dict(zip(("light", "dark", "print"), re.findall(r":root\{([^}]*)\}", CSS), strict=True))
GROUNDS = ("paper", "card")
FAMILIES = ("content", "identity", "network", "timing")
TEXTS = [
    *((ink, ground) for ink in ("ink", "soft", "accent", *FAMILIES) for ground in GROUNDS),
    *(("ink", "calm-bg"), ("ink", "review-bg"), ("act", "act-bg"), ("review", "review-bg")),
    *(("act", "card"), ("review", "card"), ("review", "paper")),
]
DRAWN = [(ink, ground) for ink in ("bar", "bar-2", "accent", "act") for ground in GROUNDS]


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", MODES)
def test_contrast_is_enough(mode: str) -> None:
    colours = dict(re.findall(r"--([\w-]+):(#\w+)", MODES[mode]))
    for pairs, least in ((TEXTS, 4.5), (DRAWN, 3.0)):
        for ink, ground in pairs:
            found = contrast(colours[ink], colours[ground])
            assert found >= least, f"{mode}: {ink} on {ground} has {found:.2f}"


def test_the_measure_itself() -> None:
    assert contrast("#000", "#fff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_nothing_is_loaded() -> None:
    assert not re.search(r"url\(|@import|@font-face", CSS)
