"""Property tests of every parser that a client reaches, and of the small parts."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import SharingRefused
from stillwatch.sharing.stix.strict_json import parse as parse_json
from stillwatch.sharing.taxii import members as members_module
from stillwatch.sharing.taxii.collections import CAMPAIGNS
from stillwatch.sharing.taxii.doorbell import Doorbell
from stillwatch.sharing.taxii.errors import CODES, Answer
from stillwatch.sharing.taxii.filters import ALLOWED, parse
from stillwatch.sharing.taxii.media import TAXII, accepts, is_taxii
from stillwatch.sharing.taxii.quota import Quota
from stillwatch.sharing.taxii.times import parsed, written
from stillwatch.sharing.taxii.visibility import FIRST_AUDIENCE, SCOPE_GREEN
from taxii.forum import Clock, Forum

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda one: st.lists(one) | st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), one
    ),
)  # fmt: skip


@given(PLAIN)
def test_clean_json_is_read_as_it_is(content: object) -> None:
    assert parse_json(json.dumps(content).encode()) == content


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    codes = []
    try:
        parse_json(body)
    except SharingRefused as refused:
        codes.append(refused.code)
    assert all(code.startswith("sw.json.") for code in codes)


@given(st.integers(0, 253_402_300_799_999_999))
def test_times_come_back(micros: int) -> None:
    assert parsed(written(micros)) == micros


@given(st.text())
def test_any_text_is_a_time_or_none(text: str) -> None:
    assert parsed(text) is None or text.endswith("Z")


@given(st.text(), st.text())
def test_any_header_is_judged(accept: str, kind: str) -> None:
    assert accepts(accept) in {True, False}
    assert is_taxii(kind) in {True, False}
    assert accepts(f"{accept},{TAXII}") or len(accept) > 900


names = st.sampled_from(sorted(set().union(*ALLOWED.values()))) | st.text()


@given(st.sampled_from(sorted(ALLOWED)), st.lists(st.tuples(names, st.text())))
def test_any_query_is_read_or_refused(endpoint: str, query: list[tuple[str, str]]) -> None:
    statuses = []
    try:
        parse(endpoint, query)
    except Answer as answer:
        statuses.append(answer.status)
    assert set(statuses) <= {400}


def test_the_list_of_codes_is_what_the_sources_name() -> None:
    folder = Path(members_module.__file__).parents[1]
    named = {
        code
        for part in ("stix", "governance", "taxii")
        for path in (folder / part).glob("*.py")
        if path.name != "errors.py"
        for code in re.findall(r'"(sw\.[a-z0-9_.]+)"', path.read_text("utf-8"))
    }
    assert named | {"sw.not_found"} == CODES


def test_a_quota_refills() -> None:
    clock = Clock()
    quota = Quota(100, clock)
    quota.spend("a", 100)
    with pytest.raises(Answer) as refused:
        quota.spend("a", 50)
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1800"})
    quota.spend("b", 100)
    clock.forward(seconds=1800)
    quota.spend("a", 50)


def test_the_doorbell_rings_for_those_who_see(forum: Forum) -> None:
    rung: list[tuple[str, object]] = []

    async def heard(request: web.Request) -> web.Response:
        rung.append((request.path, await request.json()))
        return web.Response()

    async def ring() -> None:
        app = web.Application()
        app.router.add_post("/{member}", heard)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        for member in ("one", "two"):
            forum.members.add(member, f"http://127.0.0.1:{port}/{member}")
        forum.members.add("deaf", "http://127.0.0.1:1/")
        forum.members.set_audience("aud-00000000000000aa", ["one"])
        bell = Doorbell(forum.members)
        for scope in (FIRST_AUDIENCE, SCOPE_GREEN):
            bell.ring(CAMPAIGNS.id, frozenset({scope}))
            await bell.settle()
        bell.ring(CAMPAIGNS.id, frozenset())
        await bell.settle()
        await runner.cleanup()

    asyncio.run(ring())
    assert sorted(rung, key=str) == [
        ("/one", {"collection": CAMPAIGNS.id, "seq": 1}),
        ("/one", {"collection": CAMPAIGNS.id, "seq": 2}),
        ("/two", {"collection": CAMPAIGNS.id, "seq": 1}),
    ]
