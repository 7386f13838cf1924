"""The private plane: oblivious lookups, matching at home, template sketches.

Run: python -m benchmarks private_plane
Data: random identifiers, tags and prompts. Rates are per second of processor time, all threads.
The service answers over loopback, with quota, proof and a leaf of the real log for each batch of
1,000, and verifies a real signature; the client that drives it only repeats a prepared body, and
is charged to the service. The whole lookup asks 100,000 accounts of 10^6 tags in wall-clock time,
service included, both on one machine; its bytes are the bodies that crossed the wire.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import numpy as np
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from datasketch import MinHash

from benchmarks._measure import Row, cpu_seconds, show
from stillwatch.sharing.ledger.log import Log
from stillwatch.sharing.ledger.notes import NoteSigner
from stillwatch.sharing.private import voprf
from stillwatch.sharing.private.answers import Members
from stillwatch.sharing.private.client import Lookups, Remote
from stillwatch.sharing.private.commit_open import commit
from stillwatch.sharing.private.epochs import EpochKeys
from stillwatch.sharing.private.framing import MEDIA_TYPE, Answer, Purpose, Request
from stillwatch.sharing.private.id_types import DAY_SECONDS, Epoch, IdType
from stillwatch.sharing.private.identifiers import Identifier, Normaliser
from stillwatch.sharing.private.keyholder import KeyHolder
from stillwatch.sharing.private.mirror import light_search, pull_index
from stillwatch.sharing.private.node_store import NodeStore
from stillwatch.sharing.private.quotas import Quotas
from stillwatch.sharing.private.records import SEALED_BYTES, TAG_BYTES
from stillwatch.sharing.private.rows import ROW, TAG, Rows, TagIndex
from stillwatch.sharing.private.templates import shingles, sketch_of
from stillwatch.sharing.wire.requests import SignedRequests
from stillwatch.sharing.wire.signatures import SigningKey, sign_request

BATCH = 1000
BATCHES = 20
ACCOUNTS = 100_000
TAGS = 1_000_000
MANY_TAGS = 10_000_000
QUERIES = 100_000
PROMPTS = 2000
WORDS = 65  # about 400 bytes
KEY = SigningKey("benchmark", Ed25519PrivateKey.generate())
NO_LIMIT = dict.fromkeys(IdType, 2**40)


class OneKey:
    """A register that holds one member."""

    def signer(self, keyid: str) -> tuple[str, Ed25519PublicKey]:
        """Return the member and its key."""
        assert keyid == KEY.keyid
        return "urn:member:benchmark", KEY.private.public_key()


@dataclass
class Board:
    """Rows of one epoch in memory; counts what it sends."""

    epoch: Epoch
    all_rows: Rows
    sent: int = field(default=0)

    async def rows(self, epoch: Epoch, after_seq: int) -> bytes:
        """Return rows after a number."""
        return self._sent(epoch, self.all_rows[after_seq : after_seq + 16_384])

    async def tags(self, epoch: Epoch, first_place: int) -> bytes:
        """Return tags from a place on."""
        return self._sent(epoch, self.all_rows["tag"][first_place : first_place + 16_384])

    async def page(self, epoch: Epoch, number: int) -> bytes:
        """Return one page."""
        return self._sent(epoch, self.all_rows[256 * number : 256 * number + 256])

    def _sent(self, epoch: Epoch, rows: Rows) -> bytes:
        assert epoch == self.epoch
        self.sent += rows.nbytes
        return rows.tobytes()


def email_of(number: int) -> Identifier:
    return NORMALISER.identifier("email", f"user.{number}@mail-{number % 50}.example.org")


NORMALISER = Normaliser()


def raw(batches: int) -> list[Row]:
    """Both sides of the function alone: no network, one process."""
    holder = voprf.PackagedEvaluator(secrets.token_bytes(32), b"benchmark")
    inputs = [email_of(i).x for i in range(BATCH)]
    hidden = [voprf.blind(x) for x in inputs]
    elements = [one.element for one in hidden]
    answer = holder.evaluate(elements)
    answers = [answer[32 * i : 32 * i + 32] for i in range(BATCH)]

    def finalise() -> None:
        voprf.verify(holder.public_key, elements, answers, answer[-64:])
        for one, evaluated in zip(hidden, answers, strict=True):
            voprf.finalise(one, evaluated)

    evaluate, _ = cpu_seconds(lambda: holder.evaluate(elements), min(batches, 5))
    blinding, _ = cpu_seconds(lambda: [voprf.blind(x) for x in inputs], min(batches, 5))
    finalising, _ = cpu_seconds(finalise, min(batches, 5))
    committed, _ = cpu_seconds(lambda: commit(inputs), min(batches, 3))
    return [
        Row("key holder: evaluate and prove", BATCH / evaluate, "/s"),
        Row("member: blind", BATCH / blinding, "/s", 4000, at_least=True),
        Row("member: verify and finalise", BATCH / finalising, "/s", 4000, at_least=True),
        Row("member: all of it", BATCH / (committed + finalising), "/s"),
    ]


async def with_service(work: Callable[[aiohttp.ClientSession, str, Log], Awaitable[None]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = Log(folder / "log", NoteSigner("benchmark", Ed25519PrivateKey.generate()))
        keys = EpochKeys(folder / "keys", log, time.time)
        quotas = Quotas(folder / "quotas.sqlite", time.time, NO_LIMIT)
        members = Members(SignedRequests(OneKey(), time.time), "http://benchmark")
        holder = KeyHolder(keys, quotas, log, members, lambda _: bytes(16))
        async with TestServer(holder.application()) as server, aiohttp.ClientSession() as session:
            await work(session, str(server.make_url("")).rstrip("/"), log)
        quotas.close()
        log.close()


def sign(_: str, uri: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
    path = uri[uri.index("/v1") :]
    return sign_request(KEY, "POST", f"http://benchmark{path}", headers, body, int(time.time()))


async def service(batches: int, rows: list[Row]) -> None:
    """Measure the service; every batch is answered, logged and proved."""
    epoch = Epoch.at(IdType.EMAIL, time.time())
    made = commit([email_of(i).x for i in range(BATCH)])
    elements = [one.element for one in made.blinded]
    body = Request(epoch, Purpose.CONTROL, made.root, elements).encode()

    async def one(session: aiohttp.ClientSession, uri: str) -> bytes:
        headers = {"Content-Type": MEDIA_TYPE}
        headers |= sign("POST", f"{uri}/v1/evaluate", headers, body)
        async with session.post(f"{uri}/v1/evaluate", data=body, headers=headers) as response:
            assert response.status == 200, await response.text()
            return await response.read()

    async def work(session: aiohttp.ClientSession, uri: str, log: Log) -> None:
        before = log.size
        start, wall = time.process_time(), time.perf_counter()
        answers = await asyncio.gather(*(one(session, uri) for _ in range(batches)))
        used, lasted = time.process_time() - start, time.perf_counter() - wall
        assert log.size == before + batches
        assert all(len(Answer.decode(answer, 1024).elements) == 1024 for answer in answers)
        count = BATCH * batches
        rows.append(Row("service, batches of 1,000", count / used, "/s", 8000, at_least=True))
        rows.append(Row("service, wall clock", count / lasted, "/s"))

    await with_service(work)


async def whole_lookup(accounts: int, tags: int, rows: list[Row]) -> None:
    """Ask about accounts of which one in a thousand has a tag on the board."""
    epoch = Epoch.at(IdType.EMAIL, time.time())
    until = int(time.time()) // DAY_SECONDS + 30

    async def work(session: aiohttp.ClientSession, uri: str, _: Log) -> None:
        class Counted(Remote):
            sent = 0

            async def evaluate(self, request: Request) -> Answer:
                answer = await super().evaluate(request)
                Counted.sent += 64 * len(request.elements) + 126
                return answer

        async with session.get(
            f"{uri}/v1/keys",
            headers=sign_request(KEY, "GET", "http://benchmark/v1/keys", {}, b"", int(time.time())),
        ) as response:
            listed = {(k["type"], k["epoch"]): k for k in (await response.json())["keys"]}
        public_key = bytes.fromhex(listed["email", epoch.number]["public_key"])
        with tempfile.TemporaryDirectory() as name:
            store = NodeStore(Path(name) / "node.sqlite")
            lookups = Lookups(Counted(session, uri, sign), lambda _: public_key, store)
            known = await lookups.tag_keys(
                [email_of(i) for i in range(0, accounts, 1000)], epoch, Purpose.CONTROL, until
            )
            board = board_of(tags, [key.tag for key in known])
            Counted.sent = 0
            start, used = time.perf_counter(), time.process_time()
            index = await pull_index(board, epoch)
            mine = [email_of(accounts + 1 + i) for i in range(accounts - len(known))]
            mine += [email_of(i) for i in range(0, accounts, 1000)]
            keys = await lookups.tag_keys(mine, epoch, Purpose.CONFIRMED_CLUSTER, until)
            places = index.find([key.tag for key in keys])
            seconds, used = time.perf_counter() - start, time.process_time() - used
            assert sum(map(bool, places)) == len(known)
            await light_search(board, index, keys[:1], epoch, time.time())
            store.close()
        rows.append(Row(f"{accounts:,} accounts against {tags:,} tags", seconds, "s", 40))
        rows.append(Row("processor time of it, both sides", used, "s"))
        rows.append(Row("bytes of it, eight pages included", (Counted.sent + board.sent) / 1e6,
                        "MB", 25))  # fmt: skip

    await with_service(work)


def board_of(count: int, tags: list[bytes]) -> Board:
    rows = np.zeros(count, dtype=ROW)
    rows["tag"] = random_tags(count)
    places = np.random.default_rng(3).choice(count, len(tags), replace=False)
    for place, tag in zip(places, tags, strict=True):
        rows["tag"][place] = np.void(tag)
    epoch = Epoch.at(IdType.EMAIL, time.time())
    rows["type"], rows["epoch"] = epoch.id_type.code, epoch.number
    rows["seq"] = np.arange(1, count + 1)
    assert ROW["ciphertext"].itemsize == SEALED_BYTES
    return Board(epoch, rows)


def random_tags(count: int) -> Rows:
    rng = np.random.default_rng(count)
    return np.frombuffer(rng.bytes(TAG_BYTES * count), dtype=TAG)


def matching(count: int, queries: int) -> list[Row]:
    tags = random_tags(count)
    built, index = cpu_seconds(lambda: TagIndex(tags), 1)
    chosen = np.random.default_rng(4).integers(0, count, queries // 2)
    wanted = [tags[at].tobytes() for at in chosen]
    wanted += [secrets.token_bytes(TAG_BYTES) for _ in range(queries - len(wanted))]
    alone, _ = cpu_seconds(lambda: [index.find([tag]) for tag in wanted[:2000]], 2)
    together, places = cpu_seconds(lambda: index.find(wanted), 3)
    assert sum(map(bool, places)) == queries // 2
    one = min(2000, len(wanted)) / alone
    return [
        Row(f"index of {count:,} tags", built, "s"),
        Row("tag match, one by one", one, "/s", 4000, at_least=True),
        Row("tag match, together", queries / together, "/s", 4000, at_least=True),
    ]


def templates(count: int) -> list[Row]:
    rng = np.random.default_rng(5)
    letters = rng.integers(97, 123, (count * WORDS, 5), dtype=np.uint8).tobytes().decode()
    words = [letters[i : i + 5] for i in range(0, len(letters), 5)]
    texts = [" ".join(words[i : i + WORDS]) for i in range(0, len(words), WORDS)]

    def theirs(text: str) -> MinHash:
        made = MinHash(num_perm=128, seed=1)
        parts = text.encode().split()
        made.update_batch({b" ".join(p) for p in zip(parts, parts[1:], parts[2:], strict=False)})
        return made

    assert len(shingles(texts[0])) == WORDS - 2
    ours, _ = cpu_seconds(lambda: [sketch_of(text) for text in texts], 3)
    few = texts[: max(20, count // 10)]
    reference, _ = cpu_seconds(lambda: [theirs(text) for text in few], 3)
    mine, other = count / ours, len(few) / reference
    return [
        Row("template sketch, text to 128 rows", mine, "/s", 3000, at_least=True),
        Row("datasketch, text to 128 rows", other, "/s"),
    ]


def main(out: Path, size: float = 1.0) -> None:
    batches = max(2, int(BATCHES * size))
    rows = raw(batches)
    asyncio.run(service(batches, rows))
    asyncio.run(whole_lookup(max(1000, int(ACCOUNTS * size)), max(4096, int(TAGS * size)), rows))
    rows += matching(max(10_000, int(MANY_TAGS * size)), max(200, int(QUERIES * size)))
    rows += templates(max(100, int(PROMPTS * size)))
    show("private_plane", rows, out)
