"""Receipts prove a logged event to whoever has the keys of log and witnesses, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import InputError, SharingRefused, StillwatchError, UnitError
from stillwatch.sharing.contracts import LeafKind
from stillwatch.sharing.ledger.cosign import Cosigner, Quorum
from stillwatch.sharing.ledger.leaves import Opening
from stillwatch.sharing.ledger.notes import Checkpoint, NoteSigner
from stillwatch.sharing.ledger.receipts import Receipt

NOW = 1_800_000_000
EVENT = {"epoch": 3, "key": "ab" * 32}


@pytest.fixture
def cosigners(keys):
    return [Cosigner(f"w{n}.example", keys(f"w{n}")) for n in range(3)]


@pytest.fixture
def quorum(cosigners):
    return Quorum(tuple(cosigner.key for cosigner in cosigners))


@pytest.fixture
def receipt(grown, cosigners):
    log = grown(700)
    index = log.append(LeafKind.EPOCH_KEY_PUBLISHED, bytes(16), EVENT)
    note = log.prepare()
    checkpoint = Checkpoint.parse(note.body)
    log.publish(note.signed(*(c.sign(checkpoint, NOW) for c in cosigners[:2])))
    return log.receipt(index)


def code_of(call):
    with pytest.raises(SharingRefused) as refusal:
        call()
    return refusal.value.code


def test_it_is_proven_offline(receipt, signer, quorum):
    read = Receipt.parse(receipt.encode())
    assert read == receipt
    read.verify(signer.key, quorum)
    assert read.leaf.kind == LeafKind.EPOCH_KEY_PUBLISHED
    assert read.opening.event == b'{"epoch":3,"key":"' + b"ab" * 32 + b'"}'


def test_its_form_is_that_of_the_specification(receipt):
    lines = receipt.encode().decode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1].startswith("extra ")
    assert lines[2] == "index 700"
    blank = lines.index("")
    assert blank - 3 == len(receipt.proof)
    assert lines[blank + 1 : blank + 3] == ["forum.example/log", "701"]


def test_what_does_not_hold_is_refused(receipt, signer, quorum, keys, cosigners):
    other = replace(receipt, opening=Opening(receipt.opening.salt, b"{}"))
    assert code_of(lambda: other.verify(signer.key, quorum)) == "sw.log.not_opened"
    for changed in (
        replace(receipt, index=receipt.index - 1),
        replace(receipt, index=-1),
        replace(receipt, proof=receipt.proof[:-1]),
        replace(receipt, leaf=replace(receipt.leaf, kind=LeafKind.EPOCH_KEY_DESTROYED)),
        replace(receipt, leaf=replace(receipt.leaf, hour=1)),
    ):
        assert code_of(lambda changed=changed: changed.verify(signer.key, quorum)) == (
            "sw.log.not_included"
        )
    stranger = NoteSigner(signer.name, keys("other")).key
    assert code_of(lambda: receipt.verify(stranger, quorum)) == "sw.log.unsigned"
    elsewhere = NoteSigner("other.example/log", signer.private).key
    assert code_of(lambda: receipt.verify(elsewhere, quorum)) == "sw.log.unsigned"
    more = Quorum((*quorum.witnesses, Cosigner("w9.example", keys("w9")).key))
    assert code_of(lambda: receipt.verify(signer.key, more)) == "sw.log.no_quorum"


def test_what_was_erased_or_is_not_published_has_no_receipt(receipt, log):
    log.append(LeafKind.SHARE, bytes(16), {})
    log.erase([receipt.index])
    for index in (receipt.index, receipt.index + 1, 10_000):
        with pytest.raises(UnitError):
            log.receipt(index)


@given(data=st.data())
def test_changed_bytes_are_refused_or_prove_nothing_else(data, receipt_bytes):
    encoded, log_key, quorum = receipt_bytes
    at = data.draw(st.integers(0, len(encoded) - 1))
    changed = encoded[:at] + data.draw(st.binary(max_size=2)) + encoded[at + 1 :]
    if changed == encoded:
        return
    try:
        read = Receipt.parse(changed)
        read.verify(log_key, quorum)
    except StillwatchError:
        return
    kept = Receipt.parse(encoded)
    assert (read.index, read.leaf, read.opening) == (kept.index, kept.leaf, kept.opening)


@pytest.fixture
def receipt_bytes(receipt, signer, quorum):
    return receipt.encode(), signer.key, quorum


def test_what_is_no_receipt(receipt):
    encoded = receipt.encode()
    for data in (
        b"",
        b"\xff" + encoded,
        encoded.replace(b"@v1", b"@v2"),
        encoded.replace(b"index 700", b"index 0700"),
        encoded.replace(b"index 700", b"index -700"),
        encoded.replace(b"extra ", b"extra  "),
        encoded.split(b"\n\n")[0],
        encoded + b"x",
        encoded + bytes(1_000_001),
    ):
        with pytest.raises(InputError):
            Receipt.parse(data)
