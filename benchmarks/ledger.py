"""The transparency log and the signatures of the forum, with pymerkle beside in the same run.

Run: python -m benchmarks ledger
Gate: the log verifies from its files alone, and pymerkle computes the same root and audit paths.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pymerkle import InmemoryTree

from benchmarks._measure import Row, show
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.ledger import tree
from stillwatch.sharing.ledger.audit import verify_log
from stillwatch.sharing.ledger.log import Log
from stillwatch.sharing.ledger.notes import NoteSigner
from stillwatch.sharing.ledger.tiles import WIDTH, Tiles, width_at
from stillwatch.sharing.wire.bundles import sign_bundle, verify_bundle
from stillwatch.sharing.wire.register import Member, MemberKey, Register
from stillwatch.sharing.wire.requests import SignedRequests
from stillwatch.sharing.wire.signatures import SigningKey, sign_request

LEAVES = 1_000_000
ALONE = 5_000
BATCH = 500
PROOFS = 1_000
MESSAGES = 5_000
BUNDLES = 100
URI = "https://board.example:8443/taxii2/forum/collections/indicators/objects/"
TYPE = {"Content-Type": "application/taxii+json;version=2.1"}
EVENT = {"collection": "indicators", "objects": 500, "bundle": "5f" * 32}


def main(out: Path, size: float = 1.0) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as folder:  # on the disk, not in memory
        rows = [*_log_rows(Path(folder) / "log", size), *_wire_rows(Path(folder), size)]
    show("ledger", rows, out)


def _log_rows(folder: Path, size: float) -> list[Row]:
    leaves, alone = max(1000, int(LEAVES * size)), max(100, int(ALONE * size))
    signer = NoteSigner("forum.example/log", Ed25519PrivateKey.generate())
    log = Log(folder, signer)
    event = (LeafKind.SHARE, bytes(16), EVENT)
    each = _seconds(lambda: [log.append(*event) for _ in range(alone)])
    batches = range(0, leaves - alone, BATCH)
    batched = _seconds(lambda: [log.append_many([event] * BATCH) for _ in batches])
    published = _seconds(lambda: log.publish(log.prepare()))
    audited = _seconds(lambda: verify_log(log.public, signer.key))
    audit = verify_log(log.public, signer.key)
    assert audit.faults == (), audit.faults
    indices = _spread(log.size, max(10, int(PROOFS * size)))
    proofs, proving = [], []
    for index in indices:
        start = time.perf_counter()
        proofs.append(log.inclusion_proof(index))
        proving.append(time.perf_counter() - start)
    entries = [log.entry(index) for index in indices]
    assert all(
        tree.verify_inclusion(tree.leaf_hash(e), i, log.size, proof, audit.checkpoint.root)
        for e, i, proof in zip(entries, indices, proofs, strict=True)
    )
    total = log.size
    rows = [
        Row("leaves", total, ""),
        Row("synced writes a second of this disk", alone / _syncs(folder, alone), "/s"),
        Row("appends a second, one by one, durable", alone / each, "/s"),
        Row(
            f"appends a second, batches of {BATCH}, durable",
            len(batches) * BATCH / batched,
            "/s",
            5_000,
            at_least=True,
        ),
        Row("leaves a second into tiles and a checkpoint", total / published, "/s"),
        Row("leaves a second verified from tiles alone", total / audited, "/s"),
        Row("inclusion proof, median", 1e3 * sorted(proving)[len(proving) // 2], "ms", 5),
        Row("inclusion proof, slowest", 1e3 * max(proving), "ms"),
    ]
    theirs = _pymerkle_rows(log, total, indices, proofs, audit.checkpoint.root)
    log.close()
    return rows + theirs


def _pymerkle_rows(
    log: Log, total: int, indices: Sequence[int], proofs: Sequence[list[bytes]], root: bytes
) -> list[Row]:
    """The second implementation, in memory and without commitments, on the same leaves."""
    entries = _entries(log)
    other = InmemoryTree()
    appending = _seconds(lambda: [other.append_entry(entry) for entry in entries])
    assert other.get_state() == root, "the second implementation computes another root"
    few = list(islice(zip(indices, proofs, strict=True), 100))
    found: list[list[bytes]] = []
    proving = _seconds(
        lambda: found.extend(other.prove_inclusion(index + 1).path for index, _ in few)
    )
    assert [path[1:] for path in found] == [proof for _, proof in few]
    return [
        Row("pymerkle: appends a second, in memory", total / appending, "/s"),
        Row("pymerkle: inclusion proof, mean", 1e3 * proving / len(few), "ms"),
    ]


def _entries(log: Log) -> list[bytes]:
    tiles, total = Tiles(log.public), log.size
    bundles = range((total + WIDTH - 1) // WIDTH)
    return [e for n in bundles for e in tiles.entries(n, width_at(0, n, total))]


def _wire_rows(folder: Path, size: float) -> list[Row]:
    count, bundles = max(50, int(MESSAGES * size)), max(5, int(BUNDLES * size))
    key = SigningKey("acme-1", Ed25519PrivateKey.generate())
    register = Register(folder / "members.json")
    public = key.private.public_key().public_bytes_raw()
    register.put(Member("urn:forum:acme", ("member",), (MemberKey(key.keyid, public),)))
    body, now = b'{"objects":[]}' * 1000, int(time.time())
    verifier = SignedRequests(register, lambda: now)
    signed: list[dict[str, str]] = []
    signing = _seconds(
        lambda: signed.extend(
            TYPE | sign_request(key, "POST", URI, TYPE, body, now) for _ in range(count)
        )
    )
    verifying = _seconds(
        lambda: [verifier.verify("POST", URI, headers, body) for headers in signed]
    )
    objects = [
        {"type": "indicator", "id": f"indicator--{n}", "pattern": "x" * 600} for n in range(BATCH)
    ]
    detached = sign_bundle(key, objects)
    made = _seconds(lambda: [sign_bundle(key, objects) for _ in range(bundles)])
    read = _seconds(lambda: [verify_bundle(objects, detached, register) for _ in range(bundles)])
    return [
        Row("requests of 14 kB signed a second", count / signing, "/s"),
        Row("requests of 14 kB verified a second", count / verifying, "/s"),
        Row(f"objects a second in signed bundles of {BATCH}", bundles * BATCH / made, "/s"),
        Row(f"objects a second in verified bundles of {BATCH}", bundles * BATCH / read, "/s"),
    ]


def _syncs(folder: Path, count: int) -> float:
    """Return the seconds of so many writes, each made durable: what bounds single appends."""
    with (folder / "synced").open("wb", buffering=0) as file:

        def write() -> None:
            file.write(bytes(4096))
            os.fsync(file.fileno())

        return _seconds(lambda: [write() for _ in range(count)])


def _spread(total: int, count: int) -> list[int]:
    """Return indices over the whole log, the last one among them."""
    return [(total - 1) * n // (count - 1) for n in range(count)]


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
