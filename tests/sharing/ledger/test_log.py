"""The log: commitments, checkpoints, proofs, erasure, and processes killed on the way."""

from __future__ import annotations

import hmac
import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stillwatch.core.errors import ExternalError, InputError, SharingRefused, UnitError
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.ledger import tree
from stillwatch.sharing.ledger.audit import verify_log
from stillwatch.sharing.ledger.leaves import Leaf
from stillwatch.sharing.ledger.log import Log
from stillwatch.sharing.ledger.notes import Checkpoint, Note, NoteSigner

NOW = 1_800_000_000
WHO = bytes(range(16))


def test_a_leaf_is_the_commitment_of_the_design(log):
    index = log.append(LeafKind.LOOKUP_BATCH, WHO, {"b": 1, "a": [True, None, "x"]})
    log.publish(log.prepare())
    entry, opening = log.entry(index), log.opening(index)
    assert entry[:1] == b"\x01"
    assert entry[1] == LeafKind.LOOKUP_BATCH == 2
    assert int.from_bytes(entry[2:6], "big") == NOW // 3600
    assert entry[6:22] == WHO
    assert opening.event == b'{"a":[true,null,"x"],"b":1}'
    assert entry[22:] == hmac.new(opening.salt, opening.event, sha256).digest()


def test_equal_events_have_different_leaves(log):
    first, second = (log.append(LeafKind.PULL, WHO, {"n": 1}) for _ in range(2))
    log.publish(log.prepare())
    assert log.entry(first) != log.entry(second)


def test_indices_go_on(log):
    assert log.append(LeafKind.SHARE, WHO, {}) == 0
    assert log.append_many([(LeafKind.SHARE, WHO, {})] * 3) == range(1, 4)
    assert log.append_many([]) == range(4, 4)
    assert log.append(LeafKind.SHARE, WHO, {}) == 4
    assert (log.size, log.published) == (5, 0)


def test_what_cannot_be_committed_to_is_not_appended(log):
    good = (LeafKind.SHARE, WHO, {})
    for bad, error in (
        ((LeafKind.SHARE, b"short", {}), UnitError),
        ((LeafKind.SHARE, WHO, {"n": 1.5}), SharingRefused),
        ((LeafKind.SHARE, WHO, {"n": "\ud800"}), SharingRefused),
    ):
        with pytest.raises(error):
            log.append_many([good, bad])
    assert log.size == 0


def test_every_leaf_is_proven_and_every_size_consistent(grown):
    sizes, roots = [0], [tree.EMPTY_ROOT]
    for count in (1, 254, 1, 1, 300, 43):
        log = grown(count)
        note = Note.parse((log.public / "checkpoint").read_bytes())
        sizes.append(Checkpoint.parse(note.body).size)
        roots.append(Checkpoint.parse(note.body).root)
    for index in range(0, 600, 7):
        leaf = tree.leaf_hash(log.entry(index))
        assert tree.verify_inclusion(leaf, index, 600, log.inclusion_proof(index), roots[-1])
    for (old, old_root), (new, new_root) in pairwise(zip(sizes, roots, strict=True)):
        proof = log.consistency_proof(old, new)
        assert tree.verify_consistency(old, new, old_root, new_root, proof)


def test_what_is_not_published_has_no_proof(grown):
    log = grown(3)
    log.append(LeafKind.SHARE, WHO, {})
    for call in (
        lambda: log.entry(3),
        lambda: log.inclusion_proof(3),
        lambda: log.consistency_proof(3, 4),
    ):
        with pytest.raises(UnitError):
            call()
    log.prepare()
    assert log.consistency_proof(3, 4)
    with pytest.raises(UnitError):
        log.inclusion_proof(3)


def test_erasing_keeps_the_proof(grown, signer):
    log = grown(5)
    entry = log.entry(2)
    log.erase([2])
    assert log.opening(2) is None
    assert log.opening(3) is not None
    assert log.entry(2) == entry
    assert verify_log(log.public, signer.key).faults == ()


def test_without_its_private_store_a_published_log_goes_on(grown, signer):
    log = grown(300)
    log.close()
    shutil.rmtree(log.public.parent / "private")
    again = Log(log.public.parent, signer, clock=lambda: NOW)
    assert again.append(LeafKind.PURGE, WHO, {}) == 300
    again.publish(again.prepare())
    again.close()
    assert verify_log(log.public, signer.key).checkpoint.size == 301
    assert verify_log(log.public, signer.key).faults == ()


