"""The board: objects taken a second as it fills, pages at any depth, requests a second.

Run: python -m benchmarks board
Each batch is 500 GREEN campaigns in one POST over loopback, validated, logged to a stand-in and on
disk (SQLite, WAL, synchronous FULL) before it is answered. Members show tokens; signatures are
measured elsewhere.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import statistics
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

import numpy as np

from benchmarks._measure import Row, show
from stillwatch.sharing.stix.build import Handling, campaign
from stillwatch.sharing.stix.tlp import Level
from stillwatch.sharing.taxii.collections import CAMPAIGNS
from stillwatch.sharing.taxii.folder import init, now, service_of
from stillwatch.sharing.taxii.media import TAXII
from stillwatch.sharing.taxii.serving import serve

OBJECTS = 100_000
BATCH = 500
REQUESTS = 400
PATH = f"/forum/collections/{CAMPAIGNS.id}/objects/"


def main(out: Path, size: float = 1.0) -> None:
    batches = max(4, int(OBJECTS * size) // BATCH)
    requests = max(20, int(REQUESTS * min(1.0, size)))
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "board"
        init(folder)
        service = service_of(folder)
        token = service.members.add("bench")
        login = base64.b64encode(f"bench:{token}".encode()).decode()
        loop, stop, port = asyncio.new_event_loop(), asyncio.Event(), []
        bound = threading.Event()

        def ready(number: int) -> None:
            port.append(number)
            bound.set()

        thread = threading.Thread(
            target=lambda: loop.run_until_complete(serve(service, "127.0.0.1", 0, ready, stop))
        )
        thread.start()
        bound.wait()
        client = http.client.HTTPConnection("127.0.0.1", port[0], timeout=60)
        headers = {"Authorization": f"Basic {login}", "Content-Type": TAXII, "Accept": TAXII}
        rates = _ingest(client, headers, batches)
        shallow, deep = _pages(client, headers, batches * BATCH, requests)
        client.close()
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
    tenth = max(1, len(rates) // 10)
    first, last = statistics.median(rates[:tenth]), statistics.median(rates[-tenth:])
    held = batches * BATCH
    show(
        "board",
        [
            Row(f"ingest, first tenth of {held:,}", first, "objects/s", 5000, at_least=True),
            Row(f"ingest, last tenth of {held:,}", last, "objects/s", 5000, at_least=True),
            Row("ingest, last tenth beside the first", last / first, "x", 0.8, at_least=True),
            Row("GET limit=100, first pages, p95", _p95(shallow), "ms", 25),
            Row("GET limit=100, deep pages, p95", _p95(deep), "ms", 25),
            Row("GET limit=100, one client", 1000 / statistics.mean(deep), "requests/s", 500,
                at_least=True),
        ],
        out,
    )  # fmt: skip


def _p95(milliseconds: list[float]) -> float:
    return float(np.percentile(milliseconds, 95))


def _ingest(
    client: http.client.HTTPConnection, headers: dict[str, str], batches: int
) -> list[float]:
    handling = Handling(Level.GREEN, "lb-trial", "detect", date(now().year + 1, 1, 1))
    week = "{}-W{:02}".format(*now().isocalendar()[:2])
    fields = {
        "tactic_ids": ["A1", "A5"], "account_band": "1ks", "first_week": week, "last_week": week,
        "link_families": ["template", "payment"], "member_state": "confirmed",
    }  # fmt: skip
    rates = []
    for _ in range(batches):
        body = json.dumps({"objects": [campaign(handling, now(), fields) for _ in range(BATCH)]})
        start = time.perf_counter()
        client.request("POST", PATH, body.encode(), headers)
        answer = client.getresponse()
        status = json.loads(answer.read())
        rates.append(BATCH / (time.perf_counter() - start))
        assert status["success_count"] == BATCH, status
    return rates


def _pages(
    client: http.client.HTTPConnection, headers: dict[str, str], held: int, requests: int
) -> tuple[list[float], list[float]]:
    def get(query: str) -> tuple[float, dict[str, object]]:
        start = time.perf_counter()
        client.request("GET", f"{PATH}?{query}", headers=headers)
        body = client.getresponse().read()
        return 1000 * (time.perf_counter() - start), json.loads(body)

    shallow = [get("limit=100")[0] for _ in range(requests)]
    query, content = "limit=1000", get("limit=1000")[1]
    for _ in range(max(0, int(0.9 * held / 1000) - 1)):
        query = f"limit=100&next={content['next']}"
        content = get(f"limit=1000&next={content['next']}")[1]
    return shallow, [get(query)[0] for _ in range(requests)]
