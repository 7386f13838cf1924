"""Verification names what is wrong: every file of a log is damaged in turn."""

from __future__ import annotations

import shutil

import pytest

from stillwatch.core.errors import InputError
from stillwatch.sharing.ledger.audit import verify_log
from stillwatch.sharing.ledger.cosign import Cosigner, Quorum
from stillwatch.sharing.ledger.notes import Checkpoint, Note, NoteSigner
from stillwatch.sharing.ledger.tiles import Tiles

SIZE = 256 * 3 + 17
NOW = 1_800_000_000


@pytest.fixture
def folder(grown):
    return grown(SIZE).public


def found(folder, signer):
    return [(fault.where, fault.what) for fault in verify_log(folder, signer.key).faults]


def bend(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_a_whole_log_has_no_fault(folder, signer):
    audit = verify_log(folder, signer.key)
    assert (audit.checkpoint.size, audit.witnesses, audit.faults) == (SIZE, (), ())


@pytest.mark.parametrize("leaf", [0, 255, 256, 511, 767, 768, SIZE - 1])
def test_a_changed_entry_is_named(folder, signer, leaf):
    full = leaf // 256 < 3
    name = f"{leaf // 256:03d}" + ("" if full else ".p/17")
    bend(folder / "tile" / "entries" / name, (leaf % 256) * 56 + 30)
    assert found(folder, signer) == [(f"leaf {leaf}", f"is not what tile/0/{name} holds")]


@pytest.mark.parametrize("name", ["tile/0/000", "tile/0/002", "tile/0/003.p/17", "tile/1/000.p/3"])
def test_a_changed_tile_is_named_and_nothing_else(folder, signer, name):
    bend(folder / name, 40)
    assert found(folder, signer) == [(name, "does not give the hash above it")]


@pytest.mark.parametrize("name", ["tile/0/001", "tile/0/003.p/17", "tile/1/000.p/3"])
def test_a_missing_or_short_tile_is_named(folder, signer, name):
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[:-1])
    assert found(folder, signer) == [(name, f"{len(data) - 1:,} bytes, not {len(data):,}")]
    (folder / name).unlink()
    assert found(folder, signer) == [(name, "missing")]


@pytest.mark.parametrize("name", ["tile/entries/001", "tile/entries/003.p/17"])
def test_a_missing_or_short_bundle_is_named(folder, signer, name):
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[:-1])
    assert found(folder, signer)[0][0] == name
    (folder / name).unlink()
    assert found(folder, signer) == [(name, "missing")]


def test_several_faults_are_told_apart(folder, signer):
    bend(folder / "tile/entries/000", 30)
    bend(folder / "tile/0/001", 0)
    bend(folder / "tile/entries/003.p/17", 30)
    (folder / "tile/1/000.p/3").unlink()
    (folder / "tile/entries/002").unlink()
    assert found(folder, signer) == [
        ("checkpoint", "neither tiles nor entries give its root"),
    ]
    bend(folder / "tile/0/001", 0)
    assert found(folder, signer) == [
        ("tile/1/000.p/3", "missing"),
        ("leaf 0", "is not what tile/0/000 holds"),
        ("tile/entries/002", "missing"),
        ("leaf 768", "is not what tile/0/003.p/17 holds"),
    ]


def test_tile_and_bundle_of_the_same_leaves(folder, signer):
    bend(folder / "tile/0/001", 0)
    bend(folder / "tile/entries/001", 30)
    assert found(folder, signer) == [
        ("tile/0/001", "does not give the hash above it"),
        ("leaves 256 to 511", "their entries do not give the hash above them"),
    ]


def test_a_consistent_rewrite_does_not_give_the_signed_root(folder, signer):
    """Whoever can rewrite every file, but not sign, is found out."""
    entries = [b"rewritten"] * SIZE
    shutil.rmtree(folder / "tile")
    Tiles(folder).extend(0, entries)
    assert found(folder, signer) == [("checkpoint", "neither tiles nor entries give its root")]


def test_the_signature_of_the_checkpoint(folder, signer, keys):
    path = folder / "checkpoint"
    note = Note.parse(path.read_bytes())
    other = NoteSigner(signer.name, keys("other"))
    assert found(folder, other)[0][0] == "checkpoint"
    smaller = Checkpoint(signer.name, 3, bytes(32)).body()
    path.write_bytes(Note(smaller, note.signatures).encode())
    assert [where for where, _ in found(folder, signer)] == ["checkpoint"]
    path.unlink()
    with pytest.raises(InputError, match="missing"):
        verify_log(folder, signer.key)


def test_an_empty_log(log, signer):
    log.publish(log.prepare())
    assert found(log.public, signer) == []


def test_the_quorum_is_asked_for(folder, signer, keys):
    witnesses = [Cosigner(f"w{n}.example", keys(f"w{n}")) for n in range(3)]
    quorum = Quorum(tuple(w.key for w in witnesses))
    path = folder / "checkpoint"
    audit = verify_log(folder, signer.key, quorum)
    assert [fault.where for fault in audit.faults] == ["checkpoint"]
    assert "0 of 3 witnesses" in audit.faults[0].what
    note = Note.parse(path.read_bytes())
    checkpoint = Checkpoint.parse(note.body)
    lines = (w.sign(checkpoint, NOW) for w in witnesses[1:])
    path.write_bytes(note.signed(*lines).encode())
    audit = verify_log(folder, signer.key, quorum)
    assert (audit.witnesses, audit.faults) == (("w1.example", "w2.example"), ())
