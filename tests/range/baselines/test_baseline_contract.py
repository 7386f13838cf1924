"""Every baseline, walked: what the folder finds keeps the contract."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from baseline_rows import people, run, table

from stillwatch.core.catalogue import units
from stillwatch.core.errors import MissingExtraError
from stillwatch.range.baselines import view_of
from stillwatch.range.contracts import AccountView, Baseline, Composition

BASELINES = units("range.baselines", Baseline)
each = pytest.mark.parametrize("name", BASELINES)


@pytest.fixture(scope="module")
def view(small: Composition) -> AccountView:
    return view_of(small.exchanges, view_of(table(people(60))))


def test_the_promised_baselines_are_here() -> None:
    assert set(BASELINES) == {
        *("shared_attribute", "exact_prefix", "honeypotllm_style", "glasswally_style"),
        *("prada", "seat_style", "mahalanobis", "mmd_windows", "synchrotrap", "fraudar"),
        *("isolation_forest", "ecod"),
    }


@each
def test_a_baseline_says_what_it_is_and_whose(name: str) -> None:
    unit = BASELINES[name]
    module = sys.modules[type(unit).__module__]
    assert module.__name__.endswith(f".{name}")
    assert 20 < len(unit.summary) < 100
    assert len(unit.source) > 10
    assert "Blind spots:" in (module.__doc__ or "")


@each
def test_one_number_an_account_the_same_every_time(name: str, view: AccountView) -> None:
    before = {key: values.copy() for key, values in view.features.items()}
    first, second = run(name, view), run(name, view)
    assert first.shape == (len(view.accounts),)
    assert first.dtype == np.float64
    assert not np.isinf(first).any()
    assert np.isfinite(first).any()
    np.testing.assert_array_equal(first, second)
    for key, values in before.items():
        np.testing.assert_array_equal(values, view.features[key])


@each
def test_without_a_reference_the_view_is_its_own(name: str, small: Composition) -> None:
    alone = run(name, view_of(small.exchanges))
    assert np.isfinite(alone).any()
    assert not np.isinf(alone).any()


@each
@pytest.mark.parametrize("with_reference", [True, False])
def test_nothing_in_nothing_out(name: str, with_reference: bool) -> None:
    past = view_of(table(people(5))) if with_reference else None
    assert run(name, view_of(table([]), past)).shape == (0,)


@each
def test_an_empty_reference_and_a_single_exchange_are_survived(name: str) -> None:
    found = run(name, view_of(table(people(1, prompts=1)), view_of(table([]))))
    assert found.shape == (1,)
    assert not np.isinf(found).any()


@pytest.mark.parametrize("name", ["ecod", "isolation_forest"])
def test_a_missing_extra_is_named(
    name: str, view: AccountView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyod.models.ecod", None)
    monkeypatch.setitem(sys.modules, "pyod.models.iforest", None)
    with pytest.raises(MissingExtraError, match=r"stillwatch\[range\]"):
        run(name, view)


def test_a_subset_keeps_features_and_rows(view: AccountView) -> None:
    keep = np.arange(len(view.accounts)) % 3 == 0
    part = view.subset(keep)
    assert part.accounts.to_pylist() == view.accounts.filter(keep.tolist()).to_pylist()
    np.testing.assert_array_equal(part.matrix, view.matrix[keep])
    np.testing.assert_array_equal(np.bincount(part.owner), np.bincount(view.owner)[keep])
    assert sum(map(len, part.turns)) == part.exchanges.num_rows
