"""A witness cosigns what extends what it saw, and notices two views."""

from __future__ import annotations

import os

import pytest

from stillwatch.core.errors import ExternalError, InputError, SharingRefused
from stillwatch.sharing.ledger import tree
from stillwatch.sharing.ledger.cosign import Cosigner, Quorum, cosigned_by
from stillwatch.sharing.ledger.notes import Checkpoint, Note
from stillwatch.sharing.ledger.witness import Witness


@pytest.fixture
def view(signer):
    """A function that returns the signed checkpoint of a made-up log, and its tree."""

    def signed(*leaves):
        made = tree.MemoryTree(leaves)
        body = Checkpoint(signer.name, len(made), made.root()).body()
        return Note(body, (signer.sign(body),)), made

    return signed


@pytest.fixture
def witness(tmp_path, signer, keys):
    return Witness(Cosigner("w.example", keys("w")), signer.key, tmp_path / "seen")


def code_of(call):
    with pytest.raises(SharingRefused) as refusal:
        call()
    return refusal.value.code


def test_it_follows_a_log_that_grows(witness, view, keys):
    key = Cosigner("w.example", keys("w")).key
    for size in (0, 1, 1, 3, 8):
        note, made = view(*(b"%d" % n for n in range(size)))
        proof = tree.consistency_proof(made, witness.held().size, size)
        line = witness.cosign(note, proof, now=7)
        assert cosigned_by(note.signed(line), key)
        assert witness.held().size == size


def test_it_remembers_after_a_restart(tmp_path, signer, keys, view, witness):
    note, _ = view(b"a", b"b")
    witness.cosign(note, [], now=7)
    again = Witness(Cosigner("w.example", keys("w")), signer.key, tmp_path / "seen")
    assert again.held() == Checkpoint.parse(note.body)


def test_refusals(witness, view, signer, keys):
    note, made = view(b"a", b"b", b"c")
    witness.cosign(note, [], now=7)
    smaller, _ = view(b"a", b"b")
    other, _ = view(b"a", b"b", b"x")
    longer, grown = view(b"a", b"b", b"c", b"d")
    proof = tree.consistency_proof(grown, 3, 4)
    forked, fork = view(b"a", b"x", b"c", b"d")
    cases = [
        ("rollback", smaller, []),
        ("split_view", other, []),
        ("proof", longer, []),
        ("proof", longer, proof[:-1]),
        ("proof", longer, [*proof, made.root()]),
        ("proof", forked, tree.consistency_proof(fork, 3, 4)),
        ("unsigned", Note(longer.body, ()), proof),
        ("unsigned", Note(longer.body, note.signatures), proof),
    ]
    for code, shown, given in cases:
        call = lambda shown=shown, given=given: witness.cosign(shown, given, now=8)  # noqa: E731
        assert code_of(call) == f"sw.witness.{code}"
        assert witness.held() == Checkpoint.parse(note.body)
    witness.cosign(longer, proof, now=8)


def test_a_log_with_two_views_reaches_no_quorum(tmp_path, signer, keys, view):
    """The log shows two of five witnesses one tree and three the other: the next checkpoint of
    the first view cannot get a majority, whatever proof goes with it."""
    cosigners = [Cosigner(f"w{n}.example", keys(f"w{n}")) for n in range(5)]
    witnesses = [Witness(c, signer.key, tmp_path / f"seen{n}") for n, c in enumerate(cosigners)]
    quorum = Quorum(tuple(c.key for c in cosigners))
    first, first_tree = view(b"a", b"b")
    second, _ = view(b"a", b"x")
    for n, witness in enumerate(witnesses):
        witness.cosign(first if n < 2 else second, [], now=7)
    longer, grown = view(b"a", b"b", b"c")
    proof = tree.consistency_proof(grown, len(first_tree), 3)
    lines, refusals = [], []
    for witness in witnesses:
        try:
            lines.append(witness.cosign(longer, proof, now=8))
        except SharingRefused as refusal:
            refusals.append(refusal.code)
    assert (len(lines), refusals) == (2, ["sw.witness.proof"] * 3)
    assert code_of(lambda: quorum.check(longer.signed(*lines))) == "sw.log.no_quorum"


def test_another_log_is_not_its_business(witness, keys, signer):
    body = Checkpoint("other.example/log", 0, tree.EMPTY_ROOT).body()
    note = Note(body, (signer.sign(body),))
    assert code_of(lambda: witness.cosign(note, [], now=7)) == "sw.witness.unsigned"


def test_it_signs_nothing_that_it_could_not_remember(witness, view, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    note, _ = view(b"a")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExternalError):
        witness.cosign(note, [], now=7)


def test_a_damaged_memory_is_an_error_and_no_fresh_start(witness, view, tmp_path):
    (tmp_path / "seen").write_text("nonsense")
    note, _ = view(b"a")
    with pytest.raises(InputError):
        witness.cosign(note, [], now=7)
