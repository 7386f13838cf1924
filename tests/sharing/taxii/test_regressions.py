"""The numbered regressions: faults that other TAXII servers and clients had, one test each."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event
from stix.samples import NOW, WITHDRAWAL, campaign, campaign_fields, handling

from stillwatch.sharing.stix import build
from stillwatch.sharing.stix.extensions import Extension
from stillwatch.sharing.stix.tlp import Level
from stillwatch.sharing.taxii import board as board_module
from stillwatch.sharing.taxii.app import MAX_PAGE
from stillwatch.sharing.taxii.collections import CAMPAIGNS, INDICATORS, SIGHTINGS
from taxii.forum import MEMBERS, TAXII, Forum

OBJECTS = f"collections/{CAMPAIGNS.id}/objects/"
MANIFEST = f"collections/{CAMPAIGNS.id}/manifest/"
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
FIRST, LAST = "X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last"


def ids(pages: object) -> list[str]:
    return [one["id"] for page in pages for one in page.json.get("objects", [])]  # type: ignore[attr-defined]


def many(count: int, level: Level = Level.GREEN) -> list[dict[str, object]]:
    return [campaign(level) for _ in range(count)]


def test_01_added_after_is_receipt_time(forum: Forum) -> None:
    forum.clock.now = NOW
    old = campaign(now=NOW - timedelta(days=20))
    forum.share([old])
    after = "2026-11-19T00:00:00Z"  # later than `modified`, before receipt
    assert ids([forum.objects(added_after=after)]) == [old["id"]]
    assert forum.objects(added_after="2026-11-20T12:00:01Z").json == {}


def test_02_one_large_post_pages_without_loss(forum: Forum) -> None:
    posted = many(5000)
    forum.share(posted)
    for limit in (1000, 999, 713, 100):
        assert ids(forum.walk(OBJECTS, limit=limit)) == [one["id"] for one in posted]


def test_02_small_limits_page_without_loss(forum: Forum) -> None:
    batch = many(60)
    posted = [one["id"] for one in batch]
    forum.share(batch)
    for limit in range(1, 62):
        assert ids(forum.walk(OBJECTS, limit=limit)) == posted


def test_03_filters_hold_on_every_page_and_pull(forum: Forum) -> None:
    for _ in range(10):
        forum.share([*many(3), *many(3, Level.AMBER), build.contributor(handling(), NOW)])
    seen = [one for page in forum.walk(OBJECTS, "gamma", limit=4) for one in page.json["objects"]]
    assert len(seen) == 40
    assert not any(Level.AMBER.name in str(one) or "aud-" in str(one) for one in seen)
    pages = list(forum.walk(OBJECTS, "gamma", limit=4, match_type="identity"))
    assert {one["type"] for page in pages for one in page.json["objects"]} == {"identity"}
    after = pages[0].headers[LAST]
    later = list(forum.walk(OBJECTS, "gamma", limit=4, match_type="identity", added_after=after))
    assert ids(later) == ids(pages)[4:]


def test_04_the_cursor_keeps_microseconds(forum: Forum) -> None:
    batch = many(20)  # all within one millisecond
    posted = [one["id"] for one in batch]
    forum.share(batch)
    first = forum.objects(limit=7)
    assert ids([first, forum.objects(added_after=first.headers[LAST])]) == posted


def test_05_date_headers_are_rfc_3339(forum: Forum) -> None:
    one = campaign()
    forum.share([one])
    for path in (OBJECTS, MANIFEST, f"{OBJECTS}{one['id']}/", f"{OBJECTS}{one['id']}/versions/"):
        answer = forum.get(path)
        assert RFC_3339.fullmatch(answer.headers[FIRST]), path
        assert RFC_3339.fullmatch(answer.headers[LAST]), path
    empty = forum.objects(match_type="identity")
    assert (empty.headers[FIRST], empty.headers[LAST]) == (None, None)


@pytest.mark.parametrize("fraction", ["", ".1", ".123", ".123456", ".123456789"])
def test_06_added_after_takes_any_fraction(forum: Forum, fraction: str) -> None:
    forum.share(many(1))
    assert len(ids([forum.objects(added_after=f"2026-01-01T00:00:00{fraction}Z")])) == 1
    assert forum.objects(added_after=f"2026-01-01T00:00:00{fraction}").status == 400


def test_07_match_id_takes_several(forum: Forum) -> None:
    batch = many(5)
    posted = [str(one["id"]) for one in batch]
    forum.share(batch)
    assert ids([forum.objects(match_id=",".join(posted[1:4]))]) == posted[1:4]
    assert ids([forum.manifest(match_id=posted[2])]) == [posted[2]]


def test_08_match_type_takes_one_and_many(forum: Forum) -> None:
    one, other = campaign(), build.contributor(handling(), NOW)
    forum.share([one, other])
    assert ids([forum.objects(match_type="campaign")]) == [one["id"]]
    assert ids([forum.objects(match_type="identity,campaign")]) == [one["id"], other["id"]]
    assert forum.objects(match_type="sighting").json == {}


def test_09_next_with_changed_filters_is_refused(forum: Forum) -> None:
    forum.share(many(5))
    cursor = forum.objects(limit=2, match_type="campaign").json["next"]
    assert forum.objects(limit=1, match_type="campaign", next=cursor).status == 200
    for changed in ({}, {"match_type": "identity"}, {"match_version": "all"}):
        assert forum.objects(next=cursor, **changed).status == 400  # type: ignore[arg-type]
    assert forum.manifest(next=cursor, match_type="campaign").status == 400
    assert forum.objects(SIGHTINGS.id, next=cursor, match_type="campaign").status == 400
    assert forum.objects(member="beta", next=cursor, match_type="campaign").status == 400


def test_10_an_exact_duplicate_is_a_success_without_a_copy(forum: Forum) -> None:
    one = campaign()
    forum.share([one, one])
    forum.share([dict(reversed(one.items()))])  # the order of keys is no content
    assert ids([forum.objects(match_version="all")]) == [one["id"]]
    assert len(forum.log.leaves) == 1


def test_11_a_bare_object_is_unprocessable(forum: Forum) -> None:
    path = f"/forum/{OBJECTS}"
    for body in (b'{"type":"campaign"}', b"[]", b'{"objects":{}}', b'{"objects":[]}', b"7", b""):
        answer = forum.request("POST", path, body=body, headers={"Content-Type": TAXII})
        assert answer.status == 422, body
        assert answer.json["http_status"] == "422"


def test_12_an_internal_error_is_taxii_json(
    forum: Forum, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("planted-secret")

    monkeypatch.setattr(board_module.reading, "read_page", broken)
    answer = forum.objects()
    assert answer.status == 500
    assert answer.headers["Content-Type"] == TAXII
    assert answer.json["http_status"] == "500"
    assert "planted-secret" not in answer.body.decode() + caplog.text


def test_13_http_status_is_a_string(forum: Forum) -> None:
    for answer in (
        forum.objects("nowhere"),
        forum.objects(limit=0),
        forum.request("GET", "/elsewhere/"),
        forum.request("PUT", "/taxii2/"),
        forum.request("GET", "/taxii2/", None),
    ):
        assert answer.json["http_status"] == str(answer.status)
        assert answer.headers["Content-Type"] == TAXII


def test_14_cost_is_flat_in_depth_and_size(forum: Forum) -> None:
    """Counts the database's own steps: a clock would measure the machine."""
    steps = _steps(forum)
    forum.share(many(300))
    small = steps(limit=50)
    for _ in range(3):
        forum.share(many(1500))
    assert steps(limit=50) <= small * 1.2
    pages = list(forum.walk(OBJECTS, limit=50))
    cursor = pages[-3].json["next"]
    assert steps(limit=50, next=cursor) <= small * 1.2
    assert steps(limit=50, added_after=pages[-3].headers[LAST]) <= small * 1.2


