"""taxii2-client against the live server; PostgreSQL where there is one."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

import pg8000.dbapi
import pytest
from sqlalchemy import text
from stix.samples import campaign
from taxii2client.v21 import Collection, Server, as_pages

from stillwatch.sharing.taxii.collections import CAMPAIGNS
from stillwatch.sharing.taxii.tables import METADATA, open_engine
from taxii.forum import Forum, Named

POSTGRESQL = "postgresql+pg8000://postgres@127.0.0.1:5432/test"


@pytest.fixture
def believing(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> Forum:
    """The client signs nothing and can say Basic only: the stand-in takes the name from there."""
    from stillwatch.sharing.taxii.auth import TokenVerifier

    tokens = TokenVerifier(forum.members)
    named = Named.verify

    def verify(self: Named, method: str, uri: str, headers: Mapping[str, str], body: bytes) -> str:
        if "Authorization" in headers:
            return tokens.verify(method, uri, headers, body)
        return named(self, method, uri, headers, body)

    monkeypatch.setattr(Named, "verify", verify)
    return forum


def collection(forum: Forum, root: str = "forum") -> Collection:
    url = f"http://127.0.0.1:{forum.port}/{root}/collections/{CAMPAIGNS.id}/"
    return Collection(url, user="alpha", password=forum.tokens["alpha"])


def test_discovery_and_collections(believing: Forum) -> None:
    url = f"http://127.0.0.1:{believing.port}/taxii2/"
    server = Server(url, user="beta", password=believing.tokens["beta"])
    assert server.title == "stillwatch board"
    assert [root.url.rsplit("/", 2)[1] for root in server.api_roots] == ["forum", "compat"]
    assert len(server.api_roots[0].collections) == 9
    assert all(one.can_read and one.can_write for one in server.api_roots[0].collections)
    assert not any(one.can_write for one in server.default.collections)


def test_posting_and_status(believing: Forum) -> None:
    there = collection(believing)
    status = there.add_objects({"objects": [campaign(), {"type": "campaign"}]})
    assert (status.status, status.success_count, status.failure_count) == ("complete", 1, 1)
    status.refresh()
    assert status.total_count == 2


@pytest.mark.parametrize("count", [3000, pytest.param(100_000, marks=[pytest.mark.slow])])
def test_paging_under_writes(believing: Forum, count: int) -> None:
    batches = [[campaign() for _ in range(500)] for _ in range(count // 500)]
    for batch in batches:
        believing.share(batch)
    stop = threading.Event()
    later: list[str] = []

    def write() -> None:
        while not stop.is_set():
            one = campaign()
            believing.share([one], member="beta")
            later.append(str(one["id"]))

    writer = threading.Thread(target=write)
    writer.start()
    found = [
        one["id"]
        for page in as_pages(collection(believing).get_objects, per_request=500)
        for one in page.get("objects", [])
    ]
    stop.set()
    writer.join()
    expected = [one["id"] for batch in batches for one in batch]
    assert found[: len(expected)] == expected
    assert len(set(found)) == len(found)
    assert set(found[len(expected) :]) <= set(later)
    assert later


@pytest.fixture
def postgresql() -> Iterator[str]:
    try:
        pg8000.dbapi.connect(user="postgres", host="127.0.0.1", database="test", timeout=2).close()
    except Exception as error:  # whatever the driver raises
        pytest.skip(f"no PostgreSQL on 127.0.0.1:5432: {type(error).__name__}")
    schema = "board_test"
    engine = open_engine(POSTGRESQL)
    METADATA.drop_all(engine)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
    engine.dispose()
    yield POSTGRESQL
    engine = open_engine(POSTGRESQL)
    METADATA.drop_all(engine)
    engine.dispose()


def test_the_same_over_postgresql(postgresql: str) -> None:
    with Forum(postgresql) as forum:
        batch = [campaign() for _ in range(1200)]
        forum.share(batch)
        forum.share(batch[:3])
        path = f"collections/{CAMPAIGNS.id}/objects/"
        pages = list(forum.walk(path, "gamma", limit=500))
        assert [one["id"] for page in pages for one in page.json["objects"]] == [
            one["id"] for one in batch
        ]
        gone = str(batch[0]["id"])
        assert forum.request("DELETE", f"/forum/{path}{gone}/").status == 200
        assert forum.get(f"{path}{gone}/").status == 404
        forum.clock.forward(days=400)
        assert forum.objects().json == {}
        assert forum.board.sweep() == 1199