def test_only_what_was_prepared_here_is_published(grown, signer, keys):
    log = grown(3)
    stale = Note.parse((log.public / "checkpoint").read_bytes())
    grown(2)
    body = Checkpoint(signer.name, 9, bytes(32)).body()
    now = (log.public / "checkpoint").read_bytes()
    forged = NoteSigner(signer.name, keys("other")).sign(Note.parse(now).body)
    elsewhere = Checkpoint(signer.name, 5, bytes(32)).body()
    for note in (
        stale,
        Note(body, (signer.sign(body),)),
        Note(elsewhere, (signer.sign(elsewhere),)),
        Note(Note.parse(now).body, (forged,)),
    ):
        with pytest.raises(InputError):
            log.publish(note)
    assert log.published == 5


def test_a_prepared_checkpoint_may_be_overtaken_by_leaves(log, signer):
    log.append_many([(LeafKind.SHARE, WHO, {})] * 200)
    first = log.prepare()
    log.append_many([(LeafKind.SHARE, WHO, {})] * 200)
    log.prepare()
    assert log.publish(first).size == 200
    assert verify_log(log.public, signer.key).faults == ()
    assert log.publish(log.prepare()).size == 400
    assert verify_log(log.public, signer.key).faults == ()


def test_one_process_writes(log, signer):
    with pytest.raises(ExternalError, match="another process"):
        Log(log.public.parent, signer)


def test_the_log_of_another_key_is_not_opened(grown, keys):
    log = grown(1)
    log.close()
    with pytest.raises(InputError, match="not signed by"):
        Log(log.public.parent, NoteSigner("forum.example/log", keys("other")))
    Log(log.public.parent, NoteSigner("forum.example/log", keys("log"))).close()


def test_the_public_files_say_nothing_of_an_event(grown, log):
    grown(1)
    log.append(LeafKind.SHARE, WHO, {"planted": "planted@example.com"})
    log.publish(log.prepare())
    public = [p for p in log.public.rglob("*") if p.is_file()]
    assert len(public) == 3 + 2  # two widths of two tiles
    assert not any(b"planted" in p.read_bytes() for p in public)


def test_a_full_disk_while_preparing_loses_nothing(log, monkeypatch, signer):
    log.append_many([(LeafKind.SHARE, WHO, {})] * 300)
    real, calls = os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExternalError, match="No space left"):
        log.prepare()
    monkeypatch.undo()
    assert (log.size, log.published) == (300, 0)
    log.publish(log.prepare())
    assert verify_log(log.public, signer.key).faults == ()


def test_threads_that_append_while_checkpoints_are_made(log, signer):
    with ThreadPoolExecutor(4) as pool:
        futures = [
            pool.submit(log.append_many, [(LeafKind.SHARE, WHO, {"n": n})] * (1 + n % 5))
            for n in range(200)
        ]
        for _ in range(10):
            log.publish(log.prepare())
            assert verify_log(log.public, signer.key).faults == ()
        found = [index for future in futures for index in future.result()]
    assert sorted(found) == list(range(600))
    log.publish(log.prepare())
    assert verify_log(log.public, signer.key).checkpoint.size == 600
    for n, future in enumerate(futures):
        for index in future.result():
            assert json.loads(log.opening(index).event) == {"n": n}
            assert Leaf.parse(log.entry(index)).opened_by(log.opening(index))


class Crash(BaseException):
    """Stands for a process that ends here."""


def test_a_crash_at_every_step_of_a_checkpoint(tmp_path, signer, monkeypatch):
    """Nothing is lost, and the published log is whole, wherever the work stops."""
    steps = 0
    while True:
        folder = tmp_path / f"log{steps}"
        log = Log(folder, signer, clock=lambda: NOW)
        log.append_many([(LeafKind.SHARE, WHO, {"n": n}) for n in range(255)])
        log.publish(log.prepare())
        log.append_many([(LeafKind.SHARE, WHO, {"n": n}) for n in range(255, 520)])
        left = [steps]

        def step(real, left=left):
            def counted(*arguments, **named):
                left[0] -= 1
                if left[0] < 0:
                    raise Crash
                return real(*arguments, **named)

            return counted

        with monkeypatch.context() as patched:
            for owner, name in ((os, "fsync"), (os, "replace"), (shutil, "rmtree")):
                patched.setattr(owner, name, step(getattr(owner, name)))
            try:
                log.publish(log.prepare())
                done = True
            except Crash:
                done = False
        log.close()
        audit = verify_log(folder / "public", signer.key)
        assert (audit.faults, audit.checkpoint.size in (255, 520)) == ((), True)
        again = Log(folder, signer, clock=lambda: NOW)
        assert again.size == 520
        assert again.publish(again.prepare()).size == 520
        assert json.loads(again.opening(519).event) == {"n": 519}
        again.close()
        assert verify_log(folder / "public", signer.key).faults == ()
        if done:
            break
        steps += 1
    assert steps > 15


