from __future__ import annotations

from datetime import date, timedelta

import pytest

from stillwatch.core.errors import ConfigError, SharingRefused
from stillwatch.sharing.governance.legal_basis import LegalBasis, Register, register_from

LAST = date(2026, 9, 30)
BASIS = LegalBasis("lb-one", "an act", "somewhere", date(2026, 1, 1), LAST, "counsel")
REGISTER = Register([BASIS])
ROW = {
    "id": "lb-one", "text": "an act", "jurisdiction": "somewhere", "valid_from": "2026-01-01",
    "valid_until": LAST, "reviewed_by": "counsel",
}  # fmt: skip


@pytest.mark.parametrize(
    ("days_before", "threshold"),
    [(61, None), (60, 60), (31, 60), (30, 30), (8, 30), (7, 7), (0, 7), (-1, 0)],
)
def test_alarms(days_before: int, threshold: int | None) -> None:
    alarms = REGISTER.alarms(LAST - timedelta(days=days_before))
    assert [one.threshold_days for one in alarms] == ([] if threshold is None else [threshold])
    assert all(one.days_left == days_before for one in alarms)


def test_posting_stops_the_day_after_the_last() -> None:
    assert REGISTER.require("lb-one", LAST) == BASIS
    for day, id_, code in (
        (LAST + timedelta(days=1), "lb-one", "sw.legal_basis.expired"),
        (date(2025, 12, 31), "lb-one", "sw.legal_basis.expired"),
        (LAST, "lb-two", "sw.legal_basis.unknown"),
    ):
        with pytest.raises(SharingRefused) as refused:
            REGISTER.require(id_, day)
        assert refused.value.code == code
    assert REGISTER.lapsed(LAST) == frozenset()
    assert REGISTER.lapsed(LAST + timedelta(days=1)) == {"lb-one"}


def test_a_register_is_read() -> None:
    assert register_from({"legal_basis": [ROW]}).require("lb-one", LAST) == BASIS


def test_all_faults_are_told_together() -> None:
    rows = [
        {**ROW, "id": "x"},
        {**ROW, "valid_until": "2025-01-01"},
        {**ROW, "text": " "},
        {**ROW, "more": 1},
        7,
        {**ROW, "valid_from": "soon"},
    ]
    with pytest.raises(ConfigError) as error:
        register_from({"legal_basis": rows})
    assert all(f"entry {number}" in error.value.message for number in range(1, 7))


@pytest.mark.parametrize("content", [{}, {"legal_basis": []}, {"legal_basis": [ROW, ROW]}])
def test_a_register_that_cannot_be(content: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        register_from(content)