def _steps(forum: Forum):  # type: ignore[no-untyped-def]
    counted = [0]

    def connected(connection, _record, _proxy) -> None:  # type: ignore[no-untyped-def]
        def tick() -> int:
            counted[0] += 1
            return 0

        connection.set_progress_handler(tick, 20)

    event.listen(forum.board.engine, "checkout", connected)

    def measure(**params: object) -> int:
        counted[0] = 0
        assert forum.objects(**params).status == 200  # type: ignore[arg-type]
        return counted[0]

    return measure


def test_14_what_is_not_seen_costs_nothing(forum: Forum) -> None:
    steps = _steps(forum)
    forum.share(many(50))
    before = steps(limit=40, member="gamma")
    forum.share(many(2000, Level.RED))
    forum.share(many(50))
    assert steps(limit=40, member="gamma") <= before * 1.2
    assert len(ids(forum.walk(OBJECTS, "gamma"))) == 100


def test_15_an_object_is_stored_once_and_no_query_per_object(forum: Forum) -> None:
    forum.share(many(400))
    statements: list[str] = []
    event.listen(
        forum.board.engine, "before_cursor_execute",
        lambda conn, cursor, statement, *_: statements.append(statement),
    )  # fmt: skip
    few = (forum.objects(limit=1), len(statements))[1]
    statements.clear()
    assert len(ids([forum.objects(limit=400)])) == 400
    assert len(statements) <= few  # the first may have opened a connection
    with forum.board.engine.connect() as connection:
        held = connection.exec_driver_sql("SELECT count(*) FROM objects").scalar()
    assert held == 400  # three members see them, and there are no copies


