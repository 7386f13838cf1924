from __future__ import annotations

import base64
import dataclasses
import hashlib
import itertools
import re
from collections.abc import Callable
from html.parser import HTMLParser

import pyarrow as pa
import pytest

from stillwatch.core.results import Campaign, Explanation, InputSummary, Results, Spoke, Template
from stillwatch.report import render
from stillwatch.report._page import MAX_CAMPAIGNS, MAX_EVIDENCE, MAX_MEMBERS

from .conftest import member

VOID = {"meta", "link", "line", "rect", "circle", "br", "img", "input", "hr"}
HOSTILE = (
    '<script>alert(1)</script>"><img src=x onerror=alert(1)>{{ 7*7 }}'
    "\u202egnp.exe\x1b[31m\x00\ud800"
)


class Page(HTMLParser):
    """The page's elements, and its text outside the style sheet."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture
def page(rich: Results, accounts: pa.Table) -> Page:
    return Page(render(rich, accounts))


def test_elements_close_and_ids_are_unique(page: Page) -> None:
    assert page.open == []
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {f"#{one}" for one in ids}
    assert {attrs["href"] for attrs in page.all("a")} <= targets
    for attrs in (attrs for _, attrs in page.elements if "aria-labelledby" in attrs):
        assert {f"#{one}" for one in (attrs["aria-labelledby"] or "").split()} <= targets


def test_one_heading_of_the_first_order_and_no_order_skipped(page: Page) -> None:
    orders = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert orders.count(1) == 1
    assert orders[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(orders))


def test_tables_have_captions_and_scoped_headers(page: Page) -> None:
    assert len(page.all("table")) == len(page.all("caption")) > 8
    assert all(attrs.get("scope") in {"col", "row"} for attrs in page.all("th"))


def test_every_plot_is_described_and_has_its_data_as_a_table(page: Page) -> None:
    plots = page.all("svg")
    assert len(plots) == 7  # over all; then time line, harvest and links of two campaigns
    assert all(attrs["role"] == "img" and attrs["aria-labelledby"] for attrs in plots)
    assert len(page.all("desc")) == len(plots)
    assert len([one for one in page.all("details") if one["class"] == "data"]) == len(plots)


def test_every_number_of_the_summary_is_printed(page: Page) -> None:
    for shown in (
        "214,321", "6,012", "43", "214,370 in", "37 rejected", "12 duplicates", "2026-02-03 00:00",
        "2026-02-10 00:00", "7 days", "1 act, 3 review, 1 neither", "at most 1 %", "failover",
        "no column `status` in the input", "split by family", "Bogomolov and Heller",
        "contamination makes it conservative", "duckdb", "This run is partial", "2 of 31 tables",
    ):  # fmt: skip
        assert shown in page.text, shown


def test_every_number_of_a_campaign_is_printed(page: Page) -> None:
    for shown in (
        "200 accounts sent 23,456 exchanges over 6 days", "18,765,432", "0.0031", "p < 0.0001",
        "p = 0.0043", "118", "A5 Fixed prompt", "aster-2-mini", "2026-02-04 07:00 UTC",
        "after 2,917 exchanges", "up to 99,999 random groups", "158", "0.0019", "88.2", "2.25",
        "1,284 units of the benign reference", "0.93", "0.31", "0.021", "9c41e0aa12f7b3d5",
        "198", "0.02 %", "1.1 %", "B10 Popular open-source agent", "does not explain it",
        "cannot be told from this input", "The input has no sign-up times.", "acct-00000",
        "91,234", "Pays with an instrument of 11 accounts.", "0.0021",
    ):  # fmt: skip
        assert shown in page.text, shown


def test_both_nulls_name_who_randomised(page: Page) -> None:
    assert "Randomised by: stillwatch." in page.text
    assert "Randomised by: nature." in page.text
    assert "Both nulls have to fall" in page.text


def test_next_steps_depend_on_the_level_and_keep_a_person_in_charge(page: Page) -> None:
    assert "Suspension always needs a person." in page.text
    assert "Do not act on this campaign alone." in page.text
    assert page.text.count("appeal") >= 2


def test_blind_spots_are_named(page: Page) -> None:
    assert "What this scan cannot see" in page.text
    assert "A12: Trace inversion" in page.text
    assert "A21: Bought transcripts" in page.text


def test_accounts_alone_are_ordered_and_leave_out_members_and_the_quiet(page: Page) -> None:
    alone = page.text[page.text.index("Accounts that stand out alone") :]
    assert alone.index("alone-2") < alone.index("alone-1") < alone.index("mute")
    assert "acct-00001" not in alone
    assert "quiet" not in alone


def test_nothing_is_asked_of_the_network(rich: Results, accounts: pa.Table) -> None:
    html = render(rich, accounts)
    assert "://" not in html
    assert not re.search(r"url\(|@import|<(script|link|img|iframe|object|embed|base|form)\b", html)
    assert not re.search(r'\s(style|on\w+|src)="', html)


def test_security_policy_allows_this_style_sheet_alone(rich: Results) -> None:
    html = render(rich)
    style = re.search("<style>(.*)</style>", html, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = Page(html).all("meta")[1]["content"]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_print_and_dark_styles_are_there(rich: Results) -> None:
    html = render(rich)
    assert "@media print" in html
    assert "prefers-color-scheme:dark" in html


def test_same_results_same_bytes(rich: Results, accounts: pa.Table) -> None:
    assert render(rich, accounts) == render(rich, accounts)


def test_order_of_spokes_and_bins_does_not_show(rich: Results) -> None:
    first = rich.campaigns[0]
    turned = dataclasses.replace(first, spokes=first.spokes[::-1], timeline=first.timeline[::-1])
    assert render(dataclasses.replace(rich, campaigns=(turned, *rich.campaigns[1:]))) == render(
        rich
    )


def _hostile(campaign: Campaign) -> Campaign:
    name = HOSTILE
    evidence = tuple(
        dataclasses.replace(one, source=name, why=name) for one in campaign.members[0].evidence
    )
    return dataclasses.replace(
        campaign,
        campaign_id=name,
        tactics=(name,),
        models=(name, "x" * 1_000_000),
        members=(
            dataclasses.replace(campaign.members[0], account_id=name, evidence=evidence),
            dataclasses.replace(campaign.members[1], account_id="\u202e" * 1_000_000),
        ),
        explanations=tuple(
            dataclasses.replace(one, id=name, why=name) for one in campaign.explanations
        ),
        templates=(Template(name, 3, 0.5, text=name),),
        spokes=(Spoke(name, "content", name, name, 2),),
        harvest=tuple(dataclasses.replace(one, detector=name) for one in campaign.harvest),
    )


def test_hostile_text_is_inert(
    build_campaign: Callable[..., Campaign], build_results: Callable[..., Results]
) -> None:
    hostile = build_results(
        _hostile(build_campaign(3)), partial=(HOSTILE,), calibration=HOSTILE, engine=HOSTILE,
        fdr_rule=HOSTILE, selection=HOSTILE,
    )  # fmt: skip
    html = render(hostile)
    page = Page(html)
    assert page.open == []
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "img"})
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on")]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)
    assert "‹U+202E›" in page.text
    assert "‹U+001B›" in page.text
    assert "{{ 7*7 }}" in page.text
    assert "(1,000,000 characters)" in page.text
    assert len(html.encode()) < 200_000


def test_texts_of_templates_show_only_where_present(
    build_campaign: Callable[..., Campaign], build_results: Callable[..., Results]
) -> None:
    without = render(build_results(build_campaign(3)))
    asked = "Write your reasoning first.\nThen answer."
    templates = (Template("ab12", 3, 0.1, text=asked), Template("cd34", 3, 0.0, text=asked))
    shown = render(build_results(build_campaign(3, templates=templates)))
    assert "<blockquote" not in without
    assert "--show-text" in without
    assert shown.count("Write your reasoning first.<br>Then answer.") == 1
    assert "the example above" in shown
    assert "--show-text" not in shown


def test_a_long_or_hostile_example_is_bounded_and_inert(
    build_campaign: Callable[..., Campaign], build_results: Callable[..., Results]
) -> None:
    texts = (HOSTILE, "\n" * 1_000_000, "a\n<b>" * 1_000)
    templates = tuple(Template(f"f{n}", 3, 0.1, text=text) for n, text in enumerate(texts))
    html = render(build_results(build_campaign(3, templates=templates)))
    page = Page(html)
    assert page.open == []
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "img"})
    assert "a<br>&lt;b&gt;a<br>" in html
    assert "‹U+202E›" in page.text
    assert len(html.encode()) < 200_000


def test_five_thousand_members_stay_small(
    build_campaign: Callable[..., Campaign], build_results: Callable[..., Results]
) -> None:
    html = render(build_results(build_campaign(5_000)))
    assert len(html.encode()) < 1_000_000
    assert f"first {MAX_MEMBERS} of 5,000 members are shown" in html
    assert "acct-00099" in html
    assert "accounts.parquet" in html


def test_further_members_are_folded_and_nothing_is_said_twice(
    build_campaign: Callable[..., Campaign], build_results: Callable[..., Results]
) -> None:
    page = Page(render(build_results(build_campaign(60))))
    assert "Members 26 to 60" in page.text
    assert "The first 25 of 60 members are printed" in page.text
    whole = Page(render(build_results(build_campaign(20))))
    assert "Further members" not in whole.text
    assert "are printed" not in whole.text


def test_what_could_explain_a_group_comes_first(
    build_campaign: Callable[..., Campaign], build_results: Callable[..., Results]
) -> None:
    doubts = (
        Explanation("B1", "does_not_explain", "nothing repeats"),
        Explanation("B3", "cannot_tell", "not in the logs"),
        Explanation("B9", "explains", "one address"),
    )
    page = Page(render(build_results(build_campaign(3, explanations=doubts))))
    assert page.text.index("one address") < page.text.index("not in the logs")
    assert page.text.index("not in the logs") < page.text.index("nothing repeats")
    assert "B9 holds" in page.text
    assert "B9 (Shared network: university, company, carrier or VPN) and B3" in page.text


def test_hundreds_of_campaigns_stay_small(
    build_campaign: Callable[..., Campaign], build_results: Callable[..., Results]
) -> None:
    one = build_campaign(120)
    html = render(
        build_results(*(dataclasses.replace(one, campaign_id=f"c-{n}") for n in range(300)))
    )
    assert len(html.encode()) < 9_000_000
    assert html.count('<article class="campaign"') == MAX_CAMPAIGNS
    assert "c-299" in html
    assert f"The first {MAX_CAMPAIGNS} are described below" in html


def test_long_evidence_is_cut_and_said(
    build_campaign: Callable[..., Campaign], build_results: Callable[..., Results]
) -> None:
    many = dataclasses.replace(member(0), evidence=member(0).evidence * 4)
    html = render(build_results(build_campaign(1, members=(many,))))
    assert f"and {12 - MAX_EVIDENCE} more, in campaigns.json" in html


def test_no_campaign_says_what_that_means(build_results: Callable[..., Results]) -> None:
    text = Page(render(build_results())).text
    assert "No campaign found" in text
    assert "43 candidate groups were tested" in text
    assert "What it does not mean: that nobody harvests." in text
    assert "What this scan cannot see" in text


def test_no_candidate_and_no_input_say_so(build_results: Callable[..., Results]) -> None:
    nothing = InputSummary(0, 0, None, None, 3, 0)
    assert "nothing to test" in Page(render(build_results(candidates_tested=0))).text
    empty = Page(render(build_results(inputs=nothing, timeline=(), candidates_tested=0))).text
    assert "No exchange could be read" in empty
    assert "clean bill" in empty


def test_no_abstention_and_whole_run_say_nothing_alarming(
    build_results: Callable[..., Results],
) -> None:
    text = Page(render(build_results(abstained=()))).text
    assert "No unit abstained" in text
    assert "partial" not in text


def test_a_bare_campaign_renders(
    build_campaign: Callable[..., Campaign], build_results: Callable[..., Results]
) -> None:
    bare = build_campaign(
        0, explanations=(), templates=(), tests=(), harvest=(), spokes=(), timeline=(), models=(),
        tactics=(), families=(), reference_groups=0, detected_us=None,
    )  # fmt: skip
    page = Page(render(build_results(bare, timeline=())))
    assert page.open == []
    assert page.all("svg") == []
    assert "Check them by hand" in page.text
