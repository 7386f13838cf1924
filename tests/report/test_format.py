from __future__ import annotations

import math

import pytest

from stillwatch.report import _format


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("acct-1", "acct-1"),
        ("Zoë 北京 مرحبا 😀", "Zoë 北京 مرحبا 😀"),
        ("a\u202eb", "a‹U+202E›b"),
        ("\x1b[31mred", "‹U+001B›[31mred"),
        ("a\u200bb\u3000c\nd\x00", "a‹U+200B›b‹U+3000›c‹U+000A›d‹U+0000›"),
        ("\ud800", "‹U+D800›"),
        ("e\u0301\u0302\u0303\u0304", "e\u0301\u0302‹U+0303›‹U+0304›"),
        ("", ""),
    ],
)
def test_clean_shows_what_is_hidden(text: str, shown: str) -> None:
    assert _format.clean(text) == shown


def test_clean_is_bounded_and_keeps_long_names_apart() -> None:
    one, other = ("x" * 999_999 + end for end in "ab")
    assert _format.clean(one, 56) != _format.clean(other, 56)
    assert _format.clean(one, 56).endswith("xxxxxxxa (1,000,000 characters)")
    assert len(_format.clean("\u202e" * 1_000_000, 56)) < 600


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"), (3.0, "3"), (0.93, "0.93"), (1.2345, "1.23"), (1234.5, "1,234"),
        (118.4, "118"), (2.5e9, "2.5 × 10⁹"), (3.1e-7, "3.1 × 10⁻⁷"), (-0.5, "-0.5"),
        (math.inf, "∞"), (math.nan, "–"), (None, "–"),
    ],
)  # fmt: skip
def test_number(value: float | None, shown: str) -> None:
    assert _format.number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "< 0.0001"), (0.00009, "< 0.0001"), (0.0123, "0.012"), (1.0, "1"), (None, "–")],
)
def test_chance(value: float | None, shown: str) -> None:
    assert _format.chance(value) == shown


def test_equation() -> None:
    assert _format.equation("p", 1e-6) == "p < 0.0001"
    assert _format.equation("q", 0.05) == "q = 0.05"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.01, "1 %"), (0.0002, "0.02 %"), (0.000001, "< 0.01 %"), (0.0, "0 %"), (1.0, "100 %")],
)
def test_percent(value: float, shown: str) -> None:
    assert _format.percent(value) == shown


def test_moment() -> None:
    assert _format.moment(0) == "1970-01-01 00:00 UTC"
    assert _format.moment(None) == "–"
    assert _format.moment(2**63 - 1) == "outside the calendar"


@pytest.mark.parametrize(
    ("length_us", "shown"),
    [(0, "0 minutes"), (60_000_000, "1 minute"), (7_200_000_000, "2 hours"),
     (86_400_000_000, "1 day"), (-5, "0 minutes")],
)  # fmt: skip
def test_span(length_us: int, shown: str) -> None:
    assert _format.span(10, 10 + length_us) == shown


def test_listing() -> None:
    assert [_format.listing(["a", "b", "c"][:n]) for n in range(4)] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
