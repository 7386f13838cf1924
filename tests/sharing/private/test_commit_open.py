"""Commit and open: what an honest member shows holds; every way to cheat is caught."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace

import pytest

from stillwatch.core.errors import InputError, SharingRefused
from stillwatch.sharing.ledger.tree import MemoryTree
from stillwatch.sharing.private import commit_open, voprf
from stillwatch.sharing.private.commit_open import CommittedBatch, draw, padded_count

CHECKPOINT = hashlib.sha256(b"checkpoint").digest()
SEEN = [f"\x03ip4{i}".encode() for i in range(70)]


@pytest.fixture(scope="module")
def batch() -> CommittedBatch:
    return commit_open.commit(SEEN)


def elements(batch: CommittedBatch) -> list[bytes]:
    return [one.element for one in batch.blinded]


def refused(batch: CommittedBatch, opening: commit_open.Opening, root: bytes) -> str:
    with pytest.raises(SharingRefused) as caught:
        commit_open.check(opening, root, elements(batch), SEEN.__contains__)
    return caught.value.code


def test_every_place_opens(batch: CommittedBatch) -> None:
    assert len(batch.blinded) == 128
    for index in range(128):
        commit_open.check(batch.open(index), batch.root, elements(batch), SEEN.__contains__)


def test_an_identifier_never_seen_is_caught(batch: CommittedBatch) -> None:
    opening = batch.open(3)
    with pytest.raises(SharingRefused) as caught:
        commit_open.check(opening, batch.root, elements(batch), lambda _: False)
    assert caught.value.code == "sw.audit.unseen"
    assert "ip4" not in str(caught.value)


def test_forged_openings_are_caught(batch: CommittedBatch) -> None:
    honest = batch.open(3)
    for forged in (
        replace(honest, x=SEEN[4]),
        replace(honest, salt=bytes(16)),
        replace(honest, blind=batch.blinded[4].blind),
        replace(honest, index=4),
        replace(honest, index=128),
        replace(honest, index=-1),
        replace(honest, path=honest.path[:-1]),
        replace(batch.open(4), index=3),
    ):
        assert refused(batch, forged, batch.root) == "sw.audit.root"
    assert refused(batch, honest, bytes(32)) == "sw.audit.root"


def test_a_commitment_to_other_inputs_than_were_evaluated_is_caught() -> None:
    """A member who sweeps what it never saw, and commits to identifiers that it did see."""
    swept = commit_open.commit([f"\x03ip4never{i}".encode() for i in range(64)])
    covered = commit_open.commit(SEEN[:64])
    assert refused(swept, covered.open(0), covered.root) == "sw.audit.element"
    # with the true blind of another input the element differs still
    assert covered.blinded[0].element != voprf.blind(SEEN[0], swept.blinded[0].blind).element


def test_a_sweep_cannot_pass_for_padding() -> None:
    """What claims to be padding has to be of the padding's form, type and length."""
    disguised = commit_open.commit([b"\x03pad" + b"8.8.8.8"])
    assert refused(disguised, disguised.open(0), disguised.root) == "sw.audit.unseen"


def test_a_zero_blind_is_caught(batch: CommittedBatch) -> None:
    salts = list(batch.salts)
    blinded = [replace(batch.blinded[0], blind=bytes(32)), *batch.blinded[1:]]
    root = MemoryTree(commit_open._leaves(blinded, salts)).root()
    cheating = CommittedBatch(tuple(blinded), tuple(salts), root)
    assert refused(batch, cheating.open(0), root) == "sw.audit.element"


def test_draws_are_distinct_repeatable_and_even(batch: CommittedBatch) -> None:
    first = draw(CHECKPOINT, batch.root, 128)
    assert first == draw(CHECKPOINT, batch.root, 128)
    assert len(set(first)) == 20
    assert draw(bytes(32), batch.root, 128) != first
    assert draw(CHECKPOINT, bytes(32), 128) != first
    assert sorted(draw(CHECKPOINT, batch.root, 8)) == list(range(8))
    counts = Counter(
        place
        for i in range(640)
        for place in draw(hashlib.sha256(bytes([i % 256, i // 256])).digest(), batch.root, 64)
    )
    expected = 640 * 20 / 64
    statistic = sum((counts[i] - expected) ** 2 / expected for i in range(64))
    assert statistic < 103  # chi-square, 63 degrees of freedom: 0.1 % lies beyond


@pytest.mark.parametrize(
    ("count", "padded"), [(1, 64), (64, 64), (65, 128), (129, 256), (1000, 1024), (1024, 1024)]
)
def test_counts_are_padded(count: int, padded: int) -> None:
    assert padded_count(count) == padded


def test_batches_are_bounded() -> None:
    for inputs in ([], [b"x"] * 1025):
        with pytest.raises(InputError):
            commit_open.commit(inputs)


def test_nothing_secret_is_shown(batch: CommittedBatch) -> None:
    for shown in (repr(batch), repr(batch.open(0))):
        assert "ip4" not in shown
        assert batch.salts[0].hex() not in shown
    with pytest.raises(InputError):
        batch.open(128)
