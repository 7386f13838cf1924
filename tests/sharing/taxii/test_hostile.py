"""Hostile input, each kind sent; planted values are searched for in answers and logs."""

from __future__ import annotations

import base64
import http.client
import json

import pytest
from stix.samples import NOW, STANCE, appeal_fields, campaign, handling

from stillwatch.sharing.stix import build
from stillwatch.sharing.stix.tlp import Level
from stillwatch.sharing.taxii.app import MAX_CONTENT_BYTES
from stillwatch.sharing.taxii.collections import APPEALS, CAMPAIGNS, OPINIONS, PUBLIC, SIGHTINGS
from stillwatch.sharing.taxii.errors import CODES
from stillwatch.sharing.taxii.filters import ALLOWED
from stillwatch.sharing.taxii.ingest import digest_of
from taxii.forum import TAXII, Forum

PATH = f"/forum/collections/{CAMPAIGNS.id}/objects/"
PLANTED = "planted-7f3a"


def send(forum: Forum, body: bytes, **headers: str):  # type: ignore[no-untyped-def]
    return forum.request("POST", PATH, body=body, headers={"Content-Type": TAXII, **headers})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"objects":[{"a":1,"a":2}]}', "sw.json.duplicate"),
        (b'{"objects":[],"objects":[{}]}', "sw.json.duplicate"),
        (b'{"objects":[1.5]}', "sw.json.float"),
        (b'{"objects":[1e3]}', "sw.json.float"),
        (b'{"objects":[NaN]}', "sw.json.float"),
        (b'{"objects":[-Infinity]}', "sw.json.float"),
        (b'{"objects":[9007199254740993]}', "sw.json.integer"),
        (b'{"objects":[' + b"9" * 100_000 + b"]}", "sw.json.integer"),
        (b'{"objects":' + b"[" * 10**6 + b"]" * 10**6 + b"}", "sw.json.depth"),
        (b'{"a":' * 10**5 + b"1" + b"}" * 10**5, "sw.json.depth"),
        (b'{"objects":["\xff"]}', "sw.json.utf8"),
        (b'{"objects":[' + PLANTED.encode(), "sw.json.syntax"),
        (b"\xef\xbb\xbf{}", "sw.json.syntax"),
        (json.dumps({"objects": [{}], "more": True}).encode(), "sw.envelope"),
        (json.dumps({"objects": [{}] * 10_001}).encode(), "sw.envelope"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_body_that_is_not_clean_json(
    forum: Forum, body: bytes, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = send(forum, body)
    assert (answer.status, answer.json["error_code"]) == (422, code)
    assert PLANTED not in answer.body.decode() + caplog.text


def test_a_vast_body_is_413(forum: Forum) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", forum.port, timeout=30)
    connection.putrequest("POST", PATH)
    connection.putheader("Content-Type", TAXII)
    connection.putheader("X-Member", "alpha")
    connection.putheader("Content-Length", str(100 * 2**20))
    connection.endheaders()
    answer = connection.getresponse()  # before a byte of the body was sent
    assert (answer.status, json.loads(answer.read())["http_status"]) == (413, "413")
    connection.close()


def test_a_vast_body_without_a_length_is_413(forum: Forum) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", forum.port, timeout=30)
    chunks = (b" " * 2**20 for _ in range(MAX_CONTENT_BYTES // 2**20 + 1))
    headers = {"Content-Type": TAXII, "X-Member": "alpha"}
    connection.request("POST", PATH, chunks, headers, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize(
    "stix", [None, 7, "x", [], {}, {"type": "campaign"}, {"id": PLANTED, "type": PLANTED},
             {"type": "bundle", "objects": []}, {"\ud800": "\ud800", "type": "campaign"}],
)  # fmt: skip
def test_things_that_are_no_object_fail_alone(
    forum: Forum, stix: object, caplog: pytest.LogCaptureFixture
) -> None:
    good = campaign()
    answer = forum.post([stix, good])
    assert answer.status == 202
    counts = {key: answer.json[f"{key}_count"] for key in ("total", "success", "failure")}
    assert counts == {"total": 2, "success": 1, "failure": 1}
    code = answer.json["failures"][0]["message"].partition(":")[0]
    assert code in CODES
    assert PLANTED not in answer.body.decode() + caplog.text


@pytest.mark.parametrize("cursor", ["", "x", "é", "A" * 72, "A" * 71, "A" * 7000, "=" * 80])
def test_a_forged_cursor_is_refused(forum: Forum, cursor: str) -> None:
    forum.share([campaign(), campaign()])
    answer = forum.objects(next=cursor)
    assert (answer.status, answer.json["error_code"]) == (400, "sw.query.cursor")


def test_an_overlong_line_is_not_logged(forum: Forum, caplog: pytest.LogCaptureFixture) -> None:
    assert forum.objects(next=PLANTED * 1000).status == 400
    assert PLANTED not in caplog.text


def test_every_bit_of_a_cursor_counts(forum: Forum) -> None:
    forum.share([campaign() for _ in range(3)])
    cursor = forum.objects(limit=1).json["next"]
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for place in range(len(raw)):
        changed = bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]])
        forged = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
        assert forum.objects(limit=1, next=forged).status == 400
    forum.clock.forward(hours=25)
    assert forum.objects(limit=1, next=cursor).status == 400


def test_a_cursor_tells_nothing(forum: Forum) -> None:
    """Sequence numbers would tell how much there is that one does not see."""
    forum.share([campaign(), campaign(Level.RED), campaign()])
    cursor = forum.objects(member="gamma", limit=1).json["next"]
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert (3).to_bytes(8, "big") not in raw


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (TAXII, 200), ("application/taxii+json", 200), ("application/taxii+json; version=2.1", 200),
        ("*/*", 200), ("application/*", 200), (None, 200),
        ("text/html, application/taxii+json;version=2.1;q=0.5", 200),
        ('application/taxii+json;version="2.1"', 200),
        ("application/taxii+json;version=2.0", 406), ("application/json", 406), ("text/*", 406),
        ("application/taxii+json;version=2.1;q=0", 406), ("", 406), (";;;,,,", 406),
        ("*/*, application/taxii+json;q=0", 406), ("*/*;q=nan", 406), ("a" * 5000, 406),
    ],
)  # fmt: skip
def test_accept(forum: Forum, accept: str | None, status: int) -> None:
    answer = forum.request("GET", "/taxii2/", headers={"Accept": accept})
    assert answer.status == status
    assert answer.headers["Content-Type"] == TAXII


