"""Cosignatures and the quorum."""

from __future__ import annotations

from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from stillwatch.core.errors import ConfigError, SharingRefused
from stillwatch.sharing.ledger.cosign import KINDS, Cosigner, Quorum, cosigned_by
from stillwatch.sharing.ledger.notes import Checkpoint, Note, NoteSignature, VerifierKey

ROOT = b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
CHECKPOINT = Checkpoint("example.com/behind-the-sofa", 20852163, ROOT)
TIME = 1679315147


def test_the_message_of_the_specification():
    assert KINDS[4].message("witness.example.com/w1", TIME, CHECKPOINT).decode() == (
        "cosignature/v1\n"
        "time 1679315147\n"
        "example.com/behind-the-sofa\n"
        "20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )


def test_the_line_has_the_layout_of_the_specification(keys):
    """The line of an earlier edition of its text; the key was never published with it."""
    published = NoteSignature.parse(
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dl"
        "rDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA=="
    )
    ours = Cosigner("witness.example.com/w1", keys("w1")).sign(CHECKPOINT, TIME)
    assert ours.signature[:8] == published.signature[:8] == TIME.to_bytes(8, "big")
    assert len(ours.signature) == len(published.signature) == 72


def test_the_ml_dsa_message_has_the_fields_of_the_specification():
    message = KINDS[6].message("w1", TIME, CHECKPOINT)
    origin = b"example.com/behind-the-sofa"
    assert message == (
        b"subtree/v1\n\x00"
        + b"\x02w1"
        + TIME.to_bytes(8, "big")
        + bytes([len(origin)])
        + origin
        + bytes(8)
        + (20852163).to_bytes(8, "big")
        + ROOT
    )


@pytest.fixture(params=["ed25519", "ml-dsa-44"])
def cosigner(request, keys):
    private = keys("w1") if request.param == "ed25519" else MLDSA44PrivateKey.generate()
    return Cosigner("witness.example.com/w1", private)


def test_a_cosignature_holds_for_its_checkpoint_key_and_time(cosigner):
    line = cosigner.sign(CHECKPOINT, TIME)
    note = Note(CHECKPOINT.body(), (line,))
    assert cosigned_by(note, cosigner.key)
    assert VerifierKey.parse(cosigner.key.text()) == cosigner.key
    later = NoteSignature(line.name, line.key_id, bytes(8) + line.signature[8:])
    larger = Checkpoint(CHECKPOINT.origin, CHECKPOINT.size + 1, ROOT)
    assert not cosigned_by(Note(CHECKPOINT.body(), (later,)), cosigner.key)
    assert not cosigned_by(Note(larger.body(), (line,)), cosigner.key)
    cut = NoteSignature(line.name, line.key_id, line.signature[:8])
    assert not cosigned_by(Note(CHECKPOINT.body(), (cut,)), cosigner.key)


def test_a_key_of_another_type_or_malformed_verifies_nothing(cosigner):
    for kind, public in ((1, bytes(32)), (9, bytes(32)), (4, b"short"), (6, b"short")):
        key = VerifierKey(cosigner.name, kind, public)
        line = NoteSignature(key.name, key.key_id, bytes(72))
        assert not cosigned_by(Note(CHECKPOINT.body(), (line,)), key)


def test_a_quorum_is_a_majority(keys):
    witnesses = [Cosigner(f"w{n}.example", keys(f"w{n}")) for n in range(5)]
    quorum = Quorum(tuple(w.key for w in witnesses))
    assert quorum.needed == 3
    lines = [w.sign(CHECKPOINT, TIME) for w in witnesses]
    assert quorum.check(Note(CHECKPOINT.body(), tuple(lines[:3]))) == (
        "w0.example",
        "w1.example",
        "w2.example",
    )
    stranger = Cosigner("w9.example", keys("w9")).sign(CHECKPOINT, TIME)
    stolen_name = Cosigner("w2.example", keys("thief")).sign(CHECKPOINT, TIME)
    for short in (lines[:2], [*lines[:2], *lines[:2]], [*lines[:2], stranger, stolen_name]):
        with pytest.raises(SharingRefused) as refusal:
            quorum.check(Note(CHECKPOINT.body(), tuple(short)))
        assert refusal.value.code == "sw.log.no_quorum"


@pytest.mark.parametrize(("size", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3)])
def test_half_is_no_majority(keys, size, needed):
    key = [Cosigner(f"w{n}.example", keys(f"w{n}")).key for n in range(size)]
    assert Quorum(tuple(key)).needed == needed


def test_one_witness_counts_once(keys):
    one, two = (Cosigner(name, keys("one")).key for name in ("one.example", "two.example"))
    other = Cosigner("one.example", keys("other")).key
    for witnesses in ((), (one, two), (one, other), (one, one)):
        with pytest.raises(ConfigError):
            Quorum(witnesses)
