"""The page of evaluations: self-contained, complete, inert."""

from __future__ import annotations

import dataclasses
import re

import pytest

from stillwatch.core.errors import InputError
from stillwatch.core.json_bytes import INDENTED, json_bytes
from stillwatch.range.evaluate import Evaluation, Group, Hidden, share
from stillwatch.range.pooling import Pool, Stored, pools
from stillwatch.report import baselines_from, evaluations_json, render_evaluations
from stillwatch.report._calibration import BINS, histogram, quantile_dots

from .test_page import HOSTILE, Page

TARGETS = {"attack": "member recall at act >= 95 %"}
BASELINES = {
    "attack": [
        {
            "baseline": name,
            "single": single,
            "auc": auc,
            "budgets": [
                {
                    "budget": 0.01,
                    "false_positives": {"hits": 17, "of": 2000},
                    "recall": {"hits": hits, "of": 100},
                }
            ],
            "oracle": {"hits": hits, "of": 100},
        }
        for name, single, auc, hits in (
            ("synchrotrap", False, 0.83, 31),
            ("feature-a", True, 0.71, 5),
            ("feature-b", True, 0.72, 6),
            ("feature-c", True, 0.73, 7),
            ("feature-d", True, None, 4),
        )
    ]
}


def evaluation(name: str = "one", archetype: str = "B1", **changes: object) -> Evaluation:
    members = Group(name, share(61, 100), share(83, 100))
    innocent = Group("innocent", share(3, 2000), share(19, 2000))
    values: dict[str, object] = {
        "innocent": innocent,
        "archetypes": (dataclasses.replace(innocent, name=archetype),),
        "languages": (Group("de", share(2, 700), share(11, 700)),),
        "hidden": (Hidden(members, ("c-1", "c-2"), 0.02, 0.875, 13.5, 0.0234, 98_765),),
        "members": members,
        "true_at_act": share(61, 64),
        "true_in_queue": share(83, 102),
        "campaigns_at_act": 2,
        "false_at_act": 0,
        "merges": 0,
        "splits": 1,
        "precision": {"0.001": (0.5, 0.2), "0.0001": (0.1, 0.05), "1e-05": (None, 0.001)},
        "p_values": tuple((n / 100) ** 2 for n in range(1, 101)),
        "null_share": {"0.01": share(37, 2000)},
        "seconds": 12.25,
    }
    return Evaluation(**{**values, **changes})  # type: ignore[arg-type]


def quiet() -> Evaluation:
    return evaluation(hidden=(), members=Group("members", share(0, 0), share(0, 0)))


def added(*extra: Stored) -> tuple[Pool, ...]:
    return pools([Stored("attack", evaluation()), Stored("week", quiet()), *extra])


@pytest.fixture
def page() -> Page:
    return Page(render_evaluations(added(), TARGETS, baselines_from(BASELINES)))


def test_the_page_is_well_formed_and_reachable(page: Page) -> None:
    assert page.open == []
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    named = [one for tag, a in page.elements for one in (a.get("aria-labelledby") or "").split()]
    assert set(named) <= set(ids)
    assert len(page.all("table")) == len(page.all("caption")) >= 9
    assert all(attrs.get("scope") in {"col", "row"} for attrs in page.all("th"))
    plots = page.all("svg")
    assert len(plots) == len(page.all("desc")) == len(page.all("details")) == 2


def test_rows_have_as_many_cells_as_their_heads(page: Page) -> None:
    html = render_evaluations(added(), TARGETS, baselines_from(BASELINES))
    for table in re.findall(r"<table.*?</table>", html, re.DOTALL):
        widths = {len(re.findall(r"<t[hd]\b", row)) for row in re.findall(r"<tr>.*?</tr>", table)}
        assert len(widths) == 1, table[:200]


def test_every_figure_is_printed(page: Page) -> None:
    for shown in (
        "2 scenarios, 2 runs", "member recall at act >= 95 %", "61 %", "83 %", "50.7 to 70.6 %",
        "0.875", "13.5", "0.0234", "98,765", "0.15 %", "B1", "de", "1 in 1,000", "1 in 100,000",
        "95.3 %", "81.4 %", "12.2", "1.85 %", "1 of 1", "synchrotrap", "0.83", "only: feature-c",
        "31 %", "stillwatch, at act",
    ):  # fmt: skip
        assert shown in page.text, shown
    assert "feature-d" not in page.text


def test_nothing_hidden_and_no_p_values_is_no_error() -> None:
    page = Page(render_evaluations(pools([Stored("week", dataclasses.replace(
        quiet(), p_values=(), null_share={}, languages=()))]), {}))  # fmt: skip
    assert "Nothing was hidden" in page.text
    assert "No innocent account has a p-value" in page.text
    assert not page.all("svg")


def test_the_page_is_self_contained_and_text_inert() -> None:
    odd = Stored(HOSTILE, evaluation(HOSTILE, HOSTILE))
    rows = baselines_from({HOSTILE: [{**BASELINES["attack"][0], "baseline": HOSTILE}]})
    html = render_evaluations(added(odd), {HOSTILE: HOSTILE}, rows)
    assert "://" not in html
    assert not re.search(r"<(script|img|link|iframe)\b", html)
    assert "\u202e" not in html
    assert "\x1b" not in html
    assert html.encode()


def test_equal_evaluations_give_equal_bytes() -> None:
    assert render_evaluations(added(), TARGETS) == render_evaluations(added(), TARGETS)


def test_the_same_is_there_as_json() -> None:
    content = evaluations_json(added(), TARGETS, baselines_from(BASELINES))
    assert json_bytes(content, INDENTED)
    attack, week = content["scenarios"]
    assert (attack["scenario"], attack["target"], attack["runs"]) == (
        "attack",
        *TARGETS.values(),
        1,
    )
    assert week["false_runs"].count == 1


@pytest.mark.parametrize("content", [[], {"a": 3}, {"a": [{}]}, {"a": [{"baseline": "b"}]}])
def test_odd_baselines_are_refused(content: object) -> None:
    with pytest.raises(InputError, match="baselines"):
        baselines_from(content)


def test_the_histogram_holds_every_quantile_once() -> None:
    plot = histogram([n / 100 for n in range(1, 101)])
    assert plot is not None
    assert sum(plot.shares) == pytest.approx(1)
    assert len(plot.shares) == BINS
    assert plot.shares[-1] == pytest.approx(0.06)  # 0.95 to 1.00, both ends
    assert histogram([]) is None


def test_uniform_quantiles_lie_on_the_diagonal() -> None:
    dots = quantile_dots([n / 10 for n in range(1, 11)])
    assert [dot.level for dot in dots] == pytest.approx([dot.value for dot in dots])
    assert (dots[-1].x, dots[-1].y) == ("376.0", "24.0")