@pytest.mark.parametrize(
    "query",
    ["limit=1&limit=2", "unknown=1", "match[id]=", "match[id]=a,,b", "match[version]=newest",
     "added_after=yesterday", "added_after=2026-02-30T00:00:00Z", "match[spec_version]=x",
     "match[type]=%00", "match[id]=" + ",".join(["a"] * 101)],
)  # fmt: skip
def test_a_query_that_cannot_be_heeded(forum: Forum, query: str) -> None:
    assert forum.request("GET", f"{PATH}?{query}").status == 400


def test_each_endpoint_heeds_its_own_parameters(forum: Forum) -> None:
    one = campaign()
    forum.share([one])
    place = f"/forum/collections/{CAMPAIGNS.id}"
    paths = {"objects": f"{place}/objects/", "manifest": f"{place}/manifest/",
             "object": f"{place}/objects/{one['id']}/",
             "versions": f"{place}/objects/{one['id']}/versions/"}  # fmt: skip
    values = {"added_after": "2026-01-01T00:00:00Z", "limit": "1", "match[id]": str(one["id"]),
              "match[type]": "campaign", "match[version]": "all",
              "match[spec_version]": "2.1"}  # fmt: skip
    for endpoint, path in paths.items():
        for name, value in values.items():
            expected = 200 if name in ALLOWED[endpoint] else 400
            assert forum.request("GET", f"{path}?{name}={value}").status == expected


def test_absent_and_invisible_answer_alike(forum: Forum) -> None:
    hidden, absent = campaign(Level.AMBER), campaign(Level.AMBER)
    forum.share([hidden])
    status = forum.post([campaign()]).json["id"]
    for path in ("objects/{}/", "objects/{}/versions/"):
        for verb in ("GET", "DELETE") if path.endswith("{}/") else ("GET",):
            answers = [
                forum.request(
                    verb, f"/forum/collections/{CAMPAIGNS.id}/{path.format(one['id'])}", "gamma"
                )
                for one in (hidden, absent)
            ]
            assert [one.status for one in answers] == [404, 404]
            assert answers[0].body == answers[1].body
            assert sorted(answers[0].headers) == sorted(answers[1].headers)
    assert forum.get(f"status/{status}/").status == 200
    other = forum.get(f"status/{status}/", "gamma")
    assert (other.status, other.body) == (404, forum.get("status/none/", "gamma").body)
    messages = [
        forum.post([build.sighting(handling(), NOW, str(one["id"]))], SIGHTINGS.id, "gamma").json[
            "failures"
        ][0]["message"]
        for one in (hidden, absent)
    ]
    assert messages == ["sw.ref.unknown: a target is not held"] * 2