def test_16_a_large_limit_is_clamped(forum: Forum) -> None:
    forum.share(many(MAX_PAGE + 5))
    answer = forum.objects(limit=10**8)
    assert len(answer.json["objects"]) == MAX_PAGE
    assert answer.json["more"] is True


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5", "", "１"])
def test_16_a_limit_that_is_no_positive_integer_is_refused(forum: Forum, limit: str) -> None:
    assert forum.objects(limit=limit).status == 400


def test_17_a_post_without_content_type_is_415(forum: Forum) -> None:
    body = b'{"objects":[]}'
    for kind in (None, "application/json", "application/stix+json;version=2.1", "text/html",
                 "application/taxii+json;version=2.0"):  # fmt: skip
        answer = forum.request("POST", f"/forum/{OBJECTS}", body=body,
                               headers={"Content-Type": kind})  # fmt: skip
        assert answer.status == 415, kind


def test_18_a_missing_trailing_slash_is_served(forum: Forum) -> None:
    one = campaign()
    forum.share([one])
    for path in ("taxii2", "forum", "forum/collections", f"forum/{OBJECTS}"[:-1],
                 f"forum/{MANIFEST}"[:-1], f"forum/{OBJECTS}{one['id']}"):  # fmt: skip
        with_slash = forum.request("GET", f"/{path}/")
        assert forum.request("GET", f"/{path}").body == with_slash.body
        assert with_slash.status == 200


def test_19_what_is_deleted_or_expired_is_gone_everywhere(forum: Forum) -> None:
    deleted, expired, kept = campaign(), campaign(retain_until=NOW.date()), campaign()
    forum.share([deleted, expired, kept])
    assert forum.request("DELETE", f"/forum/{OBJECTS}{deleted['id']}/", "beta").status == 403
    assert forum.request("DELETE", f"/forum/{OBJECTS}{deleted['id']}/").status == 200
    forum.clock.forward(days=1)
    for purged in (False, True):
        assert ids([forum.objects(match_version="all")]) == [kept["id"]]
        assert ids([forum.manifest(match_version="all")]) == [kept["id"]]
        for gone in (deleted, expired):
            for path in ("", "versions/"):
                assert forum.get(f"{OBJECTS}{gone['id']}/{path}").status == 404
        if not purged:
            assert forum.board.sweep() == 1
    refused = forum.post([deleted]).json["failures"][0]["message"]
    assert refused.startswith("sw.deleted")


