"""A witness cosigns what extends what it saw, and notices two views."""

from __future__ import annotations

import os
from functools import partial

import pytest

from stillwatch.core.errors import ExternalError, InputError, SharingRefused
from stillwatch.sharing.ledger import tree
from stillwatch.sharing.ledger.cosign import Cosigner, Quorum, cosigned_by
from stillwatch.sharing.ledger.notes import Checkpoint, Note
from stillwatch.sharing.ledger.witness import CosignRequest, Witness


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
        old = witness.held().size
        proof = tree.consistency_proof(made, old, size)
        line = witness.cosign(CosignRequest(old, tuple(proof), note), now=7)
        assert cosigned_by(note.signed(line), key)
        assert witness.held().size == size


def test_it_remembers_after_a_restart(tmp_path, signer, keys, view, witness):
    note, _ = view(b"a", b"b")
    witness.cosign(CosignRequest(0, (), note), now=7)
    again = Witness(Cosigner("w.example", keys("w")), signer.key, tmp_path / "seen")
    assert again.held() == Checkpoint.parse(note.body)


def test_refusals(witness, view):
    note, made = view(b"a", b"b", b"c")
    witness.cosign(CosignRequest(0, (), note), now=7)
    smaller, _ = view(b"a", b"b")
    other, _ = view(b"a", b"b", b"x")
    longer, grown = view(b"a", b"b", b"c", b"d")
    proof = tree.consistency_proof(grown, 3, 4)
    forked, fork = view(b"a", b"x", b"c", b"d")
    cases = [
        ("rollback", 2, smaller, []),
        ("split_view", 3, other, []),
        ("conflict", 0, longer, []),
        ("conflict", 2, longer, tree.consistency_proof(grown, 2, 4)),
        ("proof", 3, longer, []),
        ("proof", 3, longer, proof[:-1]),
        ("proof", 3, longer, [*proof, made.root()]),
        ("proof", 3, note, proof),
        ("proof", 3, forked, tree.consistency_proof(fork, 3, 4)),
        ("unsigned", 3, Note(longer.body, ()), proof),
        ("unsigned", 3, Note(longer.body, note.signatures), proof),
    ]
    for code, old, shown, given in cases:
        request = CosignRequest(old, tuple(given), shown)
        assert code_of(partial(witness.cosign, request, now=8)) == f"sw.witness.{code}"
        assert witness.held() == Checkpoint.parse(note.body)
    witness.cosign(CosignRequest(3, tuple(proof), longer), now=8)


def test_a_log_with_two_views_reaches_no_quorum(tmp_path, signer, keys, view):
    """The log shows two of five witnesses one tree and three the other: the next checkpoint of
    the first view cannot get a majority, whatever proof goes with it."""
    cosigners = [Cosigner(f"w{n}.example", keys(f"w{n}")) for n in range(5)]
    witnesses = [Witness(c, signer.key, tmp_path / f"seen{n}") for n, c in enumerate(cosigners)]
    quorum = Quorum(tuple(c.key for c in cosigners))
    first, first_tree = view(b"a", b"b")
    second, _ = view(b"a", b"x")
    for n, witness in enumerate(witnesses):
        witness.cosign(CosignRequest(0, (), first if n < 2 else second), now=7)
    longer, grown = view(b"a", b"b", b"c")
    proof = tree.consistency_proof(grown, len(first_tree), 3)
    lines, refusals = [], []
    for witness in witnesses:
        try:
            request = CosignRequest(2, tuple(proof), longer)
            lines.append(witness.cosign(request, now=8))
        except SharingRefused as refusal:
            refusals.append(refusal.code)
    assert (len(lines), refusals) == (2, ["sw.witness.proof"] * 3)
    assert code_of(lambda: quorum.check(longer.signed(*lines))) == "sw.log.no_quorum"


def test_another_log_is_not_its_business(witness, keys, signer):
    body = Checkpoint("other.example/log", 0, tree.EMPTY_ROOT).body()
    note = Note(body, (signer.sign(body),))
    assert (
        code_of(lambda: witness.cosign(CosignRequest(0, (), note), now=7)) == "sw.witness.unsigned"
    )


def test_it_signs_nothing_that_it_could_not_remember(witness, view, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    note, _ = view(b"a")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExternalError):
        witness.cosign(CosignRequest(0, (), note), now=7)


def test_a_damaged_memory_is_an_error_and_no_fresh_start(witness, view, tmp_path):
    (tmp_path / "seen").write_bytes(b"non\xffsense")
    note, _ = view(b"a")
    with pytest.raises(InputError):
        witness.cosign(CosignRequest(0, (), note), now=7)


EXAMPLE = (  # C2SP tlog-witness, "add-checkpoint"
    "old 20852014\n"
    "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
    "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
    "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
    "\n"
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcy"
    "v2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


def test_the_published_request_is_read():
    request = CosignRequest.parse(EXAMPLE.encode())
    assert (request.old, len(request.proof)) == (20852014, 4)
    assert Checkpoint.parse(request.note.body).size == 20852163
    assert request.encode().decode() == EXAMPLE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("old ", ""),
        ("old 20852014", "old 020852014"),
        ("old 20852014", "old -1"),
        ("jrJZ", "jrJ"),
        ("/6WV", "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n" * 60 + "/6WV"),
        ("\n\nexample.com", "\nexample.com"),
        ("old", "öld"),
        ("—", "-"),
    ],
)
def test_another_form_of_request_is_refused(old, new):
    with pytest.raises(InputError):
        CosignRequest.parse(EXAMPLE.replace(old, new, 1).encode())