def test_an_id_in_use_out_of_sight_is_not_told(forum: Forum) -> None:
    hidden = campaign(Level.AMBER)
    forum.share([hidden])
    forum.share([{**campaign(), "id": hidden["id"]}], member="gamma")
    seen = forum.objects(member="gamma").json["objects"]
    assert [one["id"] for one in seen] == [hidden["id"]]
    taken = forum.post([{**campaign(), "id": hidden["id"]}], member="beta").json
    assert "sw.author.not_yours" in taken["failures"][0]["message"]


def test_targets_bind_the_marking(forum: Forum) -> None:
    target = campaign(Level.AMBER)
    forum.share([target])
    id_ = [str(target["id"])]
    for level in (Level.GREEN, Level.AMBER, Level.RED):
        answer = forum.post([build.opinion(handling(level), NOW, id_, STANCE)], OPINIONS.id).json
        assert answer["failure_count"] == (level < Level.AMBER)
    forum.members.set_audience("aud-00000000000000bb", ["alpha"])
    how = handling(Level.AMBER, "aud-00000000000000bb")
    note = build.appeal_note(how, NOW, id_, appeal_fields())
    assert "sw.tlp.target" in forum.post([note], APPEALS.id).json["failures"][0]["message"]


def test_clear_needs_two_persons(forum: Forum) -> None:
    one = campaign(Level.CLEAR)
    for person in ("ann", "ann", "bob"):
        assert "sw.tlp.approval" in forum.post([one], PUBLIC.id).json["failures"][0]["message"]
        forum.members.approve(digest_of(one), person)
    forum.share([one], PUBLIC.id)


def test_the_board_alone_says_who_and_in_what_state(forum: Forum) -> None:
    forum.share([one := campaign()])
    forum.share([build.sighting(handling(), NOW, str(one["id"]))], SIGHTINGS.id)
    forum.share([build.sighting(handling(), NOW, str(one["id"]))], SIGHTINGS.id, "beta")
    forum.share([other := campaign()])
    found = {
        str(stix["id"]): json.dumps(stix)
        for collection in (CAMPAIGNS.id, SIGHTINGS.id)
        for stix in forum.objects(collection, "gamma").json["objects"]
    }
    who = {id_: text.partition('"contributor": "')[2][:46] for id_, text in found.items()}
    assert who[str(one["id"])] != who[str(other["id"])]  # unlinkable across campaigns
    assert sorted(list(who.values()).count(name) for name in who.values()) == [1, 1, 2, 2]
    assert all("single-source" in text for text in found.values() if "board_state" in text)
    assert "alpha" not in "".join(found.values())


def test_a_new_state_is_met_by_the_next_pull(forum: Forum) -> None:
    forum.share([one := campaign(), campaign()])
    after = forum.objects().headers["X-TAXII-Date-Added-Last"]
    assert forum.board.set_state(str(one["id"]), "corroborated") == 1
    assert forum.board.set_state("campaign--none", "corroborated") == 0
    (found,) = forum.objects(added_after=after).json["objects"]
    assert found["id"] == one["id"]
    assert '"board_state": "corroborated"' in json.dumps(found)
    assert len(forum.objects(match_version="all").json["objects"]) == 2
    forum.share([one])  # still the same version, still a duplicate


def test_a_failed_log_stores_nothing(forum: Forum) -> None:
    forum.log.broken = True
    one = campaign()
    answer = forum.post([one])
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert forum.objects().json == {}
    forum.log.broken = False
    forum.share([one])


def test_basic_reaches_no_amber_and_writes_nothing(forum: Forum) -> None:
    forum.share([green := campaign(), campaign(Level.AMBER)])
    headers = {"Authorization": forum.basic("beta"), "X-Member": None, "Content-Type": TAXII}
    path = PATH.replace("/forum/", "/compat/")
    found = forum.request("GET", path, headers=headers)
    assert [one["id"] for one in found.json["objects"]] == [green["id"]]
    assert forum.request("POST", path, body=b"{}", headers=headers).status == 403
    for wrong in ("Basic " + base64.b64encode(b"beta:x").decode(), "Basic !", "Bearer x", ""):
        answer = forum.request("GET", path, headers={"Authorization": wrong})
        assert (answer.status, answer.json["error_code"]) == (401, "sw.unauthorised")
    assert forum.request("GET", PATH, None, headers=headers).status == 401
    forum.members.revoke("beta")
    assert forum.request("GET", path, headers=headers).status == 401
    assert forum.request("GET", PATH, "beta").status == 401