class LogMachine(RuleBasedStateMachine):
    """Any order of appends, checkpoints, erasures and restarts keeps what was acknowledged."""

    folder: Path
    signer: NoteSigner

    def __init__(self):
        super().__init__()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.log = Log(self.folder, self.signer, clock=lambda: NOW)
        self.events: list[dict[str, int] | None] = []
        self.prepared: list[Note] = []

    @rule(count=st.integers(0, 300))
    def append(self, count):
        events = [{"n": len(self.events) + n} for n in range(count)]
        found = self.log.append_many([(LeafKind.SHARE, WHO, event) for event in events])
        assert found.start == len(self.events)
        self.events.extend(events)

    @rule()
    def prepare(self):
        self.prepared.append(self.log.prepare())

    @rule(data=st.data())
    def publish(self, data):
        if self.prepared:
            note = self.prepared.pop(data.draw(st.integers(0, len(self.prepared) - 1)))
            if Checkpoint.parse(note.body).size >= self.log.published:
                self.log.publish(note)

    @rule(data=st.data())
    def erase(self, data):
        if self.events:
            index = data.draw(st.integers(0, len(self.events) - 1))
            self.log.erase([index])
            self.events[index] = None

    @rule()
    def restart(self):
        self.log.close()
        self.prepared = []
        self.log = Log(self.folder, self.signer, clock=lambda: NOW)

    @invariant()
    def holds_what_it_acknowledged(self):
        assert self.log.size == len(self.events)
        for index in range(0, len(self.events), 1 + len(self.events) // 5):
            event, opening = self.events[index], self.log.opening(index)
            assert (opening is None) == (event is None)
            if opening:
                assert json.loads(opening.event) == event
                if index < self.log.published:
                    assert Leaf.parse(self.log.entry(index)).opened_by(opening)
        if self.log.published:
            assert verify_log(self.log.public, self.signer.key).faults == ()

    def teardown(self):
        self.log.close()


def test_any_order_of_steps(tmp_path, signer):
    machine = type("Machine", (LogMachine,), {"folder": tmp_path / "log", "signer": signer})
    machine.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
    machine.TestCase().runTest()


WRITER = """
import sys
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.ledger.log import Log
from stillwatch.sharing.ledger.notes import NoteSigner

key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(sys.argv[2]))
log = Log(Path(sys.argv[1]), NoteSigner("forum.example/log", key))
print("open", log.size, flush=True)
turn = 0
while True:
    turn += 1
    found = log.append_many([(LeafKind.SHARE, bytes(16), {"turn": turn})] * (1 + turn * 37 % 90))
    print("appended", found.stop, flush=True)
    if turn % 3 == 0:
        print("published", log.publish(log.prepare()).size, flush=True)
"""


def killed_after(folder, key, lines, slept):
    """Run a writer, kill it after so many lines and a little more, return what it said."""
    command = [sys.executable, "-c", WRITER, str(folder), key.private_bytes_raw().hex()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said = [process.stdout.readline().split() for _ in range(lines)]
    for _ in range(slept):
        os.sched_yield()
    process.send_signal(signal.SIGKILL)
    said += [
        line.split()
        for line in process.stdout.read().splitlines(keepends=True)
        if line.endswith("\n")
    ]
    process.wait()
    process.stdout.close()
    return [(word, int(number)) for word, number in said]


def test_a_writer_killed_anywhere_loses_nothing_and_breaks_nothing(tmp_path, signer):
    folder = tmp_path / "log"
    size, published = 0, 0
    for turn in range(12):
        said = killed_after(folder, signer.private, 1 + turn * 7 % 12, turn * 613 % 3000)
        assert said[0][0] == "open"
        assert said[0][1] >= size
        size = max(number for _, number in said)
        published = max([published, *(n for word, n in said if word == "published")])
        if published:
            audit = verify_log(folder / "public", signer.key)
            assert audit.faults == ()
            assert audit.checkpoint.size >= published
    log = Log(folder, signer)
    assert log.size >= size > 300
    log.publish(log.prepare())
    assert all(Leaf.parse(log.entry(n)).opened_by(log.opening(n)) for n in range(log.size))
    log.close()
    assert verify_log(folder / "public", signer.key).faults == ()