def test_20_nothing_is_skipped_while_writers_race_a_reader(forum: Forum) -> None:
    posted: list[str] = []
    done = threading.Event()

    def write(member: str) -> None:
        for _ in range(12):
            batch = many(15)
            forum.share(batch, member=member)
            posted.extend(str(one["id"]) for one in batch)

    def read() -> list[str]:
        found: list[str] = []
        after = "2026-01-01T00:00:00Z"
        while True:
            last = done.is_set()
            pages = list(forum.walk(OBJECTS, "gamma", added_after=after, limit=40))
            found += ids(pages)
            dates = [page.headers[LAST] for page in pages if page.headers[LAST]]
            after = dates[-1] if dates else after
            if last and not dates:
                return found

    with ThreadPoolExecutor(4) as pool:
        reader = pool.submit(read)
        for writer in [pool.submit(write, member) for member in MEMBERS]:
            writer.result()
        done.set()
        found = reader.result()
    assert sorted(found) == sorted(posted)
    assert len(set(found)) == 540


def test_21_rights(forum: Forum) -> None:
    path = f"/forum/collections/{INDICATORS.id}/objects/"

    def verbs() -> tuple[int, int, int]:
        sent = {"Content-Type": TAXII}
        return (
            forum.request("GET", path, "beta").status,
            forum.request("POST", path, "beta", b"{}", sent).status,
            forum.request("GET", f"/forum/collections/{INDICATORS.id}/", "beta").status,
        )

    assert verbs() == (200, 422, 200)
    forum.members.grant("beta", INDICATORS.id, read=False, write=True)
    assert verbs() == (403, 422, 200)
    forum.members.grant("beta", INDICATORS.id, read=True, write=False)
    assert verbs() == (200, 403, 200)
    forum.members.grant("beta", INDICATORS.id, read=False, write=False)
    assert verbs() == (404, 404, 404)
    shown = forum.get("collections/", "beta").json["collections"]
    assert INDICATORS.id not in {one["id"] for one in shown}


def test_22_a_client_that_pages_by_date_ends_and_loses_nothing(forum: Forum) -> None:
    batch = many(50)
    posted = [one["id"] for one in batch]
    forum.share(batch)
    found, after = [], "1970-01-01T00:00:00Z"
    for _ in range(20):
        answer = forum.objects(limit=7, added_after=after)
        found += ids([answer])
        if not answer.json.get("more"):
            break
        after = answer.headers[LAST]
    assert found == posted


def test_versions_of_one_object(forum: Forum) -> None:
    first = campaign()
    second = build.revised(first, NOW + timedelta(hours=1), Extension.CAMPAIGN,
                           campaign_fields(member_state="confirmed"))  # fmt: skip
    third = build.withdrawn(second, NOW + timedelta(hours=2), WITHDRAWAL)
    forum.share([second])
    forum.share([first])  # an older version may come later
    forum.share([third])
    path = f"{OBJECTS}{first['id']}/"
    times = [f"2026-11-20T1{hour}:00:00.000000Z" for hour in (3, 2, 4)]
    assert forum.get(f"{path}versions/").json["versions"] == times
    shown = {
        version: [one["modified"] for one in forum.get(path, match_version=version).json["objects"]]
        for version in ("first", "last", "all", times[0], f"first,{times[0]}")
    }
    times = [one["modified"] for one in (second, first, third)]  # type: ignore[misc]
    assert shown["first"] == [times[1]]
    assert shown["last"] == [times[2]]
    assert shown["all"] == times
    assert list(shown.values())[3:] == [[times[0]], times[:2]]
    assert len(ids([forum.objects()])) == 1
    assert forum.get(path, match_spec_version="2.0").json == {}
    late = build.revised(first, NOW + timedelta(hours=3), Extension.CAMPAIGN, campaign_fields())
    assert "sw.revoked" in forum.post([late]).json["failures"][0]["message"]
